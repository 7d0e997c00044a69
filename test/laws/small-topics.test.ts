import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { count, definePipeline, type Pipeline, sum, topic, tumbling } from '@bifold/core';
import { type StoragePlan, segmentOf } from '@bifold/core/engine';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { MemoryDeployment } from './memory-deployment.ts';

const PARTITIONS = 4;
const KEYS = 10;

const Ride = z.object({ at: z.int(), city: z.string(), fare: z.int() });
const rides = topic('rides', {
  schema: Ride,
  schemaVersion: 1,
  partitionBy: 'city',
  eventTime: { field: 'at', unit: 'ms' },
});
const ridesWith = (storage: Partial<StoragePlan>): Pipeline =>
  definePipeline({
    name: 'rides',
    from: rides,
    groupBy: ['city'],
    windows: { hourly: tumbling('1h') },
    aggregates: { n: count(), fares: sum('fare') },
    storage,
  });

const topicOf = (pipeline: Pipeline, scratchFolder: string) =>
  new MemoryDeployment(pipeline, PARTITIONS, scratchFolder);
/** Produces equally many records in each partition. */
const produce = async (small: MemoryDeployment, records: number): Promise<void> => {
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const values = Array.from({ length: records / PARTITIONS }, (_, index) => ({
      at: index,
      city: `c${index % KEYS}`,
      fare: 1,
    }));
    await small.produce(partition, values, 1_000);
  }
};
/** All windows of one key. */
const ask = (small: MemoryDeployment) => small.ask({ key: '["c1"]', total: 'true' });

describe('a topic of 10,000 records over four partitions', () => {
  let scratchFolder: string;
  beforeAll(async () => {
    scratchFolder = await mkdtemp(join(tmpdir(), 'bifold-small-'));
  });
  afterAll(() => rm(scratchFolder, { recursive: true }));

  it('has a generation that covers most of it, and answers over all of it', async () => {
    const small = topicOf(ridesWith({}), scratchFolder);
    await produce(small, 10_000);
    const before = await ask(small);
    expect(before.receipt.offsets).toEqual({ batch: 0, speed: 10_000 });
    expect([small.scans, small.fragments]).toEqual([288, 1_520]);

    expect(await small.recompute()).toMatchObject({
      published: true,
      generation: 1,
      offsets: 9_728,
      waiting: { offsets: 272, missing: 60, stopped: [] },
    });
    const after = await ask(small);
    expect(after.receipt.offsets).toEqual({ batch: 9_728, speed: 272 });
    expect(after.rows.map(({ values }) => values)).toEqual([{ n: 1_000, fares: 1_000 }]);
    expect(before.rows.map(({ values }) => values)).toEqual(after.rows.map(({ values }) => values));
    expect(small.scans).toBe(8);

    expect(await small.recompute()).toMatchObject({
      published: false,
      generation: 1,
      reason: 'nothing-new',
      waiting: { offsets: 272, missing: 60, stopped: [] },
    });
    await produce(small, 240);
    expect(await small.recompute()).toMatchObject({ published: true, generation: 2, offsets: 10_240 });
  });

  it('never had one while all segments were of 4,096 offsets', async () => {
    const small = topicOf(ridesWith({ segmentSize: 4096 }), scratchFolder);
    await produce(small, 10_000);
    expect(await small.recompute()).toMatchObject({
      published: false,
      generation: 0,
      reason: 'nothing-new',
      waiting: { offsets: 10_000, missing: 1_596, stopped: [] },
    });
    await ask(small);
    expect([small.scans, small.fragments]).toEqual([8, 120]);
  });
});

/**
 * Decision 34 shows these figures: of a topic over four partitions, before the first generation and
 * after one.
 */
describe('segments of a topic', () => {
  const { segmentSize } = ridesWith({}).plan.storage;
  const figures = (records: number, size: typeof segmentSize) => {
    const end = records / PARTITIONS;
    const whole = segmentOf(end, size);
    const segments = segmentOf(end - 1, size) + 1;
    return { segments: segments * PARTITIONS, open: (segments - whole) * PARTITIONS };
  };

  it.each([
    [10_000, { segments: 144, open: 4 }, { segments: 4, open: 4 }],
    [1_000_000, { segments: 632, open: 4 }, { segments: 248, open: 4 }],
    [1_000_000_000, { segments: 244_528, open: 4 }, { segments: 244_144, open: 4 }],
  ])('of %i records are as many as decision 34 says', (records, grown, fixed) => {
    expect(figures(records, segmentSize)).toEqual(grown);
    expect(figures(records, 4096)).toEqual(fixed);
  });
});
