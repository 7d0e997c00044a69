import {
  AGGREGATES,
  type AggregateFunction,
  type AggregateKind,
  type AnyAlgebra,
  adderOf,
  algebraOf,
  CodecError,
  descriptorOf,
  Reader,
  takesPositionedValues,
  Writer,
} from '@bifold/core/engine';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { nearest, plainMean, plainSum, unitsOf } from './doubles.ts';
import { choices, doubles, finiteDouble, safeInteger, shuffled } from './numbers.ts';

type Domain = 'integer' | 'double' | 'boolean' | 'text' | 'timestamp' | 'decimal';
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
  own: {},
  maxBy: { double: (seen) => inOrder(seen).sort((left, right) => bySecond(right, left))[0]?.value ?? null },
};
/** Kinds that are near to their meaning, and how near: a share of it, beside a number. */
const NEAR: Partial<Record<AggregateKind, readonly [share: number, by: number]>> = {
  // Below the normal doubles, there are no powers of two to divide.
  quantile: [1 / 256, 2 ** -1022],
};

const NOWHERE = { timeMs: 0, partition: 0, offset: 0, second: null };
function written(hundredths: bigint): string {
  const magnitude = String(hundredths < 0n ? -hundredths : hundredths).padStart(3, '0');
  const fraction = magnitude.slice(-2).replace(/0+$/, '');
  return `${hundredths < 0n ? '-' : ''}${magnitude.slice(0, -2)}${fraction === '' ? '' : `.${fraction}`}`;
}
function hundredths(texts: readonly string[]): bigint {
  return texts.reduce((sum, each) => sum + BigInt(Math.round(Number(each) * 100)), 0n);
}
/** To 18 digits behind the point: those of a sum of hundredths are fewer. */
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
 * By time, partition, offset, value: texts by their code points, as their UTF-8 bytes are ordered.
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
/** In fixed point, with more places than a double can have. */
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
/** In fractions of whole numbers: all values in units of the smallest double. */
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

const few = fc.integer({ min: 0, max: 2 });
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

const cases = Object.entries(MEANING).flatMap(([kind, domains]) =>
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

const bytes = (algebra: AnyAlgebra, state: unknown): Buffer => {
  const writer = new Writer();
  algebra.encode(state, writer);
  return writer.take();
};
const hex = (algebra: AnyAlgebra, state: unknown): string => bytes(algebra, state).toString('hex');
const decoded = (algebra: AnyAlgebra, state: unknown): unknown => {
  const reader = new Reader(bytes(algebra, state));
  const again = algebra.decode(reader);
  reader.end();
  return again;
};
const folded = (algebra: AnyAlgebra, values: readonly unknown[]): unknown =>
  values.reduce<unknown>((state, value) => algebra.add(state, value), algebra.empty);

/**
 * Folds the values by some grouping: pieces are added up, merged, or stored and read again on the
 * way.
 */
function grouped(algebra: AnyAlgebra, values: readonly unknown[], choose: (below: number) => number): unknown {
  if (values.length === 0) return algebra.empty;
  if (values.length === 1 && choose(2) === 0) return algebra.lift(values[0]);
  if (choose(3) === 0) return folded(algebra, values);
  const cut = choose(values.length + 1);
  const [left, right] = [values.slice(0, cut), values.slice(cut)];
  if (left.length === 0 || right.length === 0) return decoded(algebra, folded(algebra, values));
  const state = algebra.merge(grouped(algebra, left, choose), grouped(algebra, right, choose));
  return choose(3) === 0 ? decoded(algebra, state) : state;
}

describe.each(cases)('$name', ({ algebra, value, values, meaning, near }) => {
  it('merges associatively', () => {
    fc.assert(
      fc.property(values, values, values, (a, b, c) => {
        const [x, y, z] = [folded(algebra, a), folded(algebra, b), folded(algebra, c)];
        expect(hex(algebra, algebra.merge(algebra.merge(x, y), z))).toBe(
          hex(algebra, algebra.merge(x, algebra.merge(y, z))),
        );
      }),
    );
  });

  it('merges commutatively', () => {
    fc.assert(
      fc.property(values, values, (a, b) => {
        const [x, y] = [folded(algebra, a), folded(algebra, b)];
        expect(hex(algebra, algebra.merge(x, y))).toBe(hex(algebra, algebra.merge(y, x)));
      }),
    );
  });

  it('has empty as identity', () => {
    fc.assert(
      fc.property(values, (a) => {
        const state = folded(algebra, a);
        expect(hex(algebra, algebra.merge(algebra.empty, state))).toBe(hex(algebra, state));
        expect(hex(algebra, algebra.merge(state, algebra.empty))).toBe(hex(algebra, state));
      }),
    );
  });

  it('adds as it merges what it lifts', () => {
    fc.assert(
      fc.property(values, value, (a, next) => {
        const state = folded(algebra, a);
        expect(hex(algebra, algebra.add(state, next))).toBe(hex(algebra, algebra.merge(state, algebra.lift(next))));
      }),
    );
  });

  it('adds in place as it adds, and leaves empty as it is', () => {
    if (algebra.addOwned) expect(algebra.empty === null || typeof algebra.empty !== 'object').toBe(true);
    fc.assert(
      fc.property(values, (a) => {
        const state = a.reduce<unknown>(adderOf(algebra), algebra.empty);
        expect(hex(algebra, state)).toBe(hex(algebra, folded(algebra, a)));
        // The reader of a state from the database is its owner.
        const again = a.reduce<unknown>(adderOf(algebra), decoded(algebra, state));
        expect(hex(algebra, again)).toBe(hex(algebra, algebra.merge(folded(algebra, a), folded(algebra, a))));
      }),
    );
  });

  it('decodes what it encodes', () => {
    fc.assert(
      fc.property(values, (a) => {
        const state = folded(algebra, a);
        const again = decoded(algebra, state);
        expect(hex(algebra, again)).toBe(hex(algebra, state));
        expect(algebra.present(again)).toEqual(algebra.present(state));
      }),
    );
  });

  it('gives equal bytes and the plain meaning for equal values, in any order and grouping', () => {
    fc.assert(
      fc.property(values, fc.integer(), (a, seed) => {
        const choose = choices(seed);
        const state = grouped(algebra, shuffled(a, choose), choose);
        expect(hex(algebra, state)).toBe(hex(algebra, folded(algebra, a)));
        const [shown, wanted] = [algebra.present(state), meaning(a)];
        if (near === null || typeof wanted !== 'number') expect(shown).toEqual(wanted);
        else expect(Math.abs((shown as number) - wanted)).toBeLessThanOrEqual(Math.abs(wanted) * near[0] + near[1]);
      }),
      { numRuns: 400 },
    );
  });

  it('refuses every shorter cell, and bytes left over', () => {
    fc.assert(
      fc.property(values, (a) => {
        const whole = bytes(algebra, folded(algebra, a));
        const codeOf = (cell: Uint8Array): unknown => {
          try {
            const reader = new Reader(cell);
            algebra.decode(reader);
            reader.end();
            return 'read';
          } catch (error) {
            return error instanceof CodecError ? error.code : error;
          }
        };
        const shorter = Array.from(whole, (_, length) => codeOf(whole.subarray(0, length)));
        expect(shorter.filter((code) => code !== 'BIFOLD_BAD_CELL')).toEqual([]);
        expect(codeOf(Buffer.concat([whole, Buffer.of(0)]))).toBe('BIFOLD_BAD_CELL');
      }),
      { numRuns: 50 },
    );
  });
});

// Stored bytes outlive the code that wrote them: they may change only together with the storage
// format of a plan.
describe('the bytes of a stored state', () => {
  it.each<{ kind: AggregateKind; domain: Domain; values: readonly number[]; hex: string }>([
    { kind: 'count', domain: 'integer', values: [], hex: '00' },
    { kind: 'count', domain: 'double', values: [5, 0.5], hex: '02' },
    { kind: 'sum', domain: 'integer', values: [], hex: '0000' },
    { kind: 'sum', domain: 'integer', values: [-3, 1], hex: '010102' },
    { kind: 'sum', domain: 'double', values: [], hex: '000000000000000000' },
    { kind: 'sum', domain: 'double', values: [-3, 1], hex: '00c000000000000000' },
    // 2^53 + 1 is no double: exponent 0 + 2048, mantissa 0x20000000000001.
    { kind: 'sum', domain: 'double', values: [2 ** 53, 1], hex: '018010000720000000000001' },
    { kind: 'min', domain: 'integer', values: [], hex: '00' },
    { kind: 'min', domain: 'integer', values: [2, 1], hex: '013ff0000000000000' },
    { kind: 'max', domain: 'double', values: [1, 2], hex: '014000000000000000' },
    { kind: 'mean', domain: 'integer', values: [-3, 1], hex: '02010102' },
    { kind: 'mean', domain: 'double', values: [-3, 1], hex: '0200c000000000000000' },
  ])('$kind of $domains, of $values: $hex', ({ kind, domain, values, hex: stored }) => {
    const algebra = algebraOf({ kind, domain } as AggregateFunction);
    expect(hex(algebra, folded(algebra, values))).toBe(stored);
  });
});

describe('decimals', () => {
  const seen = ['10', '-3', '9.5'].map((second, offset) => ({ ...NOWHERE, offset, value: second, second }));

  it('are compared by size, not as texts', () => {
    const least = algebraOf({ kind: 'minBy', domain: 'text', secondDomain: 'decimal' });
    const most = algebraOf({ kind: 'maxBy', domain: 'text', secondDomain: 'decimal' });
    expect([least, most].map((algebra) => algebra.present(folded(algebra, seen)))).toEqual(['-3', '10']);
    const often = algebraOf({ kind: 'topK', domain: 'decimal', parameter: 3 });
    expect(often.present(folded(often, ['10', '-3', '9.5']))).toEqual(
      ['-3', '9.5', '10'].map((value) => ({ value, count: 1 })),
    );
  });
});

it('a stored value of no type is refused', () => {
  const algebra = algebraOf({ kind: 'topK', domain: 'text', parameter: 3 });
  // One value, of type 9, that came once.
  expect(() => algebra.decode(new Reader(Buffer.of(1, 1, 9, 1)))).toThrow(CodecError);
});

describe('what is bounded', () => {
  const place = { timeMs: 0, partition: 0, offset: 0, second: null };
  const manyTexts = fc.array(
    fc.record({
      timeMs: few,
      partition: few,
      offset: few,
      second: fc.constant(null),
      value: fc
        .tuple(fc.constantFrom(1, 9_000, 20_000, 65_000), fc.constantFrom('a', 'b', 'é'))
        .map(([size, of]) => of.repeat(size)),
    }),
    { maxLength: 12 },
  );

  it('counts up to 4,096 values, and says so when there are more', () => {
    const algebra = algebraOf({ kind: 'topK', domain: 'integer', parameter: 1 });
    const most = folded(
      algebra,
      Array.from({ length: 4096 }, (_, index) => index),
    );
    expect(algebra.present(algebra.add(most, 7))).toEqual([{ value: 7, count: 2 }]);
    const more = algebra.add(most, 4096);
    expect(algebra.present(more)).toBeNull();
    // Too many stay too many, whatever is merged.
    expect(algebra.present(algebra.merge(algebra.empty, decoded(algebra, algebra.add(more, 7))))).toBeNull();
  });

  it('counts texts up to 64 KiB', () => {
    const algebra = algebraOf({ kind: 'topK', domain: 'text', parameter: 9 });
    const long = folded(algebra, ['é'.repeat(32_767), 'aa', 'aa']);
    expect(algebra.present(long)).toHaveLength(2);
    expect(algebra.present(algebra.add(long, 'b'))).toBeNull();
  });

  it.each(['topK', 'collect'] as const)('%s is the same in any grouping, also where it is too much', (kind) => {
    const algebra = algebraOf({ kind, domain: 'text', parameter: 4 });
    let tooMuch = 0;
    let runs = 0;
    fc.assert(
      fc.property(manyTexts, fc.integer(), (seen, seed) => {
        const choose = choices(seed);
        const inputs: readonly unknown[] = kind === 'topK' ? seen.map(({ value }) => value) : seen;
        const state = grouped(algebra, shuffled(inputs, choose), choose);
        expect(hex(algebra, state)).toBe(hex(algebra, folded(algebra, inputs)));
        runs++;
        if (algebra.present(state) === null) tooMuch++;
      }),
      { numRuns: 1000 },
    );
    expect(tooMuch).toBeGreaterThan(runs / 10);
  });

  it('collects 64 KiB, and no byte more', () => {
    const algebra = algebraOf({ kind: 'collect', domain: 'text', parameter: 2 });
    // A value takes 24 bytes beside its own.
    const [all, more] = [65_512, 65_513].map((size) =>
      algebra.present(folded(algebra, [{ ...place, value: 'a'.repeat(size) }])),
    );
    expect(all).toHaveLength(1);
    expect(more).toBeNull();
  });

  it('collects what comes before what is too much, once there is enough of it', () => {
    const algebra = algebraOf({ kind: 'collect', domain: 'text', parameter: 2 });
    const long = folded(algebra, [{ ...place, timeMs: 5, value: 'a'.repeat(70_000) }]);
    const one = algebra.add(long, { ...place, timeMs: 2, value: 'b' });
    expect([long, one].map(algebra.present)).toEqual([null, null]);
    expect(algebra.present(algebra.add(one, { ...place, timeMs: 3, value: 'c' }))).toEqual(['b', 'c']);
  });

  it('keeps no more of a log in its order than it shows', () => {
    const algebra = algebraOf({ kind: 'collect', domain: 'integer', parameter: 3 });
    const seen = Array.from({ length: 50 }, (_, offset) => ({ ...place, offset, value: offset }));
    expect(bytes(algebra, folded(algebra, seen))).toEqual(bytes(algebra, folded(algebra, seen.slice(0, 3))));
  });
});

describe('sums of doubles that rounding usually spoils', () => {
  const { MAX_VALUE } = Number;
  const TINY = 2 ** -1074;
  it.each([
    { values: [1e16, 1, -1e16], sum: 1 },
    { values: Array<number>(10).fill(0.1), sum: 1 },
    { values: [MAX_VALUE, MAX_VALUE, -MAX_VALUE], sum: MAX_VALUE },
    { values: [MAX_VALUE, MAX_VALUE, -MAX_VALUE, -MAX_VALUE], sum: 0 },
    { values: [MAX_VALUE, MAX_VALUE], sum: Number.POSITIVE_INFINITY },
    { values: [-MAX_VALUE, -MAX_VALUE], sum: Number.NEGATIVE_INFINITY },
    // The sum of the two is finite, but a step of the error-free sum is not.
    { values: [MAX_VALUE, -1.5 * 2 ** 971], sum: MAX_VALUE - 2 ** 971 },
    { values: [-1.5 * 2 ** 971, MAX_VALUE], sum: MAX_VALUE - 2 ** 971 },
    { values: [MAX_VALUE, 2 ** 969], sum: MAX_VALUE },
    { values: [MAX_VALUE, 2 ** 970], sum: Number.POSITIVE_INFINITY },
    { values: [TINY, TINY, -TINY], sum: TINY },
    { values: [1, TINY, -1], sum: TINY },
    { values: [1, 2 ** -53], sum: 1 },
    { values: [1, 2 ** -53, TINY], sum: 1 + 2 ** -52 },
    { values: [MAX_VALUE, TINY, -MAX_VALUE], sum: TINY },
    { values: [], sum: 0 },
  ])('$values', ({ values, sum }) => {
    const algebra = algebraOf({ kind: 'sum', domain: 'double' });
    expect(plainSum(values)).toBe(sum);
    expect(algebra.present(folded(algebra, values))).toBe(sum);
  });

  it.each([
    // Components 1 and 1024.
    { values: [2 ** 60, 1, 1024 - 2 ** 60], one: 1025 },
    // Once beyond the largest double, and back.
    { values: [MAX_VALUE, MAX_VALUE, -MAX_VALUE], one: MAX_VALUE },
    { values: [MAX_VALUE, MAX_VALUE, -MAX_VALUE, -MAX_VALUE], one: 0 },
  ])('stores a sum of several parts that is one double as that double: $values', ({ values, one }) => {
    const algebra = algebraOf({ kind: 'sum', domain: 'double' });
    expect(hex(algebra, folded(algebra, values))).toBe(hex(algebra, algebra.lift(one)));
  });

  it('stores sums beyond the largest double, and goes on from there', () => {
    const algebra = algebraOf({ kind: 'sum', domain: 'double' });
    // 2^1024 is one bit: as a double it would be an infinity.
    const beyond = decoded(algebra, folded(algebra, [MAX_VALUE, 2 ** 971]));
    expect(algebra.present(beyond)).toBe(Number.POSITIVE_INFINITY);
    expect(algebra.present(algebra.add(beyond, -MAX_VALUE))).toBe(2 ** 971);
  });

  it('never shows minus zero: its sign would not survive JSON', () => {
    const algebra = algebraOf({ kind: 'mean', domain: 'double' });
    expect(algebra.present(folded(algebra, [-TINY, 0]))).toBe(0);
  });

  it('keeps sums of integers beyond 2^53', () => {
    const algebra = algebraOf({ kind: 'sum', domain: 'integer' });
    const big = Array<number>(1000).fill(Number.MAX_SAFE_INTEGER);
    const state = folded(algebra, [...big, 1, ...big.map((value) => -value)]);
    expect(algebra.present(state)).toBe(1);
    expect(hex(algebra, state)).toBe(hex(algebra, algebra.lift(1)));
  });
});
