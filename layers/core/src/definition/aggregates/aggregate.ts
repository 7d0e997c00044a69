import type { AggregateKind } from '../../plan/aggregate.ts';
import { refuseUnknownOptions } from '../scope.ts';

export type Numeric = number | null | undefined;
/** Values that can be added and compared exactly: numbers, and the texts of decimals. */
export type Exact = Numeric | DecimalText;
export type Truth = boolean | null | undefined;

/** `'plane.seats'` reads `seats` of the lookup named `plane`, which may be missing. */
export type Nested<F extends string, V> = F extends `${infer L}.${infer R}`
  ? { [K in L]: { [K2 in R]: V } | null }
  : { [K in F]: V };

/**
 * One aggregate of a definition, as frozen plain data. `In` is the type that a record must have: an
 * aggregate over `{ fare: number }` accepts every event with such a field. Null and missing values
 * are skipped.
 * @example
 * const aggregates: Record<string, Aggregate<unknown, number>> = { rides: count() };
 * const pipeline = definePipeline({ ...perCity, aggregates });
 */
export interface Aggregate<in In, out Result> {
  /** The name of the function that made it; `custom` for `defineAggregate`. */
  readonly kind: AggregateKind;
  /** The input column. */
  readonly field?: string;
  /** The second input column, for aggregates with two. */
  readonly second?: string;
  /** The boolean column that selects records. */
  readonly where?: string;
  /** A rank, a number of values, or edges. */
  readonly parameter?: number | readonly number[];
  /** Name and version of a custom aggregate. */
  readonly customId?: string;
  readonly '~in'?: (event: In) => void;
  readonly '~result'?: Result;
}

/**
 * The text of a decimal, declared by `z.templateLiteral([z.number()]).meta({ format: 'decimal' })`.
 */
export type DecimalText = `${number}`;

/**
 * Placeholder in a result type: a number computed from a field, or its text if the field is a
 * decimal.
 */
export interface NumberOf<out F extends string> {
  readonly '~numberOf': F;
}

/** Placeholder in a result type: a value of a field whose type is not known yet. */
export interface ValueOf<out F extends string> {
  readonly '~valueOf': F;
}

/** The type of a field of an event or of a lookup, without null and undefined. */
type ValueAt<Event, F extends string> = NonNullable<
  F extends `${infer L}.${infer R}`
    ? L extends keyof Event
      ? R extends keyof NonNullable<Event[L]>
        ? NonNullable<Event[L]>[R]
        : never
      : never
    : F extends keyof Event
      ? Event[F]
      : never
>;

/** One of the most frequent values. */
export type Frequent<Value> = {
  readonly value: Value;
  readonly count: number;
};

/** The type of a result, given the event type of the pipeline. */
export type ResultOver<Event, Result> =
  Result extends ValueOf<infer F>
    ? ValueAt<Event, F>
    : Result extends NumberOf<infer F>
      ? ValueAt<Event, F> extends string
        ? DecimalText
        : number
      : Result extends readonly (infer Item)[]
        ? readonly ResultOver<Event, Item>[]
        : Result extends object
          ? { readonly [K in keyof Result]: ResultOver<Event, Result[K]> }
          : Result;

export interface Where<W extends string> {
  /** The name of a boolean column: only events where it is true count. */
  readonly where: W;
}

/** The columns that an aggregate's condition needs; none if there is no condition. */
export type ConditionOf<W extends string> = [W] extends [never] ? unknown : Nested<W, Truth>;

export function whereOf(kind: AggregateKind, options: Where<string> | undefined): Partial<Where<string>> {
  if (options === undefined) return {};
  refuseUnknownOptions(`an aggregate "${kind}"`, options, ['where']);
  return { where: options.where };
}

export function ofField<In, Result>(
  kind: AggregateKind,
  field: string,
  options?: Where<string>,
  more: Pick<Aggregate<never, never>, 'second' | 'parameter' | 'customId'> = {},
): Aggregate<In, Result> {
  return Object.freeze({ kind, field, ...more, ...whereOf(kind, options) });
}
