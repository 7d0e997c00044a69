import type { Column, ColumnType } from '@bifold/core/engine';
import {
  type Cells,
  type Fields,
  type FileFormat,
  isBad,
  type Outcome,
  type RowBatches,
  type RowContent,
  type RowInput,
} from './file-format.ts';

/** A row as a record of the wire, for a schema to check. */
export interface SchemaRecord {
  readonly record: Fields;
  /**
   * The first cell that holds no value of its column, or no cell where a value must stand. The
   * record holds it as it came, so that a schema refuses it.
   */
  readonly misfit: { readonly column: Column; readonly cell: string | undefined } | null;
}

export interface SchemaReadOptions {
  readonly delimiter?: string;
  /** The text that stands for null; an empty cell of a nullable column is null too. */
  readonly nullText: string;
}

/** A file under way, its rows under the columns of a schema. */
export interface SchemaRows {
  readonly header: Cells | null;
  readonly batches: RowBatches<SchemaRecord>;
}

/** The rows of a file under the columns of a schema. Cells of other columns are left out. */
export async function openSchemaRows(
  format: FileFormat,
  input: RowInput,
  columns: readonly Column[],
  { nullText, ...options }: SchemaReadOptions,
): Promise<SchemaRows> {
  const { header, batches } = await format.open(input, { ...options, keepsDigits: false, columns });
  const recordOf = header === null ? fieldsAsRecord : recordReader(header, columns, nullText);
  const rowOf = (row: Outcome<RowContent>): Outcome<SchemaRecord> =>
    isBad(row) ? row : { line: row.line, raw: row.raw, content: recordOf(row.content as Cells & Fields) };
  const records = async function* () {
    for await (const batch of batches) yield batch.map(rowOf);
  };
  return { header, batches: records() };
}

/** Fields of objects have the types of JSON already. */
function fieldsAsRecord(fields: Fields): SchemaRecord {
  return { record: fields, misfit: null };
}

/** Reads cells under a header as records of a schema's columns. */
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

/** A cell as JSON would have it; undefined where it holds no such value. */
function typedCell(type: ColumnType, cell: string): unknown {
  switch (type) {
    case 'integer': {
      const value = numberOf(cell);
      return Number.isSafeInteger(value) ? value : undefined;
    }
    case 'double':
      return numberOf(cell);
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

/** A number that is no integer stays a number: the schema's reason is then the better one. */
function untypedCell(type: ColumnType, cell: string): unknown {
  return type === 'integer' ? (numberOf(cell) ?? cell) : cell;
}

function numberOf(cell: string): number | undefined {
  const value = Number(cell);
  return cell.trim() !== '' && Number.isFinite(value) ? value : undefined;
}
