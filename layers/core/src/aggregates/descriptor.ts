import type { AggregateKind, AggregatePlan, AggregatePlanOf } from '../plan/aggregate.ts';
import type { ColumnType } from '../plan/column.ts';
import type { SqlValue } from '../ports/sql-engine.ts';
import type { Algebra } from './algebra.ts';
import type { Result } from './result.ts';

/** The types of field that an aggregate accepts. */
export type InputKind = 'numbers' | 'numbers or decimals' | 'booleans' | 'texts' | 'scalars';

/**
 * An algebra whose state type is unknown here. A state is passed only to the algebra that made it.
 */
export type AnyAlgebra = Algebra<unknown, Result, unknown>;

/**
 * The function that adds to a state. It may change the state in place, so the caller must be its
 * only owner.
 */
export function adderOf(algebra: AnyAlgebra): AnyAlgebra['add'] {
  return algebra.addOwned ?? algebra.add;
}

/**
 * An aggregate without the fields that it reads. `P` is distributed: each member of the union
 * keeps its own parts.
 */
export type AggregateFunction<P = AggregatePlan> = P extends AggregatePlan
  ? Omit<P, 'name' | 'where' | 'field' | 'second'>
  : never;

/**
 * The complete description of one kind of aggregate. Definitions check its input types. The fold
 * uses its algebra, the batch layer its SQL, and results its output type.
 */
export interface AggregateDescriptor<Kind extends AggregateKind = AggregateKind> {
  readonly kind: Kind;
  /** The type of the field that it reads. `nothing`: it counts the events themselves. */
  readonly input: InputKind | 'nothing';
  /** The type of its second field; absent if it reads one field only. */
  readonly second?: InputKind;
  /** Its parameter; absent if it has none. */
  readonly parameter?: AggregateParameter;
  /** The result depends on the event times and offsets of the events. */
  readonly usesPosition?: true;
  /** The type of its result's column. Times are shown as text. */
  output(aggregate: AggregateFunction<AggregatePlanOf<Kind>>): ColumnType;
  algebra(aggregate: AggregateFunction<AggregatePlanOf<Kind>>): AnyAlgebra;
  /**
   * SQL that computes the state exactly. Null or absent: core folds the values that SQL selects.
   */
  pushdown?(aggregate: AggregateFunction<AggregatePlanOf<Kind>>): Pushdown | null;
}

/** A parameter of an aggregate: `isAllowed` checks one, `allowed` says how it is written. */
export interface AggregateParameter {
  readonly allowed: string;
  isAllowed(value: unknown): boolean;
}

/** A state that SQL computes exactly, in parts. */
export interface Pushdown {
  /**
   * The SQL of each part. `filter` is a FILTER clause or empty. Sums of integers are HUGEINT; a
   * part over no values is null, or 0 for a count.
   */
  parts(value: string, filter: string): readonly PushdownPart[];
  stateOf(parts: readonly SqlValue[]): unknown;
}

interface PushdownPart {
  /** Follows the name of the aggregate in the name of the part's column. */
  readonly suffix: string;
  readonly sql: string;
}

/** Whether the algebra's input is a `PositionedValue`; otherwise it is the value itself. */
export function takesPositionedValues({ second, usesPosition }: AggregateDescriptor): boolean {
  return second !== undefined || usesPosition === true;
}
