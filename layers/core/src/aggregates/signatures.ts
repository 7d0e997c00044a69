import type { AggregateKind, AggregatePlan } from '../plan/aggregate.ts';

/**
 * What a kind takes of an event: nothing but that it is there, or the value of a field, of a type;
 * of some, that of a second field, too.
 */
export interface AggregateSignature {
  readonly value: 'nothing' | InputKind;
  readonly second?: InputKind;
  readonly parameter?: keyof typeof PARAMETERS;
  /** Its result depends on where events stand, in time and in the log. */
  readonly byPlace?: true;
}

export type InputKind = 'numbers' | 'numbers or decimals' | 'booleans' | 'texts' | 'scalars';

const LENGTH_MAX = 1000;

/** What a parameter must be: `isAllowed` says yes or no, `allowed` says it in words. */
export const PARAMETERS = {
  rank: {
    allowed: "quantile('field', 0.95) with a rank from 0 to 1",
    isAllowed: (rank: unknown) => typeof rank === 'number' && rank >= 0 && rank <= 1,
  },
  length: {
    allowed: `topK('field', 10), collect('field', 10) with a whole number from 1 to ${LENGTH_MAX}`,
    isAllowed: (length: unknown) =>
      Number.isSafeInteger(length) && (length as number) >= 1 && (length as number) <= LENGTH_MAX,
  },
  edges: {
    allowed: `histogram('field', [0, 10, 60]) with 1 to ${LENGTH_MAX} finite edges in ascending order`,
    isAllowed: (edges: unknown) =>
      Array.isArray(edges) &&
      edges.length >= 1 &&
      edges.length <= LENGTH_MAX &&
      edges.every((edge, index) => Number.isFinite(edge) && (index === 0 || edges[index - 1] < edge)),
  },
} as const;

export const AGGREGATE_SIGNATURES: Readonly<Record<AggregateKind, AggregateSignature>> = {
  count: { value: 'nothing' },
  sum: { value: 'numbers or decimals' },
  min: { value: 'numbers or decimals' },
  max: { value: 'numbers or decimals' },
  mean: { value: 'numbers or decimals' },
  variance: { value: 'numbers' },
  stddev: { value: 'numbers' },
  quantile: { value: 'numbers', parameter: 'rank' },
  distinct: { value: 'scalars' },
  any: { value: 'booleans' },
  all: { value: 'booleans' },
  covariance: { value: 'numbers', second: 'numbers' },
  correlation: { value: 'numbers', second: 'numbers' },
  first: { value: 'scalars', byPlace: true },
  last: { value: 'scalars', byPlace: true },
  minBy: { value: 'scalars', second: 'scalars', byPlace: true },
  maxBy: { value: 'scalars', second: 'scalars', byPlace: true },
  topK: { value: 'scalars', parameter: 'length' },
  histogram: { value: 'numbers', parameter: 'edges' },
  collect: { value: 'scalars', parameter: 'length', byPlace: true },
  /** Its definition says what it takes. */
  own: { value: 'scalars' },
};

/** Whether the algebra's input is an `Observation`; otherwise it is the value itself. */
export function takesPositionedValues({ kind }: Pick<AggregatePlan, 'kind'>): boolean {
  const { second, byPlace } = AGGREGATE_SIGNATURES[kind];
  return second !== undefined || byPlace === true;
}
