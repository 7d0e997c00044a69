import type { AggregateKind } from '../definition/aggregate.ts';
import type { AggregatePlan } from '../plan.ts';

/** What a kind takes of an event: nothing but that it is there, or the value of a field, of a type; of some, that of a second field, too. */
export interface Takes {
  readonly value: 'nothing' | Taken;
  readonly second?: Taken;
  /** Its result depends on where events stand, in time and in the log. */
  readonly byPlace?: true;
}

export type Taken = 'numbers' | 'booleans' | 'scalars';

export const TAKES: Readonly<Record<AggregateKind, Takes>> = {
  count: { value: 'nothing' },
  sum: { value: 'numbers' },
  min: { value: 'numbers' },
  max: { value: 'numbers' },
  mean: { value: 'numbers' },
  variance: { value: 'numbers' },
  stddev: { value: 'numbers' },
  quantile: { value: 'numbers' },
  distinct: { value: 'scalars' },
  any: { value: 'booleans' },
  all: { value: 'booleans' },
  covariance: { value: 'numbers', second: 'numbers' },
  correlation: { value: 'numbers', second: 'numbers' },
  first: { value: 'scalars', byPlace: true },
  last: { value: 'scalars', byPlace: true },
  minBy: { value: 'scalars', second: 'scalars', byPlace: true },
  maxBy: { value: 'scalars', second: 'scalars', byPlace: true },
};

/** Whether the algebra's input is an `Observation`; otherwise it is the value itself. */
export function takesObservations({ kind }: Pick<AggregatePlan, 'kind'>): boolean {
  const { second, byPlace } = TAKES[kind];
  return second !== undefined || byPlace === true;
}
