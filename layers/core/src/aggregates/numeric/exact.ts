/**
 * Exact sums. Integers add as numbers while they are safe and as bigints beyond; doubles add
 * without any rounding, so that order and grouping cannot show. Rounding happens once, to nearest
 * with ties to even, when a result is shown.
 */

/**
 * An exact integer: a number while it is safe, a bigint beyond, so that equal integers have one
 * form.
 */
export type ExactInteger = number | bigint;

export function addIntegers(left: ExactInteger, right: ExactInteger): ExactInteger {
  if (typeof left === 'number' && typeof right === 'number') {
    const sum = left + right;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return normalInteger(BigInt(left) + BigInt(right));
}

export function normalInteger(value: bigint): ExactInteger {
  return value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value;
}

/**
 * An exact sum of doubles: components that do not overlap, in increasing magnitude, whose exact sum
 * is the value (Shewchuk, Adaptive Precision Floating-Point Arithmetic, 1997). A sum whose
 * components would overflow is held as a bigint in units of 2^-1074.
 */
export type ExactDouble = readonly number[] | bigint;

export const EXACT_ZERO: ExactDouble = Object.freeze([]);

const UNIT_EXPONENT = -1074;

/** Adds a finite value. The decoder and lookups return only finite values. */
export function addDouble(sum: ExactDouble, value: number): ExactDouble {
  if (typeof sum === 'bigint') return sum + unitsOf(value);
  const components: number[] = [];
  let carry = value;
  for (const component of sum) {
    const high = carry + component;
    const back = high - carry;
    const low = carry - (high - back) + (component - back);
    // Near the largest double, `back` may overflow although `high` does not (max and -1.5 of its
    // last place). `low` shows it.
    if (!Number.isFinite(low)) return toUnits(sum) + unitsOf(value);
    if (low !== 0) components.push(low);
    carry = high;
  }
  if (carry !== 0) components.push(carry);
  return components;
}

export function addExactDoubles(left: ExactDouble, right: ExactDouble): ExactDouble {
  return typeof right === 'bigint' ? toUnits(left) + right : right.reduce<ExactDouble>(addDouble, left);
}

/**
 * The value of a sum as `mantissa * 2^exponent` with an odd mantissa: the one form that equal sums
 * share. Zero is 0 * 2^0.
 */
export function dyadic(sum: ExactDouble): { readonly mantissa: bigint; readonly exponent: number } {
  let mantissa: bigint;
  let exponent: number;
  if (typeof sum === 'bigint') {
    mantissa = sum;
    exponent = UNIT_EXPONENT;
  } else {
    const parts = sum.map(decompose);
    exponent = Math.min(...parts.map((part) => part.exponent));
    mantissa = parts.reduce((total, part) => total + (part.mantissa << BigInt(part.exponent - exponent)), 0n);
  }
  if (mantissa === 0n) return { mantissa: 0n, exponent: 0 };
  const zeros = trailingZeros(mantissa);
  return { mantissa: mantissa >> BigInt(zeros), exponent: exponent + zeros };
}

/** Converts the odd form back to a sum. */
export function fromDyadic(mantissa: bigint, exponent: number): ExactDouble {
  const units = mantissa << BigInt(exponent - UNIT_EXPONENT);
  let rest = units;
  const components: number[] = [];
  while (rest !== 0n) {
    const component = ratio(rest, 1n << BigInt(-UNIT_EXPONENT));
    if (!Number.isFinite(component)) return units;
    components.unshift(component);
    rest -= unitsOf(component);
  }
  return components;
}

/** The exact sum divided by `divisor`, rounded once. */
export function roundedQuotient(sum: ExactDouble, divisor: number): number {
  if (divisor === 1 && typeof sum !== 'bigint' && sum.length < 2) return sum[0] ?? 0;
  const { mantissa, exponent } = dyadic(sum);
  return exponent >= 0
    ? ratio(mantissa << BigInt(exponent), BigInt(divisor))
    : ratio(mantissa, BigInt(divisor) << BigInt(-exponent));
}

/**
 * The double nearest to `numerator / denominator`, ties to even; an infinity beyond the largest
 * double, and never -0, which JSON would not keep. `denominator` is above zero.
 */
export function ratio(numerator: bigint, denominator: bigint): number {
  const negative = numerator < 0n;
  const magnitude = negative ? -numerator : numerator;
  // Scale so that the quotient has 54 or 55 bits: at least one below the 53 that a double keeps;
  // the remainder decides ties.
  const scale = bitLength(magnitude) - bitLength(denominator) - 54;
  const scaled = (magnitude >> BigInt(scale)) / denominator;
  const exact =
    scale >= 0
      ? scaled * (denominator << BigInt(scale)) === magnitude
      : scaled * denominator === magnitude << BigInt(-scale);
  // The kept bits end at `keep`: 53 of them, or at the smallest subnormal.
  const drop = Math.max(bitLength(scaled) - 53, UNIT_EXPONENT - scale);
  let kept = scaled >> BigInt(drop);
  const dropped = scaled - (kept << BigInt(drop));
  const half = 1n << BigInt(drop - 1);
  if (dropped > half || (dropped === half && (!exact || (kept & 1n) === 1n))) kept += 1n;
  const value = Number(kept) * 2 ** (scale + drop);
  return negative ? 0 - value : value;
}

const scratch = new DataView(new ArrayBuffer(8));

function decompose(value: number): { readonly mantissa: bigint; readonly exponent: number } {
  scratch.setFloat64(0, value);
  const bits = scratch.getBigUint64(0);
  const biased = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  const magnitude = biased === 0 ? fraction : fraction | 0x10000000000000n;
  return { mantissa: bits >> 63n ? -magnitude : magnitude, exponent: (biased === 0 ? 1 : biased) - 1075 };
}

function unitsOf(value: number): bigint {
  const { mantissa, exponent } = decompose(value);
  return mantissa << BigInt(exponent - UNIT_EXPONENT);
}

function toUnits(sum: ExactDouble): bigint {
  return typeof sum === 'bigint' ? sum : sum.reduce((total, component) => total + unitsOf(component), 0n);
}

function bitLength(magnitude: bigint): number {
  const digits = magnitude.toString(16);
  return (digits.length - 1) * 4 + (32 - Math.clz32(Number.parseInt(digits[0] as string, 16)));
}

/** The trailing zero bits of a number that is not zero; its sign does not matter. */
function trailingZeros(value: bigint): number {
  const digits = value.toString(16);
  let index = digits.length - 1;
  while (digits[index] === '0') index--;
  const nibble = Number.parseInt(digits[index] as string, 16);
  return (digits.length - 1 - index) * 4 + (31 - Math.clz32(nibble & -nibble));
}
