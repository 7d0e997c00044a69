/**
 * Decimal numbers as text: exact, without exponent. The canonical form has no insignificant zeros
 * and no sign of zero, so equal numbers are equal texts. Decimals are compared, grouped, stored and
 * shown in it. Computations use whole numbers of 10^-38.
 */

/** The limit of digits in the canonical form, before and after the decimal point together. */
export const DECIMAL_DIGITS_MAX = 38;
/** The limit of characters in the input, including insignificant zeros. */
const LENGTH_MAX = 100;
const FORM = /^(-?)0*(\d*)(?:\.(\d*?)0*)?$/;
const WHOLE = /^-?\d+(\.\d+)?$/;

/** The canonical form. Null if the text is not a decimal number, or has too many digits. */
export function canonicalDecimal(text: string): string | null {
  if (text.length > LENGTH_MAX || !WHOLE.test(text)) return null;
  const [, sign, whole, fraction = ''] = FORM.exec(text) as unknown as [string, string, string, string?];
  if (whole.length + fraction.length > DECIMAL_DIGITS_MAX) return null;
  const magnitude = `${whole === '' ? '0' : whole}${fraction === '' ? '' : `.${fraction}`}`;
  return magnitude === '0' ? '0' : `${sign}${magnitude}`;
}

/** A canonical decimal in units of 10^-38. */
export function decimalUnits(text: string): bigint {
  const point = text.indexOf('.');
  const [whole, fraction] = point < 0 ? [text, ''] : [text.slice(0, point), text.slice(point + 1)];
  return BigInt(`${whole}${fraction.padEnd(DECIMAL_DIGITS_MAX, '0')}`);
}

/** The canonical text of a number in units of 10^-38, of any size. */
export function decimalText(units: bigint): string {
  const magnitude = units < 0n ? -units : units;
  const digits = magnitude.toString().padStart(DECIMAL_DIGITS_MAX + 1, '0');
  const fraction = digits.slice(-DECIMAL_DIGITS_MAX).replace(/0+$/, '');
  return `${units < 0n ? '-' : ''}${digits.slice(0, -DECIMAL_DIGITS_MAX)}${fraction === '' ? '' : `.${fraction}`}`;
}

export function compareDecimals(left: string, right: string): number {
  const [one, other] = [decimalUnits(left), decimalUnits(right)];
  return one < other ? -1 : one > other ? 1 : 0;
}

/** The least number of decimal places of a quotient. It has more if the dividend has more. */
const QUOTIENT_DIGITS = 18;

/**
 * Divides units of 10^-38. The quotient is rounded half to even to 18 decimal places, or to as many
 * as the dividend has.
 */
export function decimalQuotient(units: bigint, divisor: bigint): bigint {
  let step = 10n ** BigInt(DECIMAL_DIGITS_MAX - QUOTIENT_DIGITS);
  while (units % step !== 0n) step /= 10n;
  const divided = divisor * step;
  // Round towards minus infinity, so that the remainder is never negative.
  let quotient = units / divided;
  if (units % divided < 0n) quotient -= 1n;
  const twice = 2n * (units - quotient * divided);
  if (twice > divided || (twice === divided && quotient % 2n !== 0n)) quotient += 1n;
  return quotient * step;
}
