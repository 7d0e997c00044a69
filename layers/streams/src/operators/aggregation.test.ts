/**
 * Output modes and watermark against Spark's own definition, written down over plain arrays: rows
 * times windows, late rows dropped, windows evicted.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  any,
  collect,
  count,
  dropLate,
  first,
  histogram,
  last,
  maxBy,
  quantile,
  running,
  session,
  sliding,
  sum,
  topK,
  tumbling,
  variance,
  type Window,
} from '@bifold/core';
import { range } from '@bifold/example-range';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import * as z from 'zod';
import { type Batch, runStream } from '../engine.ts';
import { availableNow, console, defineStream, files, type OutputMode } from '../index.ts';
import { memoryJournal, shownBy, worldOf, writeFiles } from '../stream.fixture.ts';

const Event = z.object({ at: z.int(), key: z.string(), v: z.int() });
type Event = z.infer<typeof Event>;

interface Result {
  readonly start: number;
  readonly end: number;
  readonly key: string;
  readonly n: number;
  readonly total: number;
}

const DELAY_S = 7;

/** A state store of rows (window and key), as Spark's: what a batch drops, gives and forgets. */
function tables(windowsOf: (atS: number) => readonly (readonly [number, number])[], mode: OutputMode) {
  const store = new Map<string, Result>();
  return (rows: readonly Event[], lateBelow: number, watermark: number): readonly Result[] => {
    const changed = new Set<string>();
    for (const { at, key, v } of rows) {
      for (const [start, end] of windowsOf(at)) {
        if (mode !== 'complete' && end <= lateBelow) continue;
        const id = `${start}|${key}`;
        const known = store.get(id) ?? { start, end, key, n: 0, total: 0 };
        store.set(id, { ...known, n: known.n + 1, total: known.total + v });
        changed.add(id);
      }
    }
    const over = mode === 'complete' ? [] : [...store].filter(([, { end }]) => end <= watermark);
    const given = mode === 'append' ? over : [...store].filter(([id]) => mode === 'complete' || changed.has(id));
    for (const [id] of over) store.delete(id);
    return given.map(([, row]) => row);
  };
}

/**
 * Sessions, kept as the events that they are made of. An event of a session that was given is late,
 * unlike in Spark, where it begins a session that overlaps the one before.
 */
function sessions(gap: number, mode: OutputMode) {
  let kept: { key: string; at: number; v: number }[] = [];
  const closed: Result[] = [];
  const isInClosed = ({ key, at }: Event) =>
    closed.some((session) => session.key === key && at <= session.end && at + gap >= session.start);
  return (rows: readonly Event[], lateBelow: number, watermark: number): readonly Result[] => {
    kept.push(...rows.filter((event) => mode === 'complete' || (event.at + gap > lateBelow && !isInClosed(event))));
    const found: (Result & { readonly events: readonly Event[] })[] = [];
    for (const [key, own] of Map.groupBy(kept, (event) => event.key)) {
      let events: Event[] = [];
      const close = () => {
        if (events.length === 0) return;
        const [start, end] = [events[0]?.at as number, (events.at(-1)?.at as number) + gap];
        found.push({ start, end, key, n: events.length, total: events.reduce((total, { v }) => total + v, 0), events });
      };
      for (const event of own.toSorted((left, right) => left.at - right.at)) {
        if (events.length > 0 && event.at - (events.at(-1)?.at as number) > gap) {
          close();
          events = [];
        }
        events.push(event);
      }
      close();
    }
    if (mode === 'complete') return found;
    const over = found.filter(({ end }) => end <= watermark);
    closed.push(...over);
    const gone = new Set(over.flatMap(({ events }) => events));
    kept = kept.filter((event) => !gone.has(event));
    return over;
  };
}

function oracle(
  batches: readonly (readonly Event[])[],
  window: Window,
  mode: OutputMode,
): readonly (readonly Result[])[] {
  const seconds = (ms: number) => ms / 1000;
  const take =
    window.kind === 'session'
      ? sessions(seconds(window.gapMs), mode)
      : tables((at) => {
          if (window.kind === 'running' || window.kind === 'calendar') return [];
          const size = seconds(window.sizeMs);
          const slide = window.kind === 'sliding' ? seconds(window.slideMs) : size;
          const found: [number, number][] = [];
          for (let start = at - (at % slide); start > at - size; start -= slide) found.push([start, start + size]);
          return found;
        }, mode);
  const given: (readonly Result[])[] = [];
  let [lateBelow, watermark, latest] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const run = (rows: readonly Event[]) => {
    given.push(take(rows, lateBelow, watermark));
    lateBelow = watermark;
    for (const { at } of rows) latest = Math.max(latest, at);
    watermark = Math.max(watermark, latest - DELAY_S);
  };
  for (const rows of batches) run(rows);
  // A batch without rows, when the watermark moved with the last one.
  if (mode !== 'complete' && watermark > lateBelow) run([]);
  return given;
}

const WINDOWS = { tumbling: tumbling('10s'), sliding: sliding('10s', '4s'), session: session('5s') };
const CASES = [
  ['tumbling', 'append'],
  ['tumbling', 'update'],
  ['tumbling', 'complete'],
  ['sliding', 'append'],
  ['sliding', 'update'],
  ['sliding', 'complete'],
  ['session', 'append'],
  ['session', 'complete'],
] as const;

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'bifold-aggregation-'));
});
afterAll(() => rmSync(root, { recursive: true }));

function resultsOf({ columns, rows }: Batch): readonly Result[] {
  return rows.map((row) => {
    const value = (name: string) => row[columns.findIndex((column) => column.name === name)];
    const [start, end] = [Number(value('start')) / 1000, Number(value('end')) / 1000];
    return { start, end, key: String(value('key')), n: Number(value('n')), total: Number(value('total')) };
  });
}

const inOrder = (rows: readonly Result[]): readonly Result[] =>
  rows
    .map(({ start, end, key, n, total }) => ({ start, end, key, n, total }))
    .toSorted((left, right) => left.start - right.start || left.end - right.end || (left.key < right.key ? -1 : 1));

describe('a session that append mode has emitted', () => {
  const GAP_S = 10;
  const streamOf = (folder: string) =>
    defineStream({
      name: 'sessions',
      from: files({ path: folder, format: 'json', schema: Event, maxFilesPerTrigger: 1 }),
      eventTime: { field: 'at', unit: 's' },
      dropLate: dropLate('1s'),
      groupBy: ['key'],
      windows: { w: session(`${GAP_S}s`) },
      aggregates: { n: count(), total: sum('v') },
      trigger: availableNow(),
      sinks: [console()],
    });
  const at = (time: number, key = 'a'): Event => ({ at: time, key, v: 1 });
  // The second batch emits the session 90 to 100. The third has the watermark 100.
  const before = [[at(90), at(101, 'clock')], [at(101, 'clock')]];

  async function run(name: string, late: readonly Event[], journal = memoryJournal()) {
    const folder = join(root, name);
    writeFiles(folder, [...before, late, [at(200, 'clock')]]);
    let lateRows = 0;
    const { ports, shown } = worldOf();
    await runStream(streamOf(folder), {
      journal,
      ports,
      signal: new AbortController().signal,
      onBatch: (batch) => {
        lateRows += batch.late;
      },
    });
    const rows = shown.flatMap(resultsOf).filter(({ key }) => key === 'a');
    return { late: lateRows, sessions: rows.map(({ start, end }) => [start, end]) };
  }

  it('takes no later event: one that would extend it is late, and begins no session beside it', async () => {
    expect(await run('extends', [at(95), at(100)])).toEqual({ late: 2, sessions: [[90, 100]] });
  });

  it('leaves events alone that are more than the gap away, and those of other keys', async () => {
    expect(await run('away', [at(101)])).toEqual({
      late: 0,
      sessions: [
        [90, 100],
        [101, 111],
      ],
    });
    expect(await run('other', [at(95, 'b')])).toEqual({ late: 0, sessions: [[90, 100]] });
  });

  it('is known after a restart, until the watermark alone makes such events late', async () => {
    const journal = memoryJournal();
    const folder = join(root, 'restart');
    writeFiles(folder, before);
    await shownBy(streamOf(folder), journal);
    expect(JSON.stringify(await journal.read('state.jsonl'))).toContain('$closed|');
    expect(await run('restart', [at(95)], journal)).toEqual({ late: 1, sessions: [] });
    const last = (await journal.read('state.jsonl')).at(-1);
    expect(last).toMatchObject({ drop: expect.arrayContaining(['$closed|w|90000|["a"]']) });
  });
});

describe('a batch of an aggregating stream', () => {
  it.each(CASES)('gives the rows that Spark defines: %s windows, %s mode', async (kind, outputMode) => {
    let run = 0;
    const event = fc.record({
      at: fc.integer({ min: 100, max: 160 }),
      key: fc.constantFrom('a', 'b'),
      v: fc.integer({ min: 0, max: 9 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(event, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 8 }),
        async (batches) => {
          const folder = join(root, `${kind}-${outputMode}-${run++}`);
          writeFiles(folder, batches);
          const stream = defineStream({
            name: 'modes',
            from: files({ path: folder, format: 'json', schema: Event, maxFilesPerTrigger: 1 }),
            eventTime: { field: 'at', unit: 's' },
            dropLate: dropLate(`${DELAY_S}s`),
            groupBy: ['key'],
            windows: { w: WINDOWS[kind] },
            aggregates: { n: count(), total: sum('v') },
            trigger: availableNow(),
            sinks: [console()],
            outputMode,
          });
          const shown = await shownBy(stream);
          expect(shown.map((batch) => inOrder(resultsOf(batch)))).toEqual(
            oracle(batches, WINDOWS[kind], outputMode).map(inOrder),
          );
        },
      ),
      { numRuns: 100 },
    );
  });
});

const Word = z.object({
  at: z.int(),
  key: z.string(),
  v: z.int(),
  word: z.string(),
  ok: z.boolean(),
  price: z.templateLiteral([z.number()]).meta({ format: 'decimal' }),
  seen: z.iso.datetime(),
});

it('gives each result a column of its own type, and orders events of one time as they were read', async () => {
  const event = { at: 1, key: 'k', v: 1, word: 'a', ok: false, price: '0.10', seen: '2026-01-01T00:00:00Z' };
  const batches = [
    [event, { ...event, v: 4, word: 'b', price: '0.20' }],
    [{ ...event, v: 2, word: 'c' }],
    [{ ...event, at: 0, v: 9 }],
  ];
  const folder = join(root, 'results');
  writeFiles(folder, batches);
  const stream = defineStream({
    name: 'results',
    from: files({ path: folder, format: 'json', schema: Word, maxFilesPerTrigger: 1 }),
    eventTime: { field: 'at', unit: 's' },
    groupBy: ['key'],
    windows: { ever: running() },
    aggregates: {
      firstWord: first('word'),
      lastWord: last('word'),
      lastSeen: last('seen'),
      top: topK('word', 1),
      some: collect('v', 3),
      spans: histogram('v', [2, 4]),
      dearest: maxBy('v', 'price'),
      paid: sum('price'),
      isOk: any('ok'),
      median: quantile('v', 0.5),
      spread: variance('v'),
      far: range('v'),
    },
    trigger: availableNow(),
    sinks: [console()],
    outputMode: 'complete',
  });
  expect(Object.fromEntries(stream.output.map(({ name, type }) => [name, type]))).toEqual({
    key: 'text',
    firstWord: 'text',
    lastWord: 'text',
    lastSeen: 'text',
    top: 'json',
    some: 'json',
    spans: 'json',
    dearest: 'integer',
    paid: 'decimal',
    isOk: 'boolean',
    median: 'double',
    spread: 'double',
    far: 'double',
  });
  const shown = await shownBy(stream, memoryJournal());
  const rows = shown.map(({ columns, rows: [row] }) =>
    Object.fromEntries(columns.map(({ name }, index) => [name, row?.[index]])),
  );
  expect(rows.map(({ firstWord, lastWord, some }) => [firstWord, lastWord, some])).toEqual([
    ['a', 'b', '[1,4]'],
    ['a', 'c', '[1,4,2]'],
    ['a', 'c', '[9,1,4]'],
  ]);
  expect(rows.at(-1)).toMatchObject({
    lastSeen: '2026-01-01T00:00:00.000Z',
    top: '[{"count":2,"value":"a"}]',
    spans: '[1,1,2]',
    dearest: 4,
    paid: '0.5',
    isOk: false,
    far: 8,
  });
});
