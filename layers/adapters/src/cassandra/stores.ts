import type {
  AliasStore,
  BatchStore,
  BindingStore,
  CursorKeys,
  LookupStore,
  OperatorStateStore,
  PlanStore,
  Scope,
  SpeedStore,
  StoragePlan,
  SweepLedger,
  ViewName,
} from '@bifold/core/engine';
import type { ModelPointers } from '../model/registry.ts';
import { aliasStore, planStore } from './alias-store.ts';
import { batchStore } from './batch-store.ts';
import { bindingStore } from './binding-store.ts';
import type { CassandraClient } from './client.ts';
import { cursorKeys } from './cursor-keys.ts';
import { lookupStore } from './lookup-store.ts';
import { modelPointers } from './model-pointers.ts';
import { operatorStateStore } from './operator-state-store.ts';
import { speedStore } from './speed-store.ts';
import { sweepLedger } from './sweep-ledger.ts';

/** The stores of a database. Each access creates a store over the one client. */
export interface DatabaseStores {
  readonly lookups: LookupStore;
  readonly plans: PlanStore;
  readonly cursorKeys: CursorKeys;
  readonly modelPointers: ModelPointers;
  aliases(view: ViewName): AliasStore;
  speed(scope: Scope, storage: StoragePlan): SpeedStore;
  batch(scope: Scope, storage: Pick<StoragePlan, 'buckets'>): BatchStore;
  bindings(scope: Scope): BindingStore;
  operatorState(scope: Scope): OperatorStateStore;
  sweepLedger(scope: Scope): SweepLedger;
}

export function databaseStores(client: CassandraClient): DatabaseStores {
  return {
    get lookups() {
      return lookupStore(client);
    },
    get plans() {
      return planStore(client);
    },
    get modelPointers() {
      return modelPointers(client);
    },
    get cursorKeys() {
      return cursorKeys(client);
    },
    aliases: (view) => aliasStore(client, view),
    speed: (scope, storage) => speedStore(client, scope, storage),
    batch: (scope, storage) => batchStore(client, scope, storage),
    bindings: (scope) => bindingStore(client, scope),
    operatorState: (scope) => operatorStateStore(client, scope),
    sweepLedger: (scope) => sweepLedger(client, scope),
  };
}
