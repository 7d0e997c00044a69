/**
 * The expected result of W1, by a fold that shares no code with Bifold: sums are added up as whole
 * numbers, and rounded once at the end.
 */
import { type Reading, WINDOW_MS } from './readings.ts';

/** One row of a result, wherever it was read. */
export interface ResultRow {
  readonly key: string;
  readonly startMs: number;
  readonly n: number;
  readonly s: number;
  readonly mx: number;
}

export type Expected = ReadonlyMap<string, ResultRow>;

/** One text per row. */
export function rowName(key: string, startMs: number): string {
  return `${startMs}/${key}`;
}

/** A double below 2^53 with nothing below 2^-80 is a whole number of these. */
const SCALE_BITS = 80n;
const view = new DataView(new ArrayBuffer(8));

/** A finite double as a whole number of 2^-80. @throws when it is finer than that */
function scaled(value: number): bigint {
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const exponent = (bits >> 52n) & 0x7ffn;
  const fraction = bits & 0xfffffffffffffn;
  const mantissa = exponent === 0n ? fraction : fraction | 0x10000000000000n;
  const shift = (exponent === 0n ? 1n : exponent) - 1075n + SCALE_BITS;
  const lost = shift < 0n ? mantissa & ((1n << -shift) - 1n) : 0n;
  if (lost !== 0n) throw new Error(`the oracle cannot hold ${value}: it is finer than 2^-${SCALE_BITS}`);
  const magnitude = shift < 0n ? mantissa >> -shift : mantissa << shift;
  return bits >> 63n === 1n ? -magnitude : magnitude;
}

/** The double next to a whole number of 2^-80, ties to even. */
function rounded(sum: bigint): number {
  const magnitude = sum < 0n ? -sum : sum;
  const surplus = magnitude.toString(2).length - 53;
  if (surplus <= 0) return Number(sum) / 2 ** Number(SCALE_BITS);
  const unit = 1n << BigInt(surplus);
  const rest = magnitude % unit;
  let mantissa = magnitude / unit;
  if (rest * 2n > unit || (rest * 2n === unit && mantissa % 2n === 1n)) mantissa += 1n;
  const value = Number(mantissa) * 2 ** (surplus - Number(SCALE_BITS));
  return sum < 0n ? -value : value;
}

/** Count, exact sum and maximum of each key in each window. */
export function foldPlainly(readings: Iterable<Reading>): Expected {
  const rows = new Map<string, { key: string; startMs: number; n: number; sum: bigint; mx: number }>();
  for (const { key, ts, v } of readings) {
    const startMs = ts - (ts % WINDOW_MS);
    const name = rowName(key, startMs);
    const row = rows.get(name);
    if (row === undefined) {
      rows.set(name, { key, startMs, n: 1, sum: scaled(v), mx: v });
      continue;
    }
    row.n += 1;
    row.sum += scaled(v);
    if (v > row.mx) row.mx = v;
  }
  return new Map(
    Array.from(rows, ([name, { key, startMs, n, sum, mx }]) => [name, { key, startMs, n, s: rounded(sum), mx }]),
  );
}

/**
 * Up to five sentences on how a result differs; none when it is right. A sum may be off by
 * `sumTolerance`, relative.
 */
export function differences(expected: Expected, found: Iterable<ResultRow>, sumTolerance: number): readonly string[] {
  const told: string[] = [];
  const tell = (text: string) => {
    if (told.length < 5) told.push(text);
  };
  const seen = new Set<string>();
  for (const row of found) {
    const name = rowName(row.key, row.startMs);
    const right = expected.get(name);
    if (seen.has(name)) tell(`${name} comes twice`);
    seen.add(name);
    if (right === undefined) tell(`${name} should not be there`);
    else if (row.n !== right.n) tell(`${name}: count ${row.n}, not ${right.n}`);
    else if (row.mx !== right.mx) tell(`${name}: maximum ${row.mx}, not ${right.mx}`);
    else if (!(Math.abs(row.s - right.s) <= sumTolerance * Math.abs(right.s)))
      tell(`${name}: sum ${row.s}, not ${right.s}`);
  }
  if (seen.size < expected.size) tell(`${expected.size - seen.size} of ${expected.size} rows are missing`);
  return told;
}
