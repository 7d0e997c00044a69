/**
 * An oracle for exact sums of doubles that shares no code with core. Each double is read from its
 * bits as a whole number of units of 2^-1074. Rounding is a binary search over the bit patterns of
 * doubles, whose order is that of their values.
 */

const view = new DataView(new ArrayBuffer(8));
const UNIT = 1n << 1074n;
const LARGEST_BITS = 0x7fefffffffffffffn;

function bitsOf(value: number): bigint {
  view.setFloat64(0, value);
  return view.getBigUint64(0);
}

export function doubleOfBits(bits: bigint): number {
  view.setBigUint64(0, bits);
  return view.getFloat64(0);
}

/** A finite double in units of 2^-1074: always a whole number. */
export function unitsOf(value: number): bigint {
  const bits = bitsOf(value);
  const exponent = (bits >> 52n) & 0x7ffn;
  const fraction = bits & ((1n << 52n) - 1n);
  const magnitude = exponent === 0n ? fraction : (fraction + (1n << 52n)) << (exponent - 1n);
  return bits >> 63n === 1n ? -magnitude : magnitude;
}

/**
 * The double nearest to `numerator / denominator`, ties to the even bit pattern, plus zero for
 * nothing; found by search, not by shifting.
 */
export function nearest(numerator: bigint, denominator: bigint): number {
  if (numerator < 0n) return 0 - nearest(-numerator, denominator);
  // numerator / denominator against candidate / UNIT, both sides times denominator * UNIT.
  const target = numerator * UNIT;
  let low = 0n;
  let high = LARGEST_BITS;
  while (low < high) {
    const middle = (low + high + 1n) / 2n;
    if (unitsOf(doubleOfBits(middle)) * denominator <= target) low = middle;
    else high = middle - 1n;
  }
  const below = unitsOf(doubleOfBits(low)) * denominator;
  // Above the largest double the next step would be 2^1024.
  const above = (low === LARGEST_BITS ? 1n << 2098n : unitsOf(doubleOfBits(low + 1n))) * denominator;
  const upwards = target - below === above - target ? low % 2n === 1n : target - below > above - target;
  return doubleOfBits(upwards ? low + 1n : low);
}

/** The sum of doubles, rounded once. */
export function plainSum(values: readonly number[]): number {
  return nearest(
    values.reduce((total, value) => total + unitsOf(value), 0n),
    UNIT,
  );
}

/** The mean of doubles, rounded once. */
export function plainMean(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  return nearest(
    values.reduce((total, value) => total + unitsOf(value), 0n),
    UNIT * BigInt(values.length),
  );
}
