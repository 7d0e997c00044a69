import type { AggregateKind, AggregatePlan } from '../plan/aggregate.ts';
import type { ColumnType } from '../plan/column.ts';
import type { AggregateDescriptor, AggregateFunction, AnyAlgebra } from './descriptor.ts';
import { all, any } from './kinds/any-all.ts';
import { collect } from './kinds/collect.ts';
import { count } from './kinds/count.ts';
import { correlation, covariance } from './kinds/covariance.ts';
import { custom } from './kinds/custom.ts';
import { distinct } from './kinds/distinct.ts';
import { first, last, maxBy, minBy } from './kinds/first-last.ts';
import { histogram } from './kinds/histogram.ts';
import { mean } from './kinds/mean.ts';
import { max, min } from './kinds/min-max.ts';
import { quantile } from './kinds/quantile.ts';
import { sum } from './kinds/sum.ts';
import { topK } from './kinds/top-k.ts';
import { stddev, variance } from './kinds/variance.ts';

/** Every kind of aggregate, in the order in which errors list them. */
export const AGGREGATES: { readonly [Kind in AggregateKind]: AggregateDescriptor<Kind> } = {
  count,
  sum,
  min,
  max,
  mean,
  variance,
  stddev,
  quantile,
  distinct,
  any,
  all,
  covariance,
  correlation,
  first,
  last,
  minBy,
  maxBy,
  topK,
  histogram,
  collect,
  custom,
};

/** The descriptor of an aggregate's kind. */
export function descriptorOf({ kind }: Pick<AggregatePlan, 'kind'>): AggregateDescriptor {
  return AGGREGATES[kind];
}

export function algebraOf(aggregate: AggregateFunction): AnyAlgebra {
  return descriptorOf(aggregate).algebra(aggregate);
}

/** The type of a column of results. A cell of type `json` holds the text. */
export function resultTypeOf(aggregate: AggregateFunction): ColumnType {
  return descriptorOf(aggregate).output(aggregate);
}
