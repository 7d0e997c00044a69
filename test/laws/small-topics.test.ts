import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEngine } from '@bifold/adapters/duckdb';
import { memoryArchive, memoryBucket, memoryDatabase, memoryLog, memoryViews } from '@bifold/adapters/memory';
import {
  count,
  definePipeline,
  foldOf,
  type LogRecord,
  type Pipeline,
  type SpeedStore,
  type StoragePlan,
  segmentOf,
  sum,
  topic,
  tumbling,
} from '@bifold/core';
import { answerQuestion, archiveLog, coldState, foldDelivery, questionOf, recompute } from '@bifold/functions/bodies';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';

const INCARNATION = '6ba7b810-9dad-41d1-80b4-00c04fd430c8';
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

/** Both layers over a topic, as they are deployed, with memory in place of Kafka, Cassandra and S3. */
class Topic {
  readonly #pipeline: Pipeline;
  readonly #scratchFolder: string;
  readonly #log = memoryLog(INCARNATION, PARTITIONS);
  readonly #database = memoryDatabase();
  readonly #bucket = memoryBucket();
  #runs = 0;
  /** Reads of a segment: one for the rows of an answer, one for its quarantine counts. */
  scans = 0;
  fragments = 0;

  constructor(pipeline: Pipeline, scratchFolder: string) {
    this.#pipeline = pipeline;
    this.#scratchFolder = scratchFolder;
  }

  get #ports() {
    const { plan } = this.#pipeline;
    const scope = { version: plan.version, incarnation: INCARNATION };
    const speed = this.#database.speedStore(scope, plan.storage);
    const store: SpeedStore = {
      ...speed,
      writeFragments: (partition, segment, rows) => {
        this.fragments += rows.length;
        return speed.writeFragments(partition, segment, rows);
      },
      scan: (...of) => {
        this.scans++;
        return speed.scan(...of);
      },
    };
    return {
      ...{ scope, store, speed: store, batch: this.#database.batchStore(scope, plan.storage) },
      ...{ appearances: this.#database.appearanceStore(scope), bindings: this.#database.bindingStore(scope) },
      ...{ lookups: this.#database.lookupStore(), archive: memoryArchive(this.#bucket, scope) },
      ...{ views: memoryViews(this.#bucket, scope), log: this.#log, incarnation: INCARNATION },
      ...{ scratchFolder: this.#scratchFolder, clock: () => 0, newId: () => `run-${this.#runs++}` },
      openEngine: () => openEngine({ threads: 1 }),
      hasTime: () => true,
    };
  }

  async produce(records: number): Promise<void> {
    const warm = coldState();
    const fold = foldOf(this.#pipeline);
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const batch: LogRecord[] = [];
      for (let index = 0; index < records / PARTITIONS; index++) {
        const value = Buffer.from(JSON.stringify({ at: index, city: `c${index % KEYS}`, fare: 1 }));
        const offset = this.#log.append(partition, { value });
        batch.push({ partition, offset, timestampMs: 0, key: null, value, headers: [] });
      }
      for (let from = 0; from < batch.length; from += 1_000)
        await foldDelivery(fold, new Map([[partition, batch.slice(from, from + 1_000)]]), this.#ports, warm);
    }
  }

  async recompute() {
    const engine = await openEngine({ threads: 1 });
    await archiveLog(this.#pipeline, { ...this.#ports, engine });
    await engine.close();
    return recompute(this.#pipeline, this.#ports, false);
  }

  /** One window of one key. */
  async ask() {
    const { plan } = this.#pipeline;
    this.scans = 0;
    const question = questionOf(plan, { key: '["c1"]', total: 'true' });
    return answerQuestion(plan, this.#ports.scope, question, this.#ports);
  }
}

describe('a topic of 10,000 records over four partitions', () => {
  let scratchFolder: string;
  beforeAll(async () => {
    scratchFolder = await mkdtemp(join(tmpdir(), 'bifold-small-'));
  });
  afterAll(() => rm(scratchFolder, { recursive: true }));

  it('has a generation that covers most of it, and answers over all of it', async () => {
    const small = new Topic(ridesWith({}), scratchFolder);
    await small.produce(10_000);
    const before = await small.ask();
    expect(before.receipt.offsets).toEqual({ batch: 0, speed: 10_000 });
    expect([small.scans, small.fragments]).toEqual([288, 1_520]);

    expect(await small.recompute()).toMatchObject({
      ...{ published: true, generation: 1, offsets: 9_728 },
      waiting: { offsets: 272, missing: 60, stopped: [] },
    });
    const after = await small.ask();
    expect(after.receipt.offsets).toEqual({ batch: 9_728, speed: 272 });
    expect(after.rows.map(({ values }) => values)).toEqual([{ n: 1_000, fares: 1_000 }]);
    expect(before.rows.map(({ values }) => values)).toEqual(after.rows.map(({ values }) => values));
    expect(small.scans).toBe(8);

    expect(await small.recompute()).toMatchObject({
      ...{ published: false, generation: 1, reason: 'nothing-new' },
      waiting: { offsets: 272, missing: 60, stopped: [] },
    });
    await small.produce(240);
    expect(await small.recompute()).toMatchObject({ published: true, generation: 2, offsets: 10_240 });
  });

  it('never had one while all segments were of 4,096 offsets', async () => {
    const small = new Topic(ridesWith({ segmentSize: 4096 }), scratchFolder);
    await small.produce(10_000);
    expect(await small.recompute()).toMatchObject({
      ...{ published: false, generation: 0, reason: 'nothing-new' },
      waiting: { offsets: 10_000, missing: 1_596, stopped: [] },
    });
    await small.ask();
    expect([small.scans, small.fragments]).toEqual([8, 120]);
  });
});

/** Decision 34 shows these figures: of a topic over four partitions, before the first generation and after one. */
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
