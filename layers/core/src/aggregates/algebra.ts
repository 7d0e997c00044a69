import type { Reader, Writer } from '../records/codec.ts';

/** The error bound of a result. */
export interface ErrorBound {
  /** Relative to the result: 0.016 is 1.6 %. */
  readonly relative: number;
  /** `maximum` is never exceeded, `standard error` by one result in three. */
  readonly kind: 'maximum' | 'standard error';
}

/**
 * An aggregate as a commutative monoid, with its result and its stored form. The property tests
 * check these laws: `merge` is associative and commutative with `empty` as identity; `add(state,
 * value)` is `merge(state, lift(value))`; `decode` undoes `encode`, and equal inputs in any
 * grouping encode to equal bytes. The fold, the merge of batch and speed, and retries all rely on
 * it.
 */
export interface Algebra<State, Result, Input = number> {
  readonly empty: State;
  lift(value: Input): State;
  add(state: State, value: Input): State;
  /**
   * Like `add`, but may change `state` in place, so the caller must be its only owner. Used if a
   * copy for each event would cost too much. `empty` is shared, so it must not be an object then.
   */
  addOwned?(state: State, value: Input): State;
  merge(left: State, right: State): State;
  present(state: State): Result;
  /**
   * The error bound of the shown result; null if it is exact. Absent if it is always exact, up to
   * the rounding of doubles.
   */
  boundOf?(state: State): ErrorBound | null;
  encode(state: State, writer: Writer): void;
  decode(reader: Reader): State;
}
