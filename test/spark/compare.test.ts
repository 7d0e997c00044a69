import { count, distinct, max, mean, quantile, stddev, sum, tumbling, variance } from '@bifold/core';
import { describe, expect, it } from '@jest/globals';
import { compareRows, type SparkRow } from './compare.ts';
import { viewOf } from './events.ts';

const { plan } = viewOf(tumbling('1h'), {
  records: count(),
  whole: sum('n'),
  total: sum('x'),
  average: mean('x'),
  most: max('x'),
  square: variance('x'),
  deviation: stddev('x'),
  middle: quantile('x', 0.5),
  words: distinct('word'),
});

const place = { key: ['a'], startMs: 0, endMs: 3_600_000 };
const X = [0.1, 0.2, 0.3];
const own = {
  ...place,
  values: {
    records: 3,
    whole: 9_007_199_254_740_992,
    total: 0.6,
    average: 0.2,
    most: 0.3,
    square: 0.01,
    deviation: 0.1,
    middle: 0.2,
    words: 100,
  },
};
const made = Object.fromEntries(
  ['total', 'average', 'square', 'deviation', 'middle'].map((name) => [`${name}__values`, X]),
);
const spark: SparkRow = {
  ...place,
  values: { ...own.values, ...made, words__exact: 100, whole: 9_007_199_254_740_993n, total: 0.1 + 0.2 + 0.3 },
};
const withValues = (values: SparkRow['values']): SparkRow => ({ ...spark, values: { ...spark.values, ...values } });
const differences = (...rows: readonly SparkRow[]) => compareRows(plan, [own], rows).differences;

describe('a result of Spark and its own', () => {
  it('are equal when Spark has but rounded otherwise, which is counted', () => {
    const { differences: told, remarks } = compareRows(plan, [own], [spark]);
    expect(told).toEqual([]);
    expect([...remarks]).toEqual([['numbers that Spark rounds otherwise', 1]]);
  });

  it.each<[string, SparkRow['values'], string]>([
    ['a count', { records: 4 }, 'records: 3, in Spark 4'],
    ['a sum of integers, by the next double', { whole: 9_007_199_254_740_994n }, 'whole: '],
    ['a sum of doubles, beyond its rounding', { total: 0.600_000_000_000_001 }, 'total: '],
    ['a sum of doubles that is infinite', { total: Number.POSITIVE_INFINITY }, 'total: '],
    ['a sum that is null though there is one', { total: null }, 'total: 0.6, in Spark null'],
    ['a mean', { average: 0.200_000_000_000_001 }, 'average: '],
    ['an extreme, in its last bit', { most: 0.3 + 2 ** -54 }, 'most: '],
    ['an extreme that is null', { most: null }, 'most: 0.3, in Spark null'],
    ['a variance', { square: 0.010_000_000_000_1 }, 'square: '],
    ['a deviation', { deviation: 0.100_000_000_001 }, 'deviation: '],
    ['a quantile that is no value of the group', { middle: 0.21 }, 'middle: '],
    ['a quantile that is off in Bifold', { middle__values: [0.1, 0.2, 0.21, 0.22, 0.23] }, 'middle: '],
    ['a distinct count, off in Spark', { words: 121 }, 'words: '],
    ['a distinct count, off in Bifold', { words__exact: 107 }, 'words: '],
  ])('differ in %s', (_, values, said) => {
    expect(differences(withValues(values))).toEqual([expect.stringContaining(`["a"] from 0 ${said}`)]);
  });

  it('differ in rows that one of them lacks, or has twice, and in where a window ends', () => {
    expect(differences()).toEqual([expect.stringContaining('["a"] from 0 is in Bifold alone')]);
    expect(differences(spark, { ...spark, key: ['b'] })).toEqual([
      expect.stringContaining('["b"] from 0 is in Spark alone'),
    ]);
    expect(differences(spark, spark)).toEqual(['["a"] from 0 comes twice in Spark']);
    expect(differences({ ...spark, endMs: 1 })).toEqual(['["a"] from 0 ends at 3600000, in Spark at 1']);
  });

  it('may both be nothing: a sum of nothing is 0, and null in Spark', () => {
    const nothing = { ...own, values: { ...own.values, total: 0 } };
    const { differences: told, remarks } = compareRows(plan, [nothing], [withValues({ total: null })]);
    expect(told).toEqual([]);
    expect([...remarks]).toEqual([['sums of nothing: 0, and null in Spark', 1]]);
  });
});
