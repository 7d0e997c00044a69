import type { MemoryDatabase } from '@bifold/adapters/memory';
import type { BatchStore, Scope, StoragePlan } from '@bifold/core/engine';
import type { Actor } from '../world/scheduler.ts';
import { call, mutate, read } from './calls.ts';
import { first, newest, paged, positionId, union } from './rows.ts';
import type { Stage } from './stage.ts';

export function batchStore(stage: Stage, actor: Actor, scope: Scope, storage: StoragePlan): BatchStore {
  const of = (database: MemoryDatabase): BatchStore => database.batchStore(scope, storage);
  const conditional = of(stage.replicas[0] as MemoryDatabase);
  return {
    readPointer: (consistency) => call(stage, actor, 'pointer', () => conditional.readPointer(consistency), false),
    publish: (expected, next) =>
      call(
        stage,
        actor,
        `publish generation ${next.generation} ${next.current?.run} cuts ${JSON.stringify(next.current?.cuts)}`,
        () => conditional.publish(expected, next),
        true,
      ),
    restorePointer: (expected, restored) =>
      call(
        stage,
        actor,
        `restore generation ${restored.generation}`,
        () => conditional.restorePointer(expected, restored),
        true,
      ),
    registerRun: (entry) => mutate(stage, actor, `register ${entry.run}`, (db) => of(db).registerRun(entry)),
    listRuns: () =>
      read(
        stage,
        actor,
        'runs',
        (db) => of(db).listRuns(),
        union(({ run }) => run),
        async () => undefined,
      ),
    writeRows: async (entry, rows) => {
      await Promise.all(
        rows.map((row) =>
          mutate(stage, actor, `row of ${entry.run} ${positionId(row)}`, (db) => of(db).writeRows(entry, [row])),
        ),
      );
    },
    scan: (run, bucket, filter, after) =>
      paged(actor, after, (position, rows) =>
        read(
          stage,
          actor,
          `scan ${run} b${bucket}`,
          (db) => first(of(db).scan(run, bucket, filter, position), rows),
          newest,
          async () => undefined,
        ),
      ),
    deleteRun: (entry) => mutate(stage, actor, `delete ${entry.run}`, (db) => of(db).deleteRun(entry)),
  };
}
