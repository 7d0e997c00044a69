export * from './cassandra/index.ts';
export * from './duckdb/index.ts';
export * from './kafka/index.ts';
export * from './memory/index.ts';
export * from './model/index.ts';
export * from './s3/index.ts';
export * from './secrets/index.ts';
export * from './webhdfs/index.ts';
