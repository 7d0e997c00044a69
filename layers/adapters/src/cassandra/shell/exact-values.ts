/// <reference path="./encoder.d.ts" />
import cassandra from 'cassandra-driver';
import Encoder from 'cassandra-driver/lib/encoder.js';

/** A value that no type of JavaScript or of the driver holds, as its text. */
export class ExactText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

const { timestamp, decimal } = cassandra.types.dataTypes;
const SCALE_BYTES = 4;
/** The smallest exponent without an E, as in Java's BigDecimal. */
const PLAIN_EXPONENT_MIN = -6;

let isKept = false;

/**
 * Makes the driver keep two kinds of values that it loses. A timestamp beyond JavaScript's dates
 * is an invalid Date, without its digits. A decimal with a negative scale lacks its zeros, and one
 * with a very large scale would be a text of that length.
 */
export function keepExactValues(): void {
  if (isKept) return;
  isKept = true;
  const { decode } = Encoder.prototype;
  Encoder.prototype.decode = function (buffer, type) {
    const value = decode.call(this, buffer, type);
    if (value instanceof Date && type.code === timestamp && Number.isNaN(value.getTime()))
      return new ExactText(String((buffer as Buffer).readBigInt64BE()));
    return value !== null && type.code === decimal ? new ExactText(decimalText(buffer as Buffer)) : value;
  };
}

/** The digits of a decimal: a scale of 32 bits, and the unscaled value in two's complement. */
function decimalText(bytes: Buffer): string {
  const unscaled = BigInt.asIntN(
    (bytes.length - SCALE_BYTES) * 8,
    BigInt(`0x${bytes.toString('hex', SCALE_BYTES) || '0'}`),
  );
  const scale = bytes.readInt32BE(0);
  const sign = unscaled < 0n ? '-' : '';
  const digits = String(unscaled).replace('-', '');
  const exponent = digits.length - 1 - scale;
  if (scale === 0) return sign + digits;
  if (scale > 0 && exponent >= PLAIN_EXPONENT_MIN) {
    const padded = digits.padStart(scale + 1, '0');
    return `${sign}${padded.slice(0, -scale)}.${padded.slice(-scale)}`;
  }
  const fraction = digits.length === 1 ? '' : `.${digits.slice(1)}`;
  return `${sign}${digits[0]}${fraction}E${exponent < 0 ? '' : '+'}${exponent}`;
}
