import type { Column } from '@bifold/core/engine';
import { AdapterError } from '../../errors.ts';
import { digitsOf } from '../columns/exact-json.ts';
import { numberType } from '../columns/numbers.ts';
import type { ParquetFile } from './parquet-file.ts';

/** Reads the values of a column as records of the wire have them. */
export interface WireReader {
  readonly name: string;
  /** The place of the column in the file. */
  readonly index: number;
  read(value: unknown): unknown;
}

/** Readers of the columns that both the schema and the file have. */
export function wireReaders(file: ParquetFile, name: string, columns: readonly Column[]): readonly WireReader[] {
  const held = file.columns.map((column) => column.name);
  const present = columns.filter((column) => held.includes(column.name));
  if (present.length === 0)
    throw new AdapterError('BIFOLD_NO_SUCH_COLUMN', {
      failed: `${name} holds none of the columns that the schema names`,
      received: held.join(', '),
      allowed: columns.map((column) => column.name).join(', '),
      remedy: 'correct the schema, or the path',
    });
  return present.map((column) => {
    const index = held.indexOf(column.name);
    const type = file.columns[index]?.type as string;
    return { name: column.name, index, read: (value) => wireValue(column, type, value) };
  });
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}/;

function wireValue(column: Column, type: string, value: unknown): unknown {
  if (column.type === 'timestamp' && typeof value === 'string') {
    if (type === 'DATE') return `${value}T00:00:00.000Z`;
    // A schema's times have milliseconds.
    return type.startsWith('TIMESTAMP') && INSTANT.test(value)
      ? `${value.slice(0, '0000-00-00T00:00:00.000'.length)}Z`
      : value;
  }
  const digits = digitsOf(value);
  if (digits !== null) return wireNumber(column, type, digits);
  if (column.type === 'json' && type === 'VARCHAR' && typeof value === 'string') return jsonOf(value);
  // Numbers that kept their digits are objects, which a schema does not know.
  return value !== null && typeof value === 'object' ? JSON.parse(JSON.stringify(value)) : value;
}

function wireNumber(column: Column, type: string, digits: string): unknown {
  if (column.type === 'decimal') return digits;
  if (type === 'FLOAT' || type === 'DOUBLE') return Number(digits);
  // Text, so that the schema refuses a number that a double would round.
  const own = numberType(digits);
  return own === 'integer' || own === 'float' ? Number(digits) : digits;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
