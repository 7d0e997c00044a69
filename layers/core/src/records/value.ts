import { canonicalDecimal } from '../aggregates/numeric/decimal.ts';
import type { Column } from '../plan/column.ts';

/**
 * A value of a column: text, finite number (integers and timestamps too; never -0), boolean or
 * null.
 */
export type Value = string | number | boolean | null;

/** The largest time that JavaScript dates can hold. Epoch milliseconds. */
export const TIME_LIMIT_MS = 8.64e15;

const ISO_DATE_TIME = /^\d{4}-\d{2}-(\d{2})[Tt]([01]\d|2[0-3]):\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;

/** Converts a JSON value to the value of a column. Undefined if it has another type. */
export type ColumnReader = (value: unknown) => Value | undefined;

export function columnReader(column: Column): ColumnReader {
  const { nullable } = column;
  const read = typedReader(column);
  return (value) => (value === null || value === undefined ? (nullable ? null : undefined) : read(value));
}

function typedReader(column: Column): ColumnReader {
  switch (column.type) {
    case 'integer':
      return (value) => (Number.isSafeInteger(value) ? (value as number) + 0 : undefined);
    case 'double':
      return (value) => (Number.isFinite(value) ? (value as number) + 0 : undefined);
    case 'text':
      // Lone surrogates have no UTF-8 form: two different texts would become one in the database.
      return (value) => (typeof value === 'string' && value.isWellFormed() ? value : undefined);
    case 'boolean':
      return (value) => (typeof value === 'boolean' ? value : undefined);
    case 'timestamp':
      return (value) => (typeof value === 'string' ? (dateTimeMs(value) ?? undefined) : undefined);
    case 'decimal':
      return (value) => (typeof value === 'string' ? (canonicalDecimal(value) ?? undefined) : undefined);
    case 'json':
      // JSON text escapes lone surrogates: it is well-formed.
      return (value) => JSON.stringify(value);
  }
}

function dateTimeMs(text: string): number | null {
  const day = Number(ISO_DATE_TIME.exec(text)?.[1] ?? Number.NaN);
  const timeMs = Date.parse(text.toUpperCase());
  // Date.parse reads February 30 as March 2.
  const exists = day <= 28 || new Date(Date.parse(`${text.slice(0, 10)}T00:00:00Z`)).getUTCDate() === day;
  return exists && !Number.isNaN(timeMs) ? timeMs : null;
}

/** A key as text: the JSON array of its values. Equal keys have equal texts in every layer. */
export function keyText(values: readonly Value[]): string {
  return JSON.stringify(values);
}
