import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { encodeRun, selfManagedKafkaEnvelope } from '../event.ts';
import { type Batch, formBatch, PartitionQueue, payloadBytesMax } from './batcher.ts';

const envelope = selfManagedKafkaEnvelope('t', ['a:1']);
const run = (partition: number, firstOffset: number, sizes: readonly number[], nextOffset?: number) =>
  encodeRun(
    't',
    partition,
    sizes.map((size, i) => ({
      offset: String(firstOffset + i),
      timestamp: '1',
      key: null,
      value: Buffer.alloc(size, 0x61),
    })),
    nextOffset ?? firstOffset + sizes.length,
  );
const queue = (partition: number, atMs: number, ...runs: ReturnType<typeof run>[]) => {
  const made = new PartitionQueue(partition);
  for (const one of runs) made.push(one, atMs);
  return made;
};
const eventOf = (batch: Batch) => JSON.parse(Buffer.concat(batch.chunks).toString());
const offsetsOf = (batch: Batch) =>
  Object.fromEntries(
    Object.entries(eventOf(batch).records as Record<string, { offset: number }[]>).map(([name, records]) => [
      name,
      records.map(({ offset }) => offset),
    ]),
  );
const form = (
  queues: PartitionQueue[],
  limits: Partial<Parameters<typeof formBatch>[2]> = {},
  nowMs = 0,
): Batch | { dueInMs: number } | null => {
  const formed = formBatch(queues, envelope, { count: 100, sizeBytes: payloadBytesMax, windowMs: 0, ...limits }, nowMs);
  return formed === null || 'dueInMs' in formed ? formed : formed.batch;
};
const formed = (...given: Parameters<typeof form>): Batch => {
  const batch = form(...given);
  if (batch === null || 'dueInMs' in batch) throw new Error(`no batch, but ${JSON.stringify(batch)}`);
  return batch;
};

describe('formBatch', () => {
  it('waits for the window of the oldest record, and then takes all partitions along', () => {
    const queues = [queue(0, 100, run(0, 5, [1, 1])), queue(1, 120, run(1, 7, [1]))];
    expect(form([new PartitionQueue(9)])).toBeNull();
    expect(form(queues, { windowMs: 500 }, 130)).toEqual({ dueInMs: 470 });
    const batch = formed(queues, { windowMs: 500 }, 600);
    expect(offsetsOf(batch)).toEqual({ 't-0': [5, 6], 't-1': [7] });
    expect(batch.parts).toEqual([
      { partition: 0, count: 2, firstOffset: 5, nextOffset: 7 },
      { partition: 1, count: 1, firstOffset: 7, nextOffset: 8 },
    ]);
  });

  it('does not wait when a partition fills a batch, or all of them do', () => {
    const alone = formed([queue(0, 0, run(0, 0, [1])), queue(1, 1, run(1, 0, [1, 1, 1]))], { count: 3, windowMs: 500 });
    expect(offsetsOf(alone)).toEqual({ 't-1': [0, 1, 2] });
    const together = formed([queue(0, 0, run(0, 0, [1])), queue(1, 1, run(1, 0, [1]))], { count: 2, windowMs: 500 });
    expect(offsetsOf(together)).toEqual({ 't-0': [0], 't-1': [0] });
  });

  it('takes another partition only whole, so that a backlog keeps to its own batches', () => {
    const queues = [queue(0, 0, run(0, 0, [1, 1])), queue(1, 1, run(1, 0, [1, 1]))];
    expect(offsetsOf(formed(queues, { count: 3 }))).toEqual({ 't-0': [0, 1] });
  });

  it('goes on past transaction markers after the last record of a run, and only then', () => {
    const queues = [queue(0, 0, run(0, 0, [1, 1], 9))];
    expect(formed(queues, { count: 1 }).parts[0]).toMatchObject({ nextOffset: 1 });
    expect(formed(queues, { count: 1 }).parts[0]).toMatchObject({ firstOffset: 1, nextOffset: 9 });
  });

  it('keeps to the payload limit at the exact byte', () => {
    const sizes = [10, 10, 10];
    const exact = formed([queue(0, 0, run(0, 0, sizes))]).sizeBytes;
    expect(formed([queue(0, 0, run(0, 0, sizes))], { sizeBytes: exact })).toMatchObject({ count: 3, sizeBytes: exact });
    expect(formed([queue(0, 0, run(0, 0, sizes))], { sizeBytes: exact - 1 }).count).toBe(2);
    const apart = [queue(0, 0, run(0, 0, [10])), queue(1, 1, run(1, 0, [10]))];
    const both = formed([queue(0, 0, run(0, 0, [10])), queue(1, 1, run(1, 0, [10]))]).sizeBytes;
    expect(formed(apart, { sizeBytes: both - 1 }).count).toBe(1);
  });

  it('lets a record beyond the limit pass alone', () => {
    const queues = [queue(0, 0, run(0, 0, [10, 5_000_000, 10]))];
    expect([formed(queues).count, formed(queues).count, formed(queues).count]).toEqual([1, 1, 1]);
    expect(form(queues)).toBeNull();
  });

  it('loses nothing, keeps the order of each partition, and keeps to all limits', () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 30 });
    const arrivals = fc.array(fc.record({ partition: fc.nat(3), sizes, gap: fc.nat(3) }), { maxLength: 20 });
    fc.assert(
      fc.property(
        arrivals,
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 300, max: 4_000 }),
        fc.array(fc.boolean(), { minLength: 1 }),
        (given, count, sizeBytes, drains) => {
          const queues = [0, 1, 2, 3].map((partition) => new PartitionQueue(partition));
          const next = [0, 0, 0, 0];
          const sent: number[][] = [[], [], [], []];
          const received: number[][] = [[], [], [], []];
          const drain = () => {
            const batch = form(queues, { count, sizeBytes }, given.length);
            if (batch === null || 'dueInMs' in batch) return false;
            const payload = Buffer.concat(batch.chunks);
            expect(payload.length).toBe(batch.sizeBytes);
            expect(batch.count).toBeLessThanOrEqual(count);
            if (batch.count > 1) expect(batch.sizeBytes).toBeLessThanOrEqual(sizeBytes);
            const offsets = offsetsOf(batch);
            expect(Object.values(offsets).flat().length).toBe(batch.count);
            for (const { partition, ...part } of batch.parts) {
              const these = offsets[`t-${partition}`] ?? [];
              expect(part).toMatchObject({ count: these.length, firstOffset: these[0] });
              expect(part.nextOffset).toBeGreaterThan(these.at(-1) as number);
              received[partition]?.push(...these);
            }
            return true;
          };
          given.forEach(({ partition, sizes: those, gap }, i) => {
            const first = (next[partition] as number) + gap;
            next[partition] = first + those.length;
            sent[partition]?.push(...those.map((_, k) => first + k));
            queues[partition]?.push(run(partition, first, those), i);
            if (drains[i % drains.length]) drain();
          });
          while (drain());
          expect(received).toEqual(sent);
          expect(queues.map(({ count: left, sizeBytes: bytes }) => [left, bytes])).toEqual(queues.map(() => [0, 0]));
        },
      ),
    );
  });
});
