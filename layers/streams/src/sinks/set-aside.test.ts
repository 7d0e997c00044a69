import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CassandraClient } from '@bifold/adapters/cassandra';
import { count, dropLate, tumbling } from '@bifold/core';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import * as z from 'zod';
import { type BatchProducer, type Journal, type OutgoingMessage, readQuarantine, runStream } from '../engine.ts';
import {
  availableNow,
  cassandra,
  defineStream,
  files,
  foreach,
  foreachBatch,
  kafka,
  type Sink,
  type Stream,
} from '../index.ts';
import { memoryJournal, worldOf, writeFiles } from '../stream.fixture.ts';

const Row = z.object({ k: z.string().nullable(), v: z.string() });
const SIZE_MAX = 40;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bifold-set-aside-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function streamTo(sink: Sink<z.infer<typeof Row>>, rows: readonly object[]): Stream {
  writeFiles(folder, [rows]);
  return defineStream({
    name: 'poison',
    from: files({ path: folder, format: 'json', schema: Row }),
    trigger: availableNow(),
    sinks: [sink],
  });
}

async function run(stream: Stream, services: Partial<ReturnType<typeof worldOf>['ports']>, journal: Journal) {
  const counts: number[] = [];
  const { ports } = worldOf();
  await runStream(stream, {
    journal,
    ports: { ...ports, ...services },
    signal: new AbortController().signal,
    onBatch: ({ quarantined }) => counts.push(quarantined),
  });
  return counts;
}

/** A topic that takes messages up to a size. Its messages outlive the producers. */
function topicOf() {
  const topic = { sizeMax: SIZE_MAX, batch: -1, messages: [] as OutgoingMessage[] };
  const producer = async (): Promise<BatchProducer> => ({
    lastBatch: async () => topic.batch,
    messageCheck: async () => {
      const { sizeMax } = topic;
      return ({ value }) => (value.length > sizeMax ? `a record of ${value.length} bytes` : null);
    },
    send: async (_, batch, messages) => {
      topic.batch = batch;
      topic.messages.push(...messages);
    },
    close: async () => undefined,
  });
  return { topic, producer };
}

describe('Kafka', () => {
  const rows = [
    { k: 'a', v: 'first' },
    { k: 'b', v: 'x'.repeat(SIZE_MAX) },
    { k: null, v: 'last' },
  ];
  const sink = () => kafka({ topic: 'out', key: 'k' });

  it('sets aside the messages that the topic can never take', async () => {
    const { topic, producer } = topicOf();
    const journal = memoryJournal();
    expect(await run(streamTo(sink(), rows), { producer }, journal)).toEqual([1]);
    expect(topic.messages.map(({ key }) => key)).toEqual(['a', null]);
    expect(await readQuarantine(journal)).toEqual([
      {
        batch: 0,
        sink: 0,
        where: '0000.json:2',
        reason: 'bad-message',
        detail: 'not written by the sink kafka: a record of 56 bytes',
      },
    ]);
  });

  it('keeps what it set aside when a batch is repeated that it has written, whatever the limit is now', async () => {
    const { topic, producer } = topicOf();
    const journal = memoryJournal();
    const uncommitted: Journal = {
      ...journal,
      append: (file, lines) => {
        if (file === 'commits.jsonl') throw new Error('died');
        return journal.append(file, lines);
      },
    };
    const stream = streamTo(sink(), rows);
    await expect(run(stream, { producer }, uncommitted)).rejects.toThrow('died');
    topic.sizeMax = 1_000;
    expect(await run(stream, { producer }, journal)).toEqual([1]);
    expect(topic.messages).toHaveLength(2);
    expect(await readQuarantine(journal)).toMatchObject([{ where: '0000.json:2' }]);
  });

  it('sets a row aside once when a batch is repeated that it has not written', async () => {
    const { topic, producer } = topicOf();
    const journal = memoryJournal();
    const failing = async (): Promise<BatchProducer> => ({
      ...(await producer()),
      send: async () => {
        throw new Error('away');
      },
    });
    const stream = streamTo(sink(), rows);
    await expect(run(stream, { producer: failing }, journal)).rejects.toThrow('away');
    expect(await run(stream, { producer }, journal)).toEqual([1]);
    expect(topic.messages).toHaveLength(2);
    expect(await readQuarantine(journal)).toHaveLength(1);
  });

  it('names a result by its window and key', async () => {
    const { producer } = topicOf();
    const Event = z.object({ at: z.iso.datetime(), city: z.string() });
    writeFiles(folder, [[{ at: '2026-01-01T00:00:00Z', city: 'Rome' }], [{ at: '2026-01-01T02:00:00Z', city: 'x' }]]);
    const stream = defineStream({
      name: 'results',
      from: files({ path: folder, format: 'json', schema: Event, maxFilesPerTrigger: 1 }),
      eventTime: 'at',
      dropLate: dropLate('1m'),
      groupBy: ['city'],
      windows: { hourly: tumbling('1h') },
      aggregates: { n: count() },
      trigger: availableNow(),
      sinks: [kafka({ topic: 'out' })],
    });
    const journal = memoryJournal();
    await run(stream, { producer }, journal);
    const [row] = await readQuarantine(journal);
    expect(row?.where).toMatch(/^batch \d, \{"start":"2026-01-01T00:00:00.000Z","end":"[^"]+","city":"Rome"\}$/);
  });
});

describe('Cassandra', () => {
  /** A table of texts by key that takes no `v` with a digit. `hasTable` false: it is dropped. */
  function tableOf(state: { hasTable: boolean; isAway?: boolean }) {
    const written = new Map<string, string>();
    const client = {
      keyspace: 'ks',
      read: async () =>
        state.hasTable
          ? [
              { column_name: 'k', kind: 'partition_key' },
              { column_name: 'v', kind: 'regular' },
            ]
          : [],
      write: async ({ values }: Parameters<CassandraClient['write']>[0]) => {
        const { k, v } = JSON.parse(String(values[0]));
        if (!/\d/.test(v)) return void written.set(k, v);
        if (v === 'drop 1') state.hasTable = false;
        throw new Error(state.isAway ? 'timed out' : `Error decoding JSON value for v: ${v}`);
      },
      invalidValuesReason: ({ message }: Error) => (message === 'timed out' ? null : message),
    } as unknown as CassandraClient;
    return { written, cassandra: async () => client };
  }
  const sink = () => cassandra({ table: 't' });

  it('sets aside the rows that the table refuses; an earlier row of their key counts', async () => {
    const { written, cassandra: client } = tableOf({ hasTable: true });
    const journal = memoryJournal();
    const rows = [
      { k: 'a', v: 'x' },
      { k: 'a', v: 'y' },
      { k: 'a', v: '3' },
      { k: null, v: 'z' },
      { k: 'b', v: '5' },
    ];
    expect(await run(streamTo(sink(), rows), { cassandra: client }, journal)).toEqual([3]);
    expect([...written]).toEqual([['a', 'y']]);
    expect(await readQuarantine(journal)).toMatchObject([
      { where: '0000.json:3', reason: 'bad-value', detail: expect.stringMatching(/does not take the values.*JSON/) },
      { where: '0000.json:4', reason: 'bad-key', detail: expect.stringMatching(/null in "k"/) },
      { where: '0000.json:5', reason: 'bad-value' },
    ]);
  });

  it('ends the stream where no row is at fault: a time-out, or a table that is gone', async () => {
    for (const [isAway, v, error] of [
      [true, '1', /timed out/],
      [false, 'drop 1', /BIFOLD_NO_TABLE/],
    ] as const) {
      const { cassandra: client } = tableOf({ hasTable: true, isAway });
      const journal = memoryJournal();
      await expect(run(streamTo(sink(), [{ k: 'a', v }]), { cassandra: client }, journal)).rejects.toThrow(error);
      expect(await readQuarantine(journal)).toEqual([]);
    }
  });
});

describe('functions', () => {
  const rows = [
    { k: 'a', v: 'good' },
    { k: 'b', v: 'bad' },
  ];

  it.each<[string, Sink<z.infer<typeof Row>>]>([
    [
      'foreach',
      foreach((row, { setAside }) => {
        if (row.v === 'bad') setAside(row, 'no good');
      }),
    ],
    [
      'foreachBatch',
      foreachBatch((all, { setAside }) => {
        for (const row of all) if (row.v === 'bad') setAside(row, 'no good');
      }),
    ],
  ])('%s sets rows aside itself', async (kind, sink) => {
    const journal = memoryJournal();
    expect(await run(streamTo(sink, rows), {}, journal)).toEqual([1]);
    expect(await readQuarantine(journal)).toMatchObject([
      { where: '0000.json:2', reason: 'set-aside', detail: `not written by the sink ${kind}: no good` },
    ]);
  });

  it('cannot set aside an object that is no row, which ends the stream', async () => {
    const sink = foreach<z.infer<typeof Row>>((row, { setAside }) => setAside({ ...row }, 'a copy'));
    await expect(run(streamTo(sink, rows), {}, memoryJournal())).rejects.toThrow(/BIFOLD_UNKNOWN_ROW/);
  });
});
