import { partitionPoint } from '../../search.ts';
import type { Algebra } from '../algebra.ts';
import type { AggregateDescriptor } from '../descriptor.ts';
import { EDGES } from '../parameters.ts';
import { countAlgebra } from './count.ts';

/**
 * Counts of the numbers below the first edge, from each edge to the next, and from the last edge
 * on. Edges ascend, and there is one count more than edges. An edge belongs to the interval that
 * begins there.
 */
function countsBetween(edges: readonly number[]): Algebra<readonly number[] | null, readonly number[]> {
  const zeros: readonly number[] = Array(edges.length + 1).fill(0);
  const placeOf = (value: number): number => partitionPoint(edges.length, (index) => (edges[index] as number) <= value);
  const increased = (counts: number[], value: number): number[] => {
    const place = placeOf(value);
    counts[place] = (counts[place] as number) + 1;
    return counts;
  };
  return {
    empty: null,
    lift: (value) => increased([...zeros], value),
    add: (state, value) => increased([...(state ?? zeros)], value),
    addOwned: (state, value) => increased((state as number[] | null) ?? [...zeros], value),
    merge: (left, right) =>
      left === null || right === null
        ? (left ?? right)
        : left.map((numbers, place) => numbers + (right[place] as number)),
    present: (state) => state ?? zeros,
    encode: (state, writer) => {
      for (const numbers of state ?? zeros) countAlgebra.encode(numbers, writer);
    },
    decode: (reader) => {
      const counts = zeros.map(() => countAlgebra.decode(reader));
      return counts.every((numbers) => numbers === 0) ? null : counts;
    },
  };
}

export const histogram: AggregateDescriptor<'histogram'> = {
  kind: 'histogram',
  input: 'numbers',
  parameter: EDGES,
  output: () => 'json',
  algebra: ({ parameter }) => countsBetween(parameter),
};
