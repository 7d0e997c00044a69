import type { Reader, Writer } from '../../records/codec.ts';
import { addDouble, dyadic, EXACT_ZERO, ratio } from './exact.ts';

/**
 * An exact number of any size: `mantissa * 2^exponent` with an odd mantissa. Zero is 0 * 2^0. So
 * equal numbers have equal parts.
 */
export interface Dyadic {
  readonly mantissa: bigint;
  readonly exponent: number;
}

export const ZERO: Dyadic = Object.freeze({ mantissa: 0n, exponent: 0 });

export const dyadicOf = (value: number): Dyadic => dyadic(addDouble(EXACT_ZERO, value));

function normal(mantissa: bigint, exponent: number): Dyadic {
  if (mantissa === 0n) return ZERO;
  let [odd, twos] = [mantissa, exponent];
  for (; (odd & 0xffffffffn) === 0n; twos += 32) odd >>= 32n;
  for (; (odd & 1n) === 0n; twos++) odd >>= 1n;
  return { mantissa: odd, exponent: twos };
}

export function plus(left: Dyadic, right: Dyadic): Dyadic {
  const exponent = Math.min(left.exponent, right.exponent);
  const shifted = ({ mantissa, exponent: own }: Dyadic): bigint => mantissa << BigInt(own - exponent);
  return normal(shifted(left) + shifted(right), exponent);
}

export function minus(left: Dyadic, right: Dyadic): Dyadic {
  return plus(left, { mantissa: -right.mantissa, exponent: right.exponent });
}

export function times(left: Dyadic, right: Dyadic): Dyadic {
  return normal(left.mantissa * right.mantissa, left.exponent + right.exponent);
}

/** The quotient, rounded once. */
export function quotient({ mantissa, exponent }: Dyadic, divisor: bigint): number {
  return exponent >= 0 ? ratio(mantissa << BigInt(exponent), divisor) : ratio(mantissa, divisor << BigInt(-exponent));
}

const EXPONENT_BIAS = 4096;

export function writeDyadic({ mantissa, exponent }: Dyadic, writer: Writer): void {
  writer.unsigned(exponent + EXPONENT_BIAS);
  writer.big(mantissa);
}

export function readDyadic(reader: Reader): Dyadic {
  const exponent = reader.unsigned() - EXPONENT_BIAS;
  return { mantissa: reader.big(), exponent };
}
