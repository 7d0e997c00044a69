import type { Pipeline } from '@bifold/core';
import type { Result, Value } from '@bifold/core/engine';

/** A row of a result, of either side. `endMs` is null where a window has no end. */
export interface Row {
  readonly key: readonly Value[];
  readonly startMs: number;
  readonly endMs: number | null;
  readonly values: Readonly<Record<string, Result>>;
}

/**
 * A different meaning in Spark. The case then checks both: that the answers differ, and that they
 * are equal once this difference is removed.
 */
export interface Difference {
  /** The difference, and its reason. */
  readonly why: string;
  /** The input that Bifold folds instead, to get Spark's answer. */
  readonly folded?: readonly string[];
  /** The conversion of Bifold's rows to Spark's. */
  readonly becomes?: (rows: readonly Row[]) => readonly Row[];
}

/**
 * One definition, with one window, and one input: folded by core's memory interpreter, and run by
 * Spark as a streaming query.
 */
export interface Case {
  readonly name: string;
  readonly pipeline: Pipeline;
  /** Lines of JSON; each list is a separate file, and a batch of Spark's. */
  readonly batches: readonly (readonly string[])[];
  /** Rows of the lookup tables, by the name that the pipeline gives the lookup. */
  readonly lookups?: Readonly<Record<string, readonly Readonly<Record<string, Value>>[]>>;
  /** `complete` when it is not there: with it Spark drops nothing that comes late. */
  readonly mode?: 'append' | 'update' | 'complete';
  readonly watermarkMs?: number;
  /** The rows of Bifold's that the mode emits; all if absent. */
  readonly given?: (row: Row) => boolean;
  /** The number of records that Bifold quarantines, by reason. Absent: none. */
  readonly quarantined?: Readonly<Record<string, number>>;
  /** Spark must refuse the definition itself; it is then run with what Spark has instead. */
  readonly isRefused?: boolean;
  readonly differs?: Difference;
}
