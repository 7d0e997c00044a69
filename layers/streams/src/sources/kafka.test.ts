import { type MemoryLog, memoryLog } from '@bifold/adapters/memory';
import { expect, it } from '@jest/globals';
import * as z from 'zod';
import { type CommittedBatch, type Journal, readQuarantine, runStream, type Topics } from '../engine.ts';
import { availableNow, defineStream, foreachBatch, type KafkaRow, kafka, type StartingOffsets } from '../index.ts';
import { memoryJournal, worldOf } from '../stream.fixture.ts';

const Row = z.object({ v: z.int() });
const TOPIC_ID = '00000000-0000-4000-8000-000000000001';

/** A topic of two partitions, with so many records in each; their values count from 0. */
function topicOf(counts: readonly [number, number]): MemoryLog {
  const log = memoryLog(TOPIC_ID, 2);
  let v = 0;
  for (const [partition, count] of counts.entries())
    for (let index = 0; index < count; index++) appendTo(log, partition, v++);
  return log;
}

function appendTo(log: MemoryLog, partition: number, v: unknown): void {
  log.append(partition, { value: Buffer.from(JSON.stringify({ v })), timestampMs: 0 });
}

function topicsOf(log: MemoryLog): Topics {
  const bounds = async (mark: 'start' | 'end') =>
    new Map(
      await Promise.all([0, 1].map(async (partition) => [partition, (await log.bounds(partition))[mark]] as const)),
    );
  return {
    names: async () => ['other', 't'],
    offsets: (_, mark) => bounds(mark === 'earliest' ? 'start' : 'end'),
    log: async () => log,
  };
}

interface Options {
  readonly journal?: Journal;
  readonly startingOffsets?: StartingOffsets;
  readonly maxOffsetsPerTrigger?: number;
}

/** The values of each batch of a run over all available records. */
async function batchesOf(log: MemoryLog, { journal = memoryJournal(), ...options }: Options = {}) {
  const batches: number[][] = [];
  const committed: CommittedBatch[] = [];
  const stream = defineStream({
    name: 'reading',
    from: kafka({ topic: 't', schema: Row, startingOffsets: 'earliest', ...options }),
    trigger: availableNow(),
    sinks: [foreachBatch<z.infer<typeof Row>>((rows) => void batches.push(rows.map(({ v }) => v)))],
  });
  const ports = { ...worldOf().ports, topics: async () => topicsOf(log) };
  const { signal } = new AbortController();
  await runStream(stream, { journal, ports, signal, onBatch: (batch) => void committed.push(batch) });
  return { batches, committed };
}

it('a stream reads every partition from its start, and goes on after the last offset', async () => {
  const journal = memoryJournal();
  const log = topicOf([2, 1]);
  expect((await batchesOf(log, { journal })).batches).toEqual([[0, 1, 2]]);
  appendTo(log, 1, 3);
  expect((await batchesOf(log, { journal })).batches).toEqual([[3]]);
});

it.each<[StartingOffsets, readonly number[]]>([
  ['latest', []],
  [{ t: { 0: 1 } }, [1, 2]],
])('a stream without a checkpoint starts at %j', async (startingOffsets, values) => {
  expect((await batchesOf(topicOf([2, 1]), { startingOffsets })).batches).toEqual([values]);
});

it('a limit is shared out over the partitions by how much each has', async () => {
  const { batches } = await batchesOf(topicOf([6, 2]), { maxOffsetsPerTrigger: 4 });
  expect(batches).toEqual([
    [0, 1, 2, 6],
    [3, 4, 5, 7],
  ]);
});

it('a record that the schema refuses is quarantined with its offset', async () => {
  const journal = memoryJournal();
  const log = topicOf([1, 0]);
  appendTo(log, 0, 'text');
  log.append(0, { value: null });
  const { batches, committed } = await batchesOf(log, { journal });
  expect(batches).toEqual([[0]]);
  expect(committed).toMatchObject([{ rowsIn: 1, quarantined: 2 }]);
  expect(await readQuarantine(journal)).toMatchObject([
    { where: 't/0/1', reason: 'invalid' },
    { where: 't/0/2', reason: 'tombstone' },
  ]);
});

it('without a schema, keys and values are texts; a record whose bytes are no text is quarantined', async () => {
  const journal = memoryJournal();
  const log = memoryLog(TOPIC_ID, 2);
  const bytes = Uint8Array.of(0xff);
  for (const record of [
    { key: Buffer.from('ä'), value: Buffer.from('€') },
    { key: null, value: null },
    { key: bytes, value: null },
    { key: null, value: bytes },
  ])
    log.append(0, record);
  const rows: (readonly [string | null, string | null])[] = [];
  const stream = defineStream({
    name: 'records',
    from: kafka({ topic: 't', startingOffsets: 'earliest' }),
    trigger: availableNow(),
    sinks: [foreachBatch<KafkaRow>((batch) => void rows.push(...batch.map(({ key, value }) => [key, value] as const)))],
  });
  const ports = { ...worldOf().ports, topics: async () => topicsOf(log) };
  await runStream(stream, { journal, ports, signal: new AbortController().signal });
  expect(rows).toEqual([
    ['ä', '€'],
    [null, null],
  ]);
  expect(await readQuarantine(journal)).toMatchObject([
    { where: 't/0/2', reason: 'not-utf8' },
    { where: 't/0/3', reason: 'not-utf8' },
  ]);
});

it.each<[string, (log: MemoryLog) => void, string]>([
  ['whose topic was recreated', (log) => log.recreate('00000000-0000-4000-8000-000000000002'), 'BIFOLD_TOPIC_GONE'],
  ['whose records retention deleted', deleteUnread, 'BIFOLD_RECORDS_GONE'],
])('a stream %s does not go on', async (_, change, code) => {
  const journal = memoryJournal();
  const log = topicOf([1, 0]);
  await batchesOf(log, { journal });
  change(log);
  await expect(batchesOf(log, { journal })).rejects.toMatchObject({ code });
});

/** Retention deletes a record that no batch has read. */
function deleteUnread(log: MemoryLog): void {
  for (const v of [1, 2]) appendTo(log, 0, v);
  log.deleteBefore(0, 2);
}
