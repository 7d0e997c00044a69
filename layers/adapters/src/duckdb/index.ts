export {
  type ColumnValues,
  type DuckDb,
  type DuckDbOptions,
  openDuckDb,
  type RowChunks,
  type SqlChunk,
  type SqlColumn,
  type SqlInput,
  type SqlOutput,
} from './database.ts';
export { openEngine } from './engine.ts';
