import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  memoryArchive,
  memoryBucket,
  memoryDatabase,
  memoryLog,
  memoryModelPointers,
  memoryPublications,
  memoryViews,
  modelRegistry,
} from '@bifold/adapters';
import { openEngine } from '@bifold/adapters/duckdb';
import type { Pipeline } from '@bifold/core';
import { foldOf, type LogRecord, type ModelPointer, type Value } from '@bifold/core/engine';
import { archiveLog, coldState, foldDelivery, publishedView, recompute } from '@bifold/engine';
import { afterAll, beforeAll, expect } from '@jest/globals';
import fc from 'fast-check';
import { storeVersion } from '../../../layers/models/src/model-file/stored-version.fixture.ts';

/** The random inputs of the laws of models: rides, and faults of the log and the layers. */
export const CITY = fc.option(fc.constantFrom('oslo', 'rome', 'z\u{1f600}', 'atlantis'), { freq: 5 });
export const FARE = fc.option(fc.constantFrom(0.1, 0.5, 1, 1 + 2 ** -40, 2.5, -0, 1e30, -1e308), { freq: 5 });
export const SEATS = fc.integer({ min: 0, max: 3 });
export const AT = fc.integer({ min: -5, max: 30 });

/** A delivery of rides, with some invalid records. */
export function ridesStep<R>(ride: fc.Arbitrary<R>) {
  return fc.record({
    kind: fc.constant('rides' as const),
    partition: fc.integer({ min: 0, max: 1 }),
    rides: fc.array(fc.oneof({ weight: 9, arbitrary: ride }, { weight: 1, arbitrary: fc.constant('poison') }), {
      minLength: 1,
      maxLength: 25,
    }),
  });
}

export type Draw = (below: number) => number;

/** Numbers from a seed, independent of other draws. */
export function drawsOf(seed: number): Draw {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) % below;
  };
}

/** A folder that goes when all tests of the file have ended. */
export function scratchWhileTesting(): () => string {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bifold-laws-'));
  });
  afterAll(() => rm(folder, { recursive: true }));
  return () => folder;
}

/** The parts of a world over memory, and the ports that all bodies share. */
async function openParts(
  { plan }: Pipeline,
  scratchFolder: string,
  places: ReadonlyMap<string, Readonly<Record<string, Value>>>,
) {
  const scope = { version: plan.version, topicId: 'topic' };
  const [database, bucket, log] = [memoryDatabase(), memoryBucket(), memoryLog('topic', 2)];
  await database.lookupStore().load('places', 'p1', places);
  const common = {
    bindings: database.bindingStore(scope),
    lookups: database.lookupStore(),
    models: modelRegistry(memoryBucket(), memoryModelPointers()),
    log,
    topicId: 'topic',
    scratchFolder,
    archive: memoryArchive(bucket, scope),
    operatorState: database.operatorStateStore(scope),
    batch: database.batchStore(scope, plan.storage),
    publications: memoryPublications(bucket, scope),
  };
  return { scope, bucket, log, common, speed: database.speedStore(scope, plan.storage) };
}

/**
 * The bodies of the functions of a pipeline that scores, over memory but for DuckDB, with a log of
 * two partitions.
 */
export async function scoringWorld(
  pipeline: Pipeline,
  scratchFolder: string,
  places: ReadonlyMap<string, Readonly<Record<string, Value>>>,
) {
  const { plan } = pipeline;
  const fold = foldOf(pipeline);
  const { scope, bucket, log, common, speed } = await openParts(pipeline, scratchFolder, places);
  const registry = common.models;
  const published = publishedView(plan, common);
  let warm = coldState();
  let runs = 0;
  return {
    scope,
    registry,
    /** The sources of an answer. */
    answering: { store: speed, ...common, published },
    /** The bindings by partition and segment. */
    bindings: () => Promise.all([0, 1].map((partition) => common.bindings.list(partition, 0, null))),
    async send(partition: number, values: readonly unknown[]): Promise<readonly LogRecord[]> {
      const records = values.map((value): LogRecord => {
        const record = { key: null, value: Buffer.from(JSON.stringify(value)), headers: [], timestampMs: 0 };
        return { ...record, partition, offset: log.append(partition, record) };
      });
      await foldDelivery(fold, new Map([[partition, records]]), { ...common, published, store: speed }, warm);
      return records;
    },
    /** Stores a version, and moves the model's pointer to it. */
    async promote(
      name: string,
      version: string,
      model: object,
      next: (pointer: ModelPointer, version: string) => ModelPointer,
    ): Promise<void> {
      await storeVersion(registry, name, version, model);
      const pointer = await registry.readPointer(name);
      expect(await registry.movePointer(name, pointer, next(pointer, version))).toBe(true);
    },
    /** Starts another process, without a cache. */
    forget() {
      warm = coldState();
    },
    async recompute(): Promise<void> {
      const engine = await openEngine({ threads: 1 });
      await archiveLog(pipeline, { ...common, engine, hasTime: () => true });
      await engine.close();
      const ports = {
        ...common,
        speed,
        views: memoryViews(bucket, scope),
        newId: () => `run-${runs++}`,
        clock: () => 0,
        openEngine: () => openEngine({ threads: 1 }),
      };
      await recompute(pipeline, ports, false);
    },
  };
}
