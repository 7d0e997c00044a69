import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { type Column, type ColumnType, columnReader, type Value } from '@bifold/core/engine';
import { parse } from 'csv-parse';
import { parse as parseAll } from 'csv-parse/sync';
import { UsageError } from '../errors.ts';

type Cells = Readonly<Record<string, string>>;

/** The lines of a CSV text under their header. */
export function parseCsv(text: string): Cells[] {
  return parseAll(text, { columns: true, bom: true, skip_empty_lines: true });
}

/**
 * The lines of a CSV file under their header, one at a time. @throws {UsageError} where it is no
 * CSV
 */
export async function* readCsv(file: string, input: Readable = createReadStream(file)): AsyncGenerator<Cells> {
  const parser = parse({ columns: true, bom: true, skip_empty_lines: true });
  // A pipe does not carry errors along.
  input.on('error', (error) => parser.destroy(error));
  try {
    yield* input.pipe(parser) as AsyncIterable<Cells>;
  } catch (cause) {
    throw new UsageError(
      'BIFOLD_CSV_UNREADABLE',
      {
        failed: `${file} cannot be read`,
        received: cause instanceof Error ? cause.message : String(cause),
        allowed: 'CSV with a header line, cells quoted where they hold commas',
        remedy: 'correct the file, or give another one',
      },
      { cause },
    );
  }
}

/**
 * One line as a record of the wire: cells become what the schema's columns say. Columns that the
 * schema does not name are left out.
 * @throws {UsageError} naming the line and the column
 */
export function typedRecord(
  columns: readonly Column[],
  cells: Cells,
  line: number,
  nullText: string,
  file = 'the CSV',
): Record<string, unknown> {
  return Object.fromEntries(
    columns.map((column) => {
      const cell = cells[column.name];
      const value = cell === undefined || cell === nullText ? null : typedCell(column.type, cell, column.nullable);
      if (value === undefined || (value === null && !column.nullable))
        throw badCell(column, cell, `line ${line} of ${file}`, nullText);
      return [column.name, value];
    }),
  );
}

/** Undefined where the cell does not hold such a value. */
function typedCell(type: ColumnType, cell: string, nullable: boolean): unknown {
  if (cell === '' && nullable) return null;
  switch (type) {
    case 'integer': {
      const value = Number(cell);
      return cell.trim() !== '' && Number.isSafeInteger(value) ? value : undefined;
    }
    case 'double': {
      const value = Number(cell);
      return cell.trim() !== '' && Number.isFinite(value) ? value : undefined;
    }
    case 'boolean':
      return /^true$/i.test(cell) ? true : /^false$/i.test(cell) ? false : undefined;
    case 'text':
    case 'timestamp':
    case 'decimal':
      return cell;
    case 'json':
      try {
        return JSON.parse(cell);
      } catch {
        return undefined;
      }
  }
}

function badCell(column: Column, cell: string | undefined, place: string, nullText: string): UsageError {
  return new UsageError('BIFOLD_BAD_CELL', {
    failed: `${place} has no usable "${column.name}"`,
    received: cell === undefined ? 'no such column' : JSON.stringify(cell),
    allowed: `${column.type}${column.nullable ? `, or ${JSON.stringify(nullText)} for null` : ''}`,
    remedy: 'correct the line; --null names the text that stands for null',
  });
}

/** The row of a lookup table as it is stored: the values that a join will see. */
export function storedRow(
  columns: readonly Column[],
  record: Readonly<Record<string, unknown>>,
): Record<string, Value> | string {
  const row: Record<string, Value> = {};
  for (const column of columns) {
    const value = columnReader(column)(record[column.name]);
    if (value === undefined) return column.name;
    row[column.name] = value;
  }
  return row;
}
