import type { MemoryDatabase } from '@bifold/adapters/memory';
import type { LookupStore } from '@bifold/core/engine';
import type { Actor } from '../world/scheduler.ts';
import { call } from './calls.ts';
import type { Stage } from './stage.ts';

export function lookupStore(stage: Stage, actor: Actor): LookupStore {
  const lookups = (stage.replicas[0] as MemoryDatabase).lookupStore();
  return {
    isWhole: (table, version) => call(stage, actor, `mark of ${version}`, () => lookups.isWhole(table, version), false),
    write: (table, version, rows) =>
      call(stage, actor, `write ${version}`, () => lookups.write(table, version, rows), true),
    currentVersion: (table) => call(stage, actor, 'current lookup version', () => lookups.currentVersion(table), false),
    rows: (table, version, keys) =>
      call(stage, actor, `lookup rows of ${version}`, () => lookups.rows(table, version, keys), false),
    async *allRows(table, version) {
      await stage.scheduler.turn(actor, `all lookup rows of ${version}`);
      yield* lookups.allRows(table, version);
    },
    load: (table, version, rows) =>
      call(stage, actor, `load ${version}`, () => lookups.load(table, version, rows), true),
  };
}
