import type { Scalar } from '@bifold/core/engine';
import { partitionPoint } from '@bifold/core/engine';
import type { Checked, Checks } from './checks.ts';

/** The limit of bins. The columns of a drift pipeline have room for no more. */
export const BINS_MAX = 20;

/**
 * The distribution of a feature, or of scores, over the training rows, in a few bins. Later values
 * are counted in the same bins.
 */
export type Distribution = NumberDistribution | CategoryDistribution;

/**
 * Counts of numbers below the first edge, between edges, and from the last edge on. There is one
 * count more than edges. Edges ascend, and a value on an edge belongs to the bin that begins there.
 */
export interface NumberDistribution {
  readonly type: 'number';
  readonly nulls: number;
  readonly edges: readonly number[];
  readonly counts: readonly number[];
}

/**
 * Counts of the most frequent values, and of all others in the last bin. There is one count more
 * than values.
 */
export interface CategoryDistribution {
  readonly type: 'category';
  readonly nulls: number;
  readonly values: readonly Scalar[];
  readonly counts: readonly number[];
}

/**
 * The distributions of the features over the training rows, and of the score over the held-out
 * rows.
 */
export interface Distributions {
  readonly features: readonly Distribution[];
  readonly score: Distribution;
}

/**
 * Returns a function that gives the bin of a value. It gives null for null, and for numbers that
 * are not finite.
 */
export function binOf(distribution: Distribution): (value: Scalar | null) => number | null {
  if (distribution.type === 'number') {
    const { edges } = distribution;
    return (value) => {
      const number = value === null ? Number.NaN : Number(value);
      return Number.isFinite(number)
        ? partitionPoint(edges.length, (index) => (edges[index] as number) <= number)
        : null;
    };
  }
  const { values } = distribution;
  // Compare as texts, like the inputs of a category.
  const places = new Map(values.map((value, index) => [String(value), index]));
  return (value) => (value === null ? null : (places.get(String(value)) ?? values.length));
}

/** Reads distributions in the format of training. */
export function readDistributions(place: string, value: unknown, features: number, checks: Checks, textLength: number) {
  const parts = checks.object(place, value);
  const read = (where: string, received: unknown) => readDistribution(where, received, checks, textLength);
  return {
    features: checks
      .list(`${place}.features`, parts.features, features, features)
      .map((each, index) => read(`${place}.features[${index}]`, each)),
    score: read(`${place}.score`, parts.score),
  };
}

function readDistribution(place: string, value: unknown, checks: Checks, textLength: number): Distribution {
  const parts = checks.object(place, value);
  const type = checks.oneOf(`${place}.type`, parts.type, ['number', 'category']);
  const nulls = countAt(`${place}.nulls`, parts.nulls, checks);
  if (type === 'number') {
    const edges = checks
      .list(`${place}.edges`, parts.edges, 0, BINS_MAX - 1)
      .map((edge, index) => checks.finite(`${place}.edges[${index}]`, edge));
    if (edges.some((edge, index) => index > 0 && (edges[index - 1] as number) >= edge))
      throw checks.refuse(`${place}.edges`, JSON.stringify(edges), 'numbers in ascending order');
    return { type, nulls, edges, counts: countsAt(place, parts, edges.length + 1, checks) };
  }
  const values = checks
    .list(`${place}.values`, parts.values, 0, BINS_MAX - 1)
    .map((each, index) => checks.scalar(`${place}.values[${index}]`, each, textLength));
  if (new Set(values.map(String)).size < values.length)
    throw checks.refuse(`${place}.values`, 'a value twice', 'each value once');
  return { type, nulls, values, counts: countsAt(place, parts, values.length + 1, checks) };
}

function countsAt(place: string, { counts }: Checked, bins: number, checks: Checks): readonly number[] {
  return checks
    .list(`${place}.counts`, counts, bins, bins)
    .map((each, index) => countAt(`${place}.counts[${index}]`, each, checks));
}

function countAt(place: string, value: unknown, checks: Checks): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw checks.refuse(place, JSON.stringify(value) ?? String(value), 'a whole number from 0 on');
}
