export * from './cassandra/index.ts';
