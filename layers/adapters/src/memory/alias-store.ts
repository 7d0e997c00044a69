import { type AliasStore, canonicalJson, type PlanStore, readPlan, type ViewName } from '@bifold/core/engine';
import { joinKey } from './cell-table.ts';
import type { MemoryTables } from './tables.ts';

export function memoryAliasStore({ aliases }: MemoryTables, { pipeline, topicId }: ViewName): AliasStore {
  const key = joinKey(pipeline, topicId);
  return {
    read: async () => aliases.get(key) ?? null,
    async move(expected, next) {
      if (aliases.get(key)?.generation !== expected?.generation) return false;
      aliases.set(key, structuredClone(next));
      return true;
    },
  };
}

export function memoryPlanStore({ plans }: MemoryTables): PlanStore {
  return {
    async read(version) {
      const text = plans.get(version);
      return text === undefined ? null : readPlan(version, text);
    },
    async write(plan) {
      plans.set(plan.version, canonicalJson(plan));
    },
  };
}
