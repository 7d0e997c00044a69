export {
  type ColumnValues,
  type DuckDb,
  type DuckDbOptions,
  openDuckDb,
  type RowChunks,
  type SqlChunk,
  type SqlColumn,
  type SqlInput,
} from './database.ts';
export { openEngine } from './engine.ts';
export type { SqlJson, SqlOutput } from './values.ts';
