import type { AggregateDomain } from '../../plan/aggregate.ts';
import type { ColumnType } from '../../plan/column.ts';
import type { Algebra } from '../algebra.ts';
import type { AggregateDescriptor } from '../descriptor.ts';
import {
  comparatorOf,
  comparePositionedValues,
  type PositionedValue,
  type Present,
  readPositionedValue,
  writePositionedValue,
} from '../positioned-value.ts';
import { formatValue } from '../result.ts';

/**
 * Keeps the least value by `precedes`, a comparator. It is a total order over distinct values, so
 * the result does not depend on the order of arrival.
 */
function leastBy(
  precedes: (left: PositionedValue, right: PositionedValue) => number,
  domain: AggregateDomain,
): Algebra<PositionedValue | null, Present | null, PositionedValue> {
  const merge = (left: PositionedValue | null, right: PositionedValue | null): PositionedValue | null =>
    left === null || right === null ? (left ?? right) : precedes(right, left) < 0 ? right : left;
  return {
    empty: null,
    lift: (observation) => observation,
    add: merge,
    merge,
    present: (state) => (state === null ? null : formatValue(domain, state.value)),
    encode: (state, writer) => {
      writer.byte(state === null ? 0 : 1);
      if (state !== null) writePositionedValue(state, writer);
    },
    decode: (reader) => (reader.byte() === 0 ? null : readPositionedValue(reader)),
  };
}

const latest = (left: PositionedValue, right: PositionedValue): number => comparePositionedValues(right, left);
function by(domain: AggregateDomain): (left: PositionedValue, right: PositionedValue) => number {
  const compare = comparatorOf(domain);
  return (left, right) => compare(left.second as Present, right.second as Present);
}

/** Times are shown as text. */
const shownType = ({ domain }: { readonly domain: AggregateDomain }): ColumnType =>
  domain === 'timestamp' ? 'text' : domain;

/** The value of the earliest event that has one; null over no values. */
export const first: AggregateDescriptor<'first'> = {
  kind: 'first',
  input: 'scalars',
  usesPosition: true,
  output: shownType,
  algebra: ({ domain }) => leastBy(comparePositionedValues, domain),
};

/** The value of the latest event that has one; null over no values. */
export const last: AggregateDescriptor<'last'> = {
  kind: 'last',
  input: 'scalars',
  usesPosition: true,
  output: shownType,
  algebra: ({ domain }) => leastBy(latest, domain),
};

/** The value of the event whose second value is the smallest, the earliest of several. */
export const minBy: AggregateDescriptor<'minBy'> = {
  kind: 'minBy',
  input: 'scalars',
  second: 'scalars',
  usesPosition: true,
  output: shownType,
  algebra: ({ domain, secondDomain }) => {
    const compare = by(secondDomain);
    return leastBy((left, right) => compare(left, right) || comparePositionedValues(left, right), domain);
  },
};

/** The value of the event whose second value is the largest, the earliest of several. */
export const maxBy: AggregateDescriptor<'maxBy'> = {
  kind: 'maxBy',
  input: 'scalars',
  second: 'scalars',
  usesPosition: true,
  output: shownType,
  algebra: ({ domain, secondDomain }) => {
    const compare = by(secondDomain);
    return leastBy((left, right) => compare(right, left) || comparePositionedValues(left, right), domain);
  },
};
