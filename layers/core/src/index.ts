export type { Algebra } from './aggregates/algebra.ts';
export { type AnyAlgebra, algebraOf } from './aggregates/index.ts';
export * from './answer.ts';
export { Reader, Writer } from './codec.ts';
export * from './coverage.ts';
export * from './definition/index.ts';
export * from './errors.ts';
export { type Fold, foldOf, type ResolveLookup, rowId, SegmentFold, windowEndMs } from './fold.ts';
export { type FoldedLog, type FoldedRow, interpret } from './interpret.ts';
export * from './order.ts';
export * from './plan.ts';
export * from './ports.ts';
export * from './publish.ts';
export {
  columnReader,
  type Decoded,
  type Decoder,
  decoderOf,
  keyText,
  lookupKeyText,
  POISON_REASONS,
  type PoisonReason,
  type Value,
} from './record.ts';
export {
  QUARANTINE_POSITION,
  QUARANTINE_WINDOW,
  type RowAlgebra,
  type RowAlgebras,
  rowAlgebrasOf,
  type States,
} from './row.ts';
export * from './segment.ts';
export * from './sql.ts';
export * from './tables.ts';
