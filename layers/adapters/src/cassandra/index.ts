export { AdapterError } from '../errors.ts';
export { type BatchStoreOptions, batchStore } from './batch-store.ts';
export { bindingStore } from './binding-store.ts';
export { type CassandraClient, type CassandraOptions, connectCassandra } from './client.ts';
export { lookupStore } from './lookup-store.ts';
export { modelPointers } from './model-pointers.ts';
export { type SpeedStoreOptions, speedStore } from './speed-store.ts';
export { sweepLedger } from './sweep-ledger.ts';
export { createTables } from './tables.ts';
