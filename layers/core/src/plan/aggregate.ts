import type { ColumnType } from './column.ts';

/** The type of an aggregate's input values. It decides how they are added and compared. */
export type AggregateDomain = Exclude<ColumnType, 'json'>;

/** One aggregate of a view. Its kind says which further parts it has. */
export type AggregatePlan =
  | CountPlan
  | FieldAggregatePlan
  | TwoFieldAggregatePlan
  | LengthAggregatePlan
  | QuantilePlan
  | HistogramPlan
  | CustomAggregatePlan;

export type AggregateKind = AggregatePlan['kind'];

/** The plan of one kind of aggregate. */
export type AggregatePlanOf<Kind extends AggregateKind, P = AggregatePlan> = P extends AggregatePlan
  ? Kind extends P['kind']
    ? P
    : never
  : never;

interface AggregatePlanBase {
  readonly name: string;
  /** The boolean column that must be true; null: every event counts. */
  readonly where: string | null;
  readonly domain: AggregateDomain;
}

/** Counts events. */
export interface CountPlan extends AggregatePlanBase {
  readonly kind: 'count';
  readonly field: null;
}

/** Reads one field. */
export interface FieldAggregatePlan extends AggregatePlanBase {
  readonly kind: 'sum' | 'min' | 'max' | 'mean' | 'variance' | 'stddev' | 'distinct' | 'any' | 'all' | 'first' | 'last';
  readonly field: string;
}

/**
 * Reads two fields of an event: x and y, or the result of `minBy` and the field that it compares.
 */
export interface TwoFieldAggregatePlan extends AggregatePlanBase {
  readonly kind: 'covariance' | 'correlation' | 'minBy' | 'maxBy';
  readonly field: string;
  readonly second: string;
  readonly secondDomain: AggregateDomain;
}

/** Returns at most `parameter` values. */
export interface LengthAggregatePlan extends AggregatePlanBase {
  readonly kind: 'topK' | 'collect';
  readonly field: string;
  readonly parameter: number;
}

/** `parameter` is the rank, from 0 to 1. */
export interface QuantilePlan extends AggregatePlanBase {
  readonly kind: 'quantile';
  readonly field: string;
  readonly parameter: number;
}

/** `parameter` has the edges, in ascending order. */
export interface HistogramPlan extends AggregatePlanBase {
  readonly kind: 'histogram';
  readonly field: string;
  readonly parameter: readonly number[];
}

/** A custom aggregate, made by `defineAggregate`. */
export interface CustomAggregatePlan extends AggregatePlanBase {
  readonly kind: 'custom';
  readonly field: string;
  /** `name@version`. */
  readonly customId: string;
}
