export {
  type ColumnValues,
  type DuckDb,
  type DuckDbOptions,
  openDuckDb,
  type SqlChunk,
  type SqlColumn,
  type SqlInput,
  type SqlOutput,
  type Stretches,
} from './database.ts';
export { openEngine } from './engine.ts';
