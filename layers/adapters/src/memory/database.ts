import type {
  AliasStore,
  BatchStore,
  BindingStore,
  LookupStore,
  OperatorStateStore,
  PlanStore,
  Scope,
  SpeedStore,
  SweepLedger,
  ViewName,
} from '@bifold/core/engine';
import { memoryAliasStore, memoryPlanStore } from './alias-store.ts';
import { memoryBatchStore } from './batch-store.ts';
import { memoryBindingStore } from './binding-store.ts';
import { memoryLookupStore } from './lookup-store.ts';
import { memoryOperatorStateStore } from './operator-state-store.ts';
import { memorySpeedStore, type SpeedOptions } from './speed-store.ts';
import { memorySweepLedger } from './sweep-ledger.ts';
import { memoryTables } from './tables.ts';

/**
 * An in-memory Cassandra. All stores that it opens share its tables, as functions share a cluster.
 */
export interface MemoryDatabase {
  speedStore(scope: Scope, options: SpeedOptions): SpeedStore;
  batchStore(scope: Scope, options: { readonly buckets: number }): BatchStore;
  operatorStateStore(scope: Scope): OperatorStateStore;
  bindingStore(scope: Scope): BindingStore;
  sweepLedger(scope: Scope): SweepLedger;
  lookupStore(): LookupStore;
  aliasStore(view: ViewName): AliasStore;
  planStore(): PlanStore;
  /** Empties every table at once, while stores are open. */
  clear(): void;
}

export function memoryDatabase(): MemoryDatabase {
  const tables = memoryTables();
  return {
    speedStore: (scope, options) => memorySpeedStore(tables, scope, options),
    batchStore: (scope, { buckets }) => memoryBatchStore(tables, scope, buckets),
    operatorStateStore: (scope) => memoryOperatorStateStore(tables, scope),
    bindingStore: (scope) => memoryBindingStore(tables, scope),
    sweepLedger: (scope) => memorySweepLedger(tables, scope),
    lookupStore: () => memoryLookupStore(tables),
    aliasStore: (view) => memoryAliasStore(tables, view),
    planStore: () => memoryPlanStore(tables),
    clear() {
      for (const table of Object.values(tables)) table.clear();
    },
  };
}
