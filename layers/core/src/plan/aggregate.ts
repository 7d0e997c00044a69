import type { ColumnType } from './column.ts';

/**
 * `domain` is the type of the values it takes: it decides whether sums are of integers or of
 * doubles.
 */
export interface AggregatePlan {
  readonly name: string;
  readonly kind: AggregateKind;
  readonly field: string | null;
  /** The second field of what takes two: y of a covariance, what `minBy` compares. */
  readonly second?: string;
  readonly where: string | null;
  readonly domain: AggregateDomain;
  /** The type of the second field. */
  readonly secondDomain?: AggregateDomain;
  /** Which quantile, how many values, which edges; absent where a kind has no parameter. */
  readonly parameter?: number | readonly number[];
  /** Name and version of an aggregate of somebody's own. */
  readonly own?: string;
}

export type AggregateDomain = Exclude<ColumnType, 'json'>;

export type AggregateKind =
  | 'count'
  | 'sum'
  | 'min'
  | 'max'
  | 'mean'
  | 'variance'
  | 'stddev'
  | 'quantile'
  | 'distinct'
  | 'any'
  | 'all'
  | 'covariance'
  | 'correlation'
  | 'first'
  | 'last'
  | 'minBy'
  | 'maxBy'
  | 'topK'
  | 'histogram'
  | 'collect'
  | 'own';
