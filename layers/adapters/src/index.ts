export * from './cassandra/index.ts';
export * from './kafka/index.ts';
