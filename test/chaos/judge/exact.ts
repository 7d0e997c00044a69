/**
 * Doubles added without rounding, and rounded once: every finite double is a whole number of
 * 2^-1074.
 */
const SCALE_BITS = 1074n;
const view = new DataView(new ArrayBuffer(8));

function scaled(value: number): bigint {
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const exponent = (bits >> 52n) & 0x7ffn;
  const fraction = bits & 0xfffffffffffffn;
  const magnitude = exponent === 0n ? fraction : (fraction | 0x10000000000000n) << (exponent - 1n);
  return bits >> 63n === 1n ? -magnitude : magnitude;
}

const bitsOf = (value: bigint): number => value.toString(2).length;

/** The double next to a quotient, ties to even; within the range of normal doubles. */
function nearest(numerator: bigint, denominator: bigint): number {
  if (numerator === 0n) return 0;
  const magnitude = numerator < 0n ? -numerator : numerator;
  // More bits than a double has: of the bits beyond them, only their presence matters.
  const shift = Math.max(0, 64 - (bitsOf(magnitude) - bitsOf(denominator)));
  const dividend = magnitude << BigInt(shift);
  const quotient = dividend / denominator;
  const surplus = BigInt(bitsOf(quotient) - 53);
  const unit = 1n << surplus;
  const rest = quotient % unit;
  const half = unit >> 1n;
  const isMore = rest > half || (rest === half && dividend % denominator !== 0n);
  const isTie = rest === half && !isMore;
  let mantissa = quotient / unit;
  if (isMore || (isTie && mantissa % 2n === 1n)) mantissa += 1n;
  const value = Number(mantissa) * 2 ** (Number(surplus) - shift);
  return numerator < 0n ? -value : value;
}

/** The sum of all, rounded once. */
export function sumOf(values: readonly number[]): number {
  return nearest(
    values.reduce((sum, value) => sum + scaled(value), 0n),
    1n << SCALE_BITS,
  );
}

/** The mean of all, rounded once; null of none. */
export function meanOf(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  return nearest(
    values.reduce((sum, value) => sum + scaled(value), 0n),
    BigInt(values.length) << SCALE_BITS,
  );
}
