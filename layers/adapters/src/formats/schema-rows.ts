import type { Column, ColumnType } from '@bifold/core/engine';
import { pointed } from './columns/decimal-comma.ts';
import { isNullCell, NULL_TEXTS } from './columns/null-cells.ts';
import { doubleOf } from './columns/numbers.ts';
import { nameInFile, renamedRows } from './columns/rename.ts';
import type { CellOptions } from './columns/row-types.ts';
import { checkHeader, type FileSchema } from './columns/schema-header.ts';
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
  type TextOptions,
  withContent,
} from './file-format.ts';

/** A row in the form of a JSON record, for validation by a schema. */
export interface SchemaRecord {
  readonly record: Fields;
  /**
   * The first cell that does not fit its column, or that is missing for a required column. The
   * record keeps the raw text, so that the schema refuses it.
   */
  readonly misfit: { readonly column: Column; readonly cell: string | undefined } | null;
}

/** An open file whose rows have the columns of a schema. */
export interface SchemaRows {
  readonly header: Cells | null;
  readonly batches: RowBatches<SchemaRecord>;
  /** Ends a file whose rows are not read. */
  close(): Promise<unknown>;
  /** Remarks on the file for a person. */
  readonly notes: readonly string[];
}

/**
 * Opens a file, and reads its rows as records of a schema. Cells of other columns are ignored.
 *
 * @throws {UnreadableFile} if the header lacks columns of the schema
 */
export async function openSchemaRows(
  format: FileFormat,
  input: RowInput,
  schema: FileSchema,
  options: TextOptions,
): Promise<SchemaRows> {
  const { rename = {} } = options;
  const columns = schema.columns.map((column) => ({ ...column, name: nameInFile(rename, column.name) }));
  const opened = await format.open(input, { ...options, keepsDigits: false, columns });
  const { close } = opened;
  try {
    const { header, notes = [], batches: renamed } = renamedRows(input.name, opened, rename);
    const remarks = header === null ? [] : checkHeader(input.name, header, schema);
    const recordOf = header === null ? recordOfFields(format, schema) : recordOfCells(header, schema, options);
    const rowOf = (row: Outcome<RowContent>): Outcome<SchemaRecord> =>
      isBad(row) ? row : withContent(row, recordOf(row as Row<Cells & Fields>));
    const records = async function* () {
      for await (const batch of renamed) yield batch.map(rowOf);
    };
    return { header, notes: [...notes, ...remarks], batches: records(), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A table has null for a field that is absent. */
function recordOfFields(format: FileFormat, { optional }: FileSchema): (row: Row<Fields>) => SchemaRecord {
  const hasAbsent = format.text !== null || optional.size === 0;
  return ({ content }) => {
    if (hasAbsent) return { record: content, misfit: null };
    const present = Object.entries(content).filter(([name, value]) => value !== null || !optional.has(name));
    return { record: Object.fromEntries(present), misfit: null };
  };
}

function recordOfCells(header: Cells, schema: FileSchema, options: CellOptions): (row: Row<Cells>) => SchemaRecord {
  const recordOf = recordReader(header, schema, options);
  return (row) => recordOf(row.content, row.quoted);
}

/** Returns a function that turns cells under a header into records of a schema. */
export function recordReader(
  header: Cells,
  { columns, optional }: FileSchema,
  { nullTexts = NULL_TEXTS, decimalComma = false }: CellOptions,
): (cells: Cells, quoted?: readonly boolean[]) => SchemaRecord {
  const nulls = new Set(nullTexts);
  const places = columns.map((column) => ({ column, index: header.indexOf(column.name) }));
  return (cells, quoted) => {
    const fields: [string, unknown][] = [];
    let misfit: SchemaRecord['misfit'] = null;
    for (const { column, index } of places) {
      const cell = cells[index];
      const isNull = cell === undefined || isNullCell(cell, quoted?.[index] === true, column, nulls);
      if (isNull && optional.has(column.name)) continue;
      const value = isNull ? null : typedCell(column.type, pointed(column, cell, decimalComma));
      const isFitting = value === null ? column.nullable : value !== undefined;
      if (!isFitting) misfit ??= { column, cell };
      fields.push([column.name, value === undefined ? untypedCell(column.type, cell as string) : value]);
    }
    return { record: Object.fromEntries(fields), misfit };
  };
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
