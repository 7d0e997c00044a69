/**
 * Numbers as JSON writes them. Others (007, +1, .5) would be written differently, so they are text.
 */
const INTEGER = /^-?(0|[1-9]\d*)$/;
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
const WHOLE = /^-?\d+$/;
const PARTS = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** Digits of a decimal, on both sides of the point together. */
const DECIMAL_DIGITS_MAX = 38;
/** A double holds any number of so few digits. */
const DOUBLE_DIGITS = 15;
/** Doubles that are no numbers, as texts of CSV and JSON. */
const NON_FINITE: ReadonlySet<unknown> = new Set(['NaN', 'Infinity', '-Infinity']);

export const isNonFinite = (value: unknown): boolean => NON_FINITE.has(value);

export type NumberType = 'integer' | 'decimal' | 'float';

export function isInteger(text: string): boolean {
  return INTEGER.test(text) && Number.isSafeInteger(Number(text));
}

/** The narrowest type that holds the digits; null where none does, or where they are no number. */
export function numberType(text: string): NumberType | null {
  if (INTEGER.test(text)) {
    const value = Number(text);
    if (Object.is(value, -0)) return 'float';
    if (Number.isSafeInteger(value)) return 'integer';
    // Of two neighbouring identifiers, a double holds one by chance.
    return text.length <= DECIMAL_DIGITS_MAX || fitsDecimal(extentOf(text)) ? 'decimal' : heldByDouble(text);
  }
  if (!NUMBER.test(text)) return null;
  return heldByDouble(text) ?? (fitsDecimal(extentOf(text)) ? 'decimal' : null);
}

/** `float` where the shortest text of the nearest double has the same digits. */
function heldByDouble(text: string): 'float' | null {
  if (text.length <= DOUBLE_DIGITS && !/[eE]/.test(text)) return 'float';
  const value = Number(text);
  if (!Number.isFinite(value)) return null;
  const [own, shortest] = [significant(text), significant(String(value))];
  return own.digits === shortest.digits && own.point === shortest.point ? 'float' : null;
}

/** The digits without zeros around them, and where the point stands, counted from the first one. */
function significant(text: string): { readonly digits: string; readonly point: number } {
  const [, , whole, fraction = '', exponent = '0'] = PARTS.exec(text) as unknown as [
    string,
    string,
    string,
    string?,
    string?,
  ];
  const all = `${whole}${fraction}`;
  const from = all.search(/[1-9]/);
  if (from < 0) return { digits: '', point: 0 };
  return { digits: all.slice(from).replace(/0+$/, ''), point: whole.length - from + Number(exponent) };
}

/** Digits before and behind the point of a number that is written without exponent. */
export interface Extent {
  readonly whole: number;
  readonly scale: number;
}

export const NO_EXTENT: Extent = { whole: 0, scale: 0 };

/** The extent of a number, its written zeros included. */
export function extentOf(text: string): Extent {
  if (/[eE]/.test(text)) {
    const { digits, point } = significant(text);
    return { whole: Math.max(point, 0), scale: Math.max(digits.length - point, 0) };
  }
  const sign = text.startsWith('-') ? 1 : 0;
  const point = text.indexOf('.');
  const whole = (point < 0 ? text.length : point) - sign;
  // No digit before the point is none of the precision.
  return { whole: text[sign] === '0' ? 0 : whole, scale: point < 0 ? 0 : text.length - point - 1 };
}

export function joinedExtent(left: Extent, right: Extent): Extent {
  return left.whole >= right.whole && left.scale >= right.scale
    ? left
    : { whole: Math.max(left.whole, right.whole), scale: Math.max(left.scale, right.scale) };
}

export function fitsDecimal({ whole, scale }: Extent): boolean {
  return whole + scale <= DECIMAL_DIGITS_MAX;
}

/** A number without exponent. */
export function plainDigits(text: string): string {
  if (!/[eE]/.test(text)) return text;
  const { digits, point } = significant(text);
  if (digits === '') return '0';
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, '0') : '0';
  const fraction = point >= digits.length ? '' : digits.slice(Math.max(point, 0)).padStart(digits.length - point, '0');
  return `${text.startsWith('-') ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}

/** A double as a JSON number that says that it is one, or as the text of what is no number. */
export function doubleDigits(value: number): string {
  const text = Object.is(value, -0) ? '-0' : String(value);
  return Number.isInteger(value) && !text.includes('e') ? `${text}.0` : text;
}

/** A double with these digits. Undefined where it would be rounded: an integer beyond 2^53. */
export function doubleOf(digits: string): number | undefined {
  const value = Number(digits);
  const isRounded = isLargeInteger(value) && WHOLE.test(digits) && BigInt(value) !== BigInt(digits);
  return Number.isFinite(value) && !isRounded ? value : undefined;
}

/** Whether a double is an integer beyond 2^53, which other digits may have been rounded to. */
export const isLargeInteger = (value: number): boolean => Number.isInteger(value) && !Number.isSafeInteger(value);
