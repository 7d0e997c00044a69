import {
  AGGREGATES,
  type AggregateFunction,
  type AggregateKind,
  type AnyAlgebra,
  algebraOf,
  descriptorOf,
  Reader,
  takesPositionedValues,
  Writer,
} from '@bifold/core/engine';
import fc from 'fast-check';
import { doubles, finiteDouble, safeInteger } from '../numbers.ts';
import { nearest, plainMean, plainSum, unitsOf } from './doubles.ts';

export type Domain = 'integer' | 'double' | 'boolean' | 'text' | 'timestamp' | 'decimal';
type Meaning = (values: readonly never[]) => unknown;

const QUANTILE = 0.75;
const EDGES = [-1e16, -2, 0, 0.5, 3, 1e300];
const PARAMETERS: Partial<Record<AggregateKind, number | readonly number[]>> = {
  quantile: QUANTILE,
  topK: 3,
  collect: 5,
  histogram: EDGES,
};
/**
 * The meaning of each kind, over plain lists. A new kind does not compile until it is stated here.
 */
const MEANING: Record<AggregateKind, Partial<Record<Domain, Meaning>>> = {
  count: { integer: (values) => values.length, double: (values) => values.length },
  sum: {
    integer: (values) => nearest(total(values), 1n),
    double: plainSum,
    decimal: (texts) => written(hundredths(texts)),
  },
  min: {
    integer: least,
    double: least,
    decimal: (texts: readonly string[]) => texts.toSorted((one, other) => Number(one) - Number(other))[0] ?? null,
  },
  max: {
    integer: greatest,
    double: greatest,
    decimal: (texts: readonly string[]) => texts.toSorted((one, other) => Number(other) - Number(one))[0] ?? null,
  },
  mean: {
    integer: (values) => (values.length === 0 ? null : nearest(total(values), BigInt(values.length))),
    double: plainMean,
    decimal: (texts) => plainDecimalMean(texts),
  },
  variance: { integer: plainVariance, double: plainVariance },
  stddev: { integer: plainDeviation, double: plainDeviation },
  quantile: { integer: ranked, double: ranked },
  distinct: { integer: different, double: different, boolean: different, text: different },
  any: { boolean: (values: readonly boolean[]) => (values.length === 0 ? null : values.includes(true)) },
  all: { boolean: (values: readonly boolean[]) => (values.length === 0 ? null : !values.includes(false)) },
  covariance: { double: plainCovariance },
  correlation: { double: plainCorrelation },
  first: { integer: (seen) => inOrder(seen)[0]?.value ?? null, text: (seen) => inOrder(seen)[0]?.value ?? null },
  last: {
    boolean: (seen) => inOrder(seen).at(-1)?.value ?? null,
    timestamp: (seen) => dateOf(inOrder(seen).at(-1)?.value),
  },
  minBy: { text: (seen) => inOrder(seen).sort(bySecond)[0]?.value ?? null },
  topK: {
    text: frequent,
    timestamp: (times) => frequent(times).map((each) => ({ ...each, value: dateOf(each.value) })),
  },
  histogram: { integer: counted, double: counted },
  collect: {
    text: (seen) =>
      inOrder(seen)
        .slice(0, 5)
        .map(({ value }) => value),
    timestamp: (seen) =>
      inOrder(seen)
        .slice(0, 5)
        .map(({ value }) => dateOf(value)),
  },
  // The author of a custom aggregate defines its meaning; `bifold check` tests its laws.
  custom: {},
  maxBy: { double: (seen) => inOrder(seen).sort((left, right) => bySecond(right, left))[0]?.value ?? null },
};
/** Kinds that are near to their meaning, and how near: a share of it, beside a number. */
const NEAR: Partial<Record<AggregateKind, readonly [share: number, by: number]>> = {
  // Below the normal doubles, there are no powers of two to divide.
  quantile: [1 / 256, 2 ** -1022],
};

export const NOWHERE = { timeMs: 0, partition: 0, offset: 0, second: null };
function written(hundredths: bigint): string {
  const magnitude = String(hundredths < 0n ? -hundredths : hundredths).padStart(3, '0');
  const fraction = magnitude.slice(-2).replace(/0+$/, '');
  return `${hundredths < 0n ? '-' : ''}${magnitude.slice(0, -2)}${fraction === '' ? '' : `.${fraction}`}`;
}
function hundredths(texts: readonly string[]): bigint {
  return texts.reduce((sum, each) => sum + BigInt(Math.round(Number(each) * 100)), 0n);
}
/** Rounds to 18 decimal places; sums of hundredths have fewer. */
function plainDecimalMean(texts: readonly string[]): string | null {
  if (texts.length === 0) return null;
  const [dividend, divisor] = [hundredths(texts) * 10n ** 16n, BigInt(texts.length)];
  let quotient = dividend / divisor;
  const left = 2n * (dividend % divisor);
  const [off, sign] = left < 0n ? [-left, -1n] : [left, 1n];
  if (off > divisor || (off === divisor && quotient % 2n !== 0n)) quotient += sign;
  const digits = String(quotient < 0n ? -quotient : quotient).padStart(19, '0');
  const fraction = digits.slice(-18).replace(/0+$/, '');
  return `${quotient < 0n ? '-' : ''}${digits.slice(0, -18)}${fraction === '' ? '' : `.${fraction}`}`;
}
type Seen = Readonly<Record<'timeMs' | 'partition' | 'offset', number>> & {
  readonly value: string | number | boolean;
  readonly second: number | null;
};
/**
 * The order of values: by time, partition, offset, then value. Texts are ordered by code points,
 * like their UTF-8 bytes.
 */
function inOrder(seen: readonly Seen[]): Seen[] {
  const ranks = ({ timeMs, partition, offset, value }: Seen): readonly number[] => [
    timeMs,
    partition,
    offset,
    ...(typeof value === 'string' ? Array.from(value, (each) => 1 + (each.codePointAt(0) as number)) : [Number(value)]),
  ];
  return seen.toSorted((left, right) => {
    const [one, other] = [ranks(left), ranks(right)];
    for (let index = 0; index < Math.max(one.length, other.length); index++)
      if (one[index] !== other[index]) return (one[index] ?? 0) < (other[index] ?? 0) ? -1 : 1;
    return 0;
  });
}
function bySecond(left: Seen, right: Seen): number {
  return (left.second as number) - (right.second as number);
}
function dateOf(value: unknown): string | null {
  return value === undefined ? null : new Date(value as number).toISOString();
}
/** `n * sum(x * y) - sum(x) * sum(y)`, in units of the smallest double, squared. */
function jointUnits(xs: readonly bigint[], ys: readonly bigint[]): bigint {
  const add = (values: readonly bigint[]): bigint => values.reduce((left, right) => left + right, 0n);
  return BigInt(xs.length) * add(xs.map((x, index) => x * (ys[index] as bigint))) - add(xs) * add(ys);
}
function units(seen: readonly Seen[]): readonly [xs: bigint[], ys: bigint[]] {
  return [seen.map(({ value }) => unitsOf(value as number)), seen.map(({ second }) => unitsOf(second as number))];
}
function plainCovariance(seen: readonly Seen[]): number | null {
  const n = BigInt(seen.length);
  return n < 2n ? null : nearest(jointUnits(...units(seen)), n * (n - 1n) * (1n << 2148n));
}
/** Fixed point, with more places than a double can have. */
function plainCorrelation(seen: readonly Seen[]): number | null {
  const [xs, ys] = units(seen);
  const both = jointUnits(xs, ys);
  const spreads = jointUnits(xs, xs) * jointUnits(ys, ys);
  if (spreads === 0n) return null;
  const places = 1400n;
  const square = ((both * both) << (2n * places)) / spreads;
  let root = 0n;
  for (let bit = places; bit >= 0n; bit--) if ((root | (1n << bit)) ** 2n <= square) root |= 1n << bit;
  return nearest(both < 0n ? -root : root, 1n << places);
}

function frequent(values: readonly (string | number)[]): { value: unknown; count: number }[] {
  const counts = [...new Set(inOrder(values.map((value) => ({ ...NOWHERE, value }))).map(({ value }) => value))];
  return counts
    .map((value) => ({ value, count: values.filter((each) => each === value).length }))
    .sort((one, other) => other.count - one.count)
    .slice(0, 3);
}
function counted(values: readonly number[]): number[] {
  const bounds = [Number.NEGATIVE_INFINITY, ...EDGES, Number.POSITIVE_INFINITY];
  return bounds
    .slice(1)
    .map((to, index) => values.filter((value) => value >= (bounds[index] as number) && value < to).length);
}

function ranked(values: readonly number[]): number | null {
  return values.toSorted((left, right) => left - right)[Math.floor(QUANTILE * (values.length - 1))] ?? null;
}
function different(values: readonly unknown[]): number {
  return new Set(values).size;
}
/** Fractions of whole numbers: all values in units of the smallest double. */
function plainVariance(values: readonly number[]): number | null {
  if (values.length < 2) return null;
  const units = values.map(unitsOf);
  const n = BigInt(units.length);
  const sum = units.reduce((left, right) => left + right, 0n);
  const squares = units.reduce((left, right) => left + right * right, 0n);
  return nearest(n * squares - sum * sum, n * (n - 1n) * (1n << 2148n));
}
function plainDeviation(values: readonly number[]): number | null {
  const squared = plainVariance(values);
  return squared === null ? null : Math.sqrt(squared);
}

function total(values: readonly number[]): bigint {
  return values.reduce((sum, value) => sum + BigInt(value), 0n);
}
function least(values: readonly number[]): number | null {
  return values.toSorted((left, right) => left - right)[0] ?? null;
}
function greatest(values: readonly number[]): number | null {
  return values.toSorted((left, right) => right - left)[0] ?? null;
}

const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', 'a', '\uffff', '\u{1f600}'));
/** Whole hundredths, as canonical text. */
const decimal = fc
  .oneof(fc.bigInt({ min: -(10n ** 14n), max: 10n ** 14n }), fc.bigInt({ min: -400n, max: 400n }))
  .map(written);
const time = fc.integer({ min: -8.64e15, max: 8.64e15 });
interface Inputs {
  readonly value: fc.Arbitrary<unknown>;
  readonly values: fc.Arbitrary<unknown[]>;
}
const VALUES: Record<Domain, Inputs> = {
  integer: { value: safeInteger, values: fc.array(safeInteger, { maxLength: 14 }) },
  double: { value: finiteDouble, values: doubles },
  boolean: { value: fc.boolean(), values: fc.array(fc.boolean(), { maxLength: 14 }) },
  decimal: { value: decimal, values: fc.array(decimal, { maxLength: 14 }) },
  text: { value: text, values: fc.array(text, { maxLength: 14 }) },
  timestamp: { value: time, values: fc.array(time, { maxLength: 14 }) },
};

export const few = fc.integer({ min: 0, max: 2 });
/**
 * Inputs of the kinds that need more than a value. There are few positions, so that some events
 * share one.
 */
function observations(kind: AggregateKind, domain: Domain): Inputs {
  const { second } = AGGREGATES[kind];
  const value = fc.record({
    timeMs: fc.oneof(few, time),
    partition: few,
    offset: fc.oneof(few, fc.maxSafeNat()),
    value: VALUES[domain].value,
    second: second === undefined ? fc.constant(null) : fc.oneof(few, finiteDouble),
  });
  return { value, values: fc.array(value, { maxLength: 14 }) };
}

export const cases = Object.entries(MEANING).flatMap(([kind, domains]) =>
  Object.entries(domains).map(([domain, meaning]) => ({
    name: `${kind} of ${domain}s`,
    algebra: algebraOf({ kind, domain, parameter: PARAMETERS[kind as AggregateKind] ?? 0 } as AggregateFunction),
    near: NEAR[kind as AggregateKind] ?? null,
    ...(takesPositionedValues(descriptorOf({ kind: kind as AggregateKind }))
      ? observations(kind as AggregateKind, domain as Domain)
      : VALUES[domain as Domain]),
    meaning: meaning as (values: readonly unknown[]) => unknown,
  })),
);

export const bytes = (algebra: AnyAlgebra, state: unknown): Buffer => {
  const writer = new Writer();
  algebra.encode(state, writer);
  return writer.take();
};
export const hex = (algebra: AnyAlgebra, state: unknown): string => bytes(algebra, state).toString('hex');
export const decoded = (algebra: AnyAlgebra, state: unknown): unknown => {
  const reader = new Reader(bytes(algebra, state));
  const again = algebra.decode(reader);
  reader.end();
  return again;
};
export const folded = (algebra: AnyAlgebra, values: readonly unknown[]): unknown =>
  values.reduce<unknown>((state, value) => algebra.add(state, value), algebra.empty);

/**
 * Folds the values by some grouping: pieces are added up, merged, or stored and read again on the
 * way.
 */
export function grouped(algebra: AnyAlgebra, values: readonly unknown[], choose: (below: number) => number): unknown {
  if (values.length === 0) return algebra.empty;
  if (values.length === 1 && choose(2) === 0) return algebra.lift(values[0]);
  if (choose(3) === 0) return folded(algebra, values);
  const cut = choose(values.length + 1);
  const [left, right] = [values.slice(0, cut), values.slice(cut)];
  if (left.length === 0 || right.length === 0) return decoded(algebra, folded(algebra, values));
  const state = algebra.merge(grouped(algebra, left, choose), grouped(algebra, right, choose));
  return choose(3) === 0 ? decoded(algebra, state) : state;
}
