import type { AggregateParameter } from './descriptor.ts';

const LENGTH_MAX = 1000;

/** The greatest number of values in a result. */
export const LENGTH: AggregateParameter = {
  allowed: `topK('field', 10), collect('field', 10) with a whole number from 1 to ${LENGTH_MAX}`,
  isAllowed: (length) => Number.isSafeInteger(length) && (length as number) >= 1 && (length as number) <= LENGTH_MAX,
};

/** The edges between the counts of a histogram. */
export const EDGES: AggregateParameter = {
  allowed: `histogram('field', [0, 10, 60]) with 1 to ${LENGTH_MAX} finite edges in ascending order`,
  isAllowed: (edges) =>
    Array.isArray(edges) &&
    edges.length >= 1 &&
    edges.length <= LENGTH_MAX &&
    edges.every((edge, index) => Number.isFinite(edge) && (index === 0 || edges[index - 1] < edge)),
};
