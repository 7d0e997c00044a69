import type { Column, ColumnType } from '@bifold/core/engine';
import {
  type Cells,
  type Fields,
  type FileFormat,
  isBad,
  type Outcome,
  type Row,
  type RowBatches,
  type RowContent,
  type RowInput,
  withContent,
} from './file-format.ts';
import { doubleOf, fieldsReader } from './wire-fields.ts';

/** A row in the form of a JSON record, for validation by a schema. */
export interface SchemaRecord {
  readonly record: Fields;
  /**
   * The first cell that does not fit its column, or that is missing for a required column. The
   * record keeps the raw text, so that the schema refuses it.
   */
  readonly misfit: { readonly column: Column; readonly cell: string | undefined } | null;
}

export interface SchemaReadOptions {
  readonly delimiter?: string;
  /** The text that means null. An empty cell of a nullable column is null too. */
  readonly nullText: string;
}

/** An open file whose rows have the columns of a schema. */
export interface SchemaRows {
  readonly header: Cells | null;
  readonly batches: RowBatches<SchemaRecord>;
}

/** Opens a file, and reads its rows as records of a schema. Cells of other columns are ignored. */
export async function openSchemaRows(
  format: FileFormat,
  input: RowInput,
  columns: readonly Column[],
  { nullText, ...options }: SchemaReadOptions,
): Promise<SchemaRows> {
  const { header, batches } = await format.open(input, { ...options, keepsDigits: false, columns });
  const recordOf = header === null ? recordOfFields(columns) : recordOfCells(header, columns, nullText);
  const rowOf = (row: Outcome<RowContent>): Outcome<SchemaRecord> =>
    isBad(row) ? row : withContent(row, recordOf(row as Row<Cells & Fields>));
  const records = async function* () {
    for await (const batch of batches) yield batch.map(rowOf);
  };
  return { header, batches: records() };
}

function recordOfFields(columns: readonly Column[]): (row: Row<Fields>) => SchemaRecord {
  const fieldsOf = fieldsReader(columns);
  return (row) => ({ record: fieldsOf(row), misfit: null });
}

function recordOfCells(header: Cells, columns: readonly Column[], nullText: string): (row: Row<Cells>) => SchemaRecord {
  const recordOf = recordReader(header, columns, nullText);
  return (row) => recordOf(row.content);
}

/** Returns a function that turns cells under a header into records of a schema. */
export function recordReader(
  header: Cells,
  columns: readonly Column[],
  nullText: string,
): (cells: Cells) => SchemaRecord {
  const places = columns.map((column) => ({ column, index: header.indexOf(column.name) }));
  return (cells) => {
    const fields: [string, unknown][] = [];
    let misfit: SchemaRecord['misfit'] = null;
    for (const { column, index } of places) {
      const cell = cells[index];
      const value = isNull(column, cell, nullText) ? null : typedCell(column.type, cell as string);
      const isFitting = value === null ? column.nullable : value !== undefined;
      if (!isFitting) misfit ??= { column, cell };
      fields.push([column.name, value === undefined ? untypedCell(column.type, cell as string) : value]);
    }
    return { record: Object.fromEntries(fields), misfit };
  };
}

function isNull({ nullable }: Column, cell: string | undefined, nullText: string): boolean {
  return cell === undefined || cell === nullText || (cell === '' && nullable);
}

/** Converts a cell to a JSON value of its type. Undefined if it does not fit. */
function typedCell(type: ColumnType, cell: string): unknown {
  switch (type) {
    case 'integer': {
      const value = numberOf(cell);
      return Number.isSafeInteger(value) ? value : undefined;
    }
    case 'double':
      return cell.trim() === '' ? undefined : doubleOf(cell);
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

/**
 * A number that is not an integer stays a number, because the schema then gives a better reason.
 */
function untypedCell(type: ColumnType, cell: string): unknown {
  return type === 'integer' ? (numberOf(cell) ?? cell) : cell;
}

function numberOf(cell: string): number | undefined {
  const value = Number(cell);
  return cell.trim() !== '' && Number.isFinite(value) ? value : undefined;
}
