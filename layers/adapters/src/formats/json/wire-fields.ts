import type { Column } from '@bifold/core/engine';
import { digitsOf, parseExactly } from '../columns/exact-json.ts';
import { doubleOf, isLargeInteger, plainDigits } from '../columns/numbers.ts';
import type { Fields } from '../file-format.ts';

/**
 * Reads the fields of an object under a schema. A number in a decimal column is the text of its
 * digits, which never were a double. An integer that a double would round is text, so that the
 * schema refuses it.
 */
export function fieldsReader(columns: readonly Column[]): (fields: Fields, text: string) => Fields {
  const numeric = columns.filter(({ type }) => type === 'decimal' || type === 'double');
  const isDoubtful = ({ name, type }: Column, fields: Fields): boolean => {
    const value = Object.hasOwn(fields, name) ? fields[name] : null;
    return typeof value === 'number' && (type === 'decimal' || isLargeInteger(value));
  };
  return (fields, text) => {
    const doubtful = numeric.filter((column) => isDoubtful(column, fields));
    if (doubtful.length === 0) return fields;
    const exact = parseExactly(text) as Fields;
    const entries = doubtful.map(({ name, type }) => {
      const digits = digitsOf(exact[name]) as string;
      return [name, type === 'decimal' ? plainDigits(digits) : (doubleOf(digits) ?? digits)] as const;
    });
    return { ...fields, ...Object.fromEntries(entries) };
  };
}
