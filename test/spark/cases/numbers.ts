import {
  count,
  definePipeline,
  distinct,
  max,
  mean,
  min,
  quantile,
  running,
  stddev,
  sum,
  tumbling,
  variance,
} from '@bifold/core';
import { randomOf } from '../../simulation/random.ts';
import type { Case, Row } from '../case.ts';
import { drawEvents, type Event, events, FIRST_MS, linesOf, viewOf } from '../events.ts';

const eventOf = (values: Partial<Event>): Event => ({
  at: FIRST_MS,
  key: 'a',
  n: null,
  x: null,
  flag: null,
  word: null,
  ...values,
});
const ofIntegers = (...numbers: readonly number[]) => linesOf(numbers.map((n) => eventOf({ n })));
const ofDoubles = (...numbers: readonly number[]) => linesOf(numbers.map((x) => eventOf({ x })));
/** A number as JavaScript would not write it. */
const written = (field: 'n' | 'x', text: string) =>
  JSON.stringify(eventOf({ [field]: 0 })).replace(`"${field}":0`, `"${field}":${text}`);

const integers = viewOf(running(), {
  n_all: count(),
  total: sum('n'),
  average: mean('n'),
  least: min('n'),
  most: max('n'),
});
const doubles = viewOf(running(), {
  n_all: count(),
  total: sum('x'),
  average: mean('x'),
  least: min('x'),
  most: max('x'),
});
const spread = viewOf(running(), { square: variance('x'), deviation: stddev('x'), whole: variance('n') });
const LARGEST = Number.MAX_SAFE_INTEGER;
/** The sum of this number of largest safe integers exceeds a long. */
const BEYOND_LONG = 1_026;

/** The same rows, with another value of one aggregate. */
const withValue =
  (name: string, value: number) =>
  (rows: readonly Row[]): readonly Row[] =>
    rows.map((row) => ({ ...row, values: { ...row.values, [name]: value } }));

export function numberCases(seed: number): readonly Case[] {
  const drawn = (name: string) => drawEvents(randomOf(seed, name), { count: 200 });
  const beyond = BigInt(LARGEST) * BigInt(BEYOND_LONG);
  const ill = randomOf(seed, 'ill-conditioned');
  return [
    {
      name: 'integers: a sum beyond 2^53, which a long keeps',
      pipeline: integers,
      batches: [ofIntegers(LARGEST, LARGEST, 1, LARGEST - 1, -5)],
    },
    {
      name: 'integers: a sum beyond 2^63',
      pipeline: viewOf(running(), { n_all: count(), total: sum('n') }),
      batches: [ofIntegers(...Array.from({ length: BEYOND_LONG }, () => LARGEST))],
      differs: {
        why: 'beyond 2^63 the sum of longs wraps around in Spark (unless spark.sql.ansi.enabled), and is exact in Bifold at any size',
        becomes: withValue('total', Number(BigInt.asIntN(64, beyond))),
      },
    },
    {
      name: 'integers: a record with one beyond 2^53',
      pipeline: viewOf(running(), { n_all: count(), least: min('n') }),
      batches: [[...ofIntegers(1, 2, 3), written('n', '9007199254740993')]],
      quarantined: { invalid: 1 },
      differs: {
        why: 'an integer beyond 2^53 - 1 is no number of JSON that every reader keeps: Bifold sets the record aside, as invalid; Spark keeps it as a long',
        folded: ofIntegers(1, 2, 3, LARGEST),
      },
    },
    {
      name: 'integers: written as 5.0',
      pipeline: integers,
      batches: [[...ofIntegers(1, 2), written('n', '5.0')]],
      differs: {
        why: '5.0 is the whole number 5 to JSON Schema and to Bifold; Spark reads a column of longs as null there',
        folded: [...ofIntegers(1, 2), ...linesOf([eventOf({})])],
      },
    },
    { name: 'doubles: a sum that Spark rounds away', pipeline: doubles, batches: [ofDoubles(1e16, 1, -1e16, 1)] },
    { name: 'doubles: ten times a tenth', pipeline: doubles, batches: [ofDoubles(...Array(10).fill(0.1))] },
    {
      name: 'doubles: the smallest with large ones',
      pipeline: doubles,
      batches: [ofDoubles(5e-324, 8e307, -8e307, 2.2250738585072014e-308)],
    },
    {
      name: 'doubles: a sum that passes beyond the largest',
      pipeline: viewOf(running(), { n_all: count(), total: sum('x') }),
      batches: [ofDoubles(1.7976931348623157e308, 1.7976931348623157e308, -1.7976931348623157e308)],
      differs: {
        why: 'a sum of doubles that passes beyond the largest is infinite in Spark from then on; in Bifold it is exact, and finite when its end is',
        becomes: withValue('total', Number.POSITIVE_INFINITY),
      },
    },
    {
      name: '-0.0 as a value',
      pipeline: doubles,
      batches: [[written('x', '-0.0'), ...ofDoubles(0), written('x', '-0.0')]],
    },
    {
      name: '-0.0 as a key',
      pipeline: definePipeline({
        name: 'zeros',
        from: events,
        groupBy: ['x'],
        windows: { w: tumbling('1h') },
        aggregates: { n_all: count() },
      }),
      batches: [[written('x', '-0.0'), ...ofDoubles(0, 1), written('x', '0e5')]],
    },
    {
      name: 'variance: far from zero, close together',
      pipeline: spread,
      batches: [
        linesOf(Array.from({ length: 100 }, () => eventOf({ x: 1e9 + ill.next(), n: 2 ** 40 + ill.below(9) }))),
      ],
    },
    { name: 'variance: of equal numbers', pipeline: spread, batches: [ofDoubles(0.1, 0.1, 0.1)] },
    { name: 'variance: of one', pipeline: spread, batches: [linesOf([eventOf({ x: 3, n: 3 })])] },
    {
      name: 'quantiles and distinct counts of many equal numbers',
      pipeline: viewOf(running(), { low: quantile('n', 0.1), middle: quantile('n', 0.5), numbers: distinct('n') }),
      batches: [linesOf(drawn('equal').map((event) => ({ ...event, n: event.n === null ? null : event.n % 3 })))],
    },
    {
      name: 'distinct counts of many numbers',
      pipeline: viewOf(running(), { numbers: distinct('n'), halves: distinct('x') }),
      batches: [linesOf(Array.from({ length: 900 }, (_, n) => eventOf({ n: n % 700, x: n / 2 })))],
    },
    {
      name: 'aggregates of nothing but nulls',
      pipeline: viewOf(running(), {
        n_all: count(),
        total: sum('n'),
        doubles: sum('x'),
        average: mean('x'),
        least: min('n'),
        square: variance('x'),
        middle: quantile('x', 0.5),
        words: distinct('word'),
      }),
      batches: [linesOf([eventOf({}), eventOf({}), eventOf({ key: null })])],
    },
  ];
}
