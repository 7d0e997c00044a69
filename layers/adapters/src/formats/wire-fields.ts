import type { Column } from '@bifold/core/engine';
import { digitsOf, parseExactly } from './columns/exact-json.ts';
import { plainDigits } from './columns/numbers.ts';
import type { Fields, Row } from './file-format.ts';

const WHOLE = /^-?\d+$/;

/**
 * Reads the fields of an object under a schema. A number in a decimal column is the text of its
 * digits, which never were a double. An integer that a double would round is text, so that the
 * schema refuses it.
 */
export function fieldsReader(columns: readonly Column[]): (row: Row<Fields>) => Fields {
  const numeric = columns.filter(({ type }) => type === 'decimal' || type === 'double');
  const isDoubtful = ({ name, type }: Column, fields: Fields): boolean => {
    const value = Object.hasOwn(fields, name) ? fields[name] : null;
    return typeof value === 'number' && (type === 'decimal' || isLargeInteger(value));
  };
  return (row) => {
    const fields = row.content;
    const doubtful = numeric.filter((column) => isDoubtful(column, fields));
    if (doubtful.length === 0) return fields;
    const exact = parseExactly(row.raw) as Fields;
    const entries = doubtful.map(({ name, type }) => {
      const digits = digitsOf(exact[name]) as string;
      return [name, type === 'decimal' ? plainDigits(digits) : exactDouble(digits)] as const;
    });
    return { ...fields, ...Object.fromEntries(entries) };
  };
}

/** A double with these digits. Undefined where it would be rounded: an integer beyond 2^53. */
export function doubleOf(digits: string): number | undefined {
  const value = Number(digits);
  const isRounded = isLargeInteger(value) && WHOLE.test(digits) && BigInt(value) !== BigInt(digits);
  return Number.isFinite(value) && !isRounded ? value : undefined;
}

const exactDouble = (digits: string): unknown => doubleOf(digits) ?? digits;

const isLargeInteger = (value: number): boolean => Number.isInteger(value) && !Number.isSafeInteger(value);
