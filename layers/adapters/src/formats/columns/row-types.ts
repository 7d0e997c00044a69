import { cellOfValue, isOfType, type TypedColumn, valueOfCell } from './cell-types.ts';
import { pointed } from './decimal-comma.ts';
import { isNullCell, NULL_TEXTS, type NullTexts } from './null-cells.ts';

/** How cells of CSV stand for values. */
export interface CellOptions {
  /** Default: an empty cell and `NA`. */
  readonly nullTexts?: NullTexts;
  /** Whether numbers have a decimal comma. */
  readonly decimalComma?: boolean;
}

/**
 * Returns a function that turns cells under a header into an object of the columns, or into the
 * text of a problem. Columns that are not named are omitted.
 */
export function objectReader(
  header: readonly string[],
  columns: readonly TypedColumn[],
  { nullTexts = NULL_TEXTS, decimalComma = false }: CellOptions,
): (cells: readonly string[], quoted?: readonly boolean[]) => Readonly<Record<string, unknown>> | string {
  const nulls = new Set(nullTexts);
  const places = columns.map((column) => ({ column, index: header.indexOf(column.name) }));
  return (cells, quoted) => {
    const fields: [string, unknown][] = [];
    for (const { column, index } of places) {
      const cell = cells[index];
      const isNull = cell === undefined || isNullCell(cell, quoted?.[index] === true, column, nulls);
      const value = isNull ? null : valueOfCell(column.type, pointed(column, cell, decimalComma));
      if (value === undefined || (isNull && !column.nullable)) return wrong(column, cell);
      fields.push([column.name, value]);
    }
    return Object.fromEntries(fields);
  };
}

/** The cells of a row to write. */
export interface WrittenCells {
  readonly cells: readonly string[];
  /** Whether each cell is quoted even if its text needs no quotes. Absent if no cell is. */
  readonly quoted?: readonly boolean[];
}

/**
 * Returns a function that turns an object into cells of the columns. It returns the text of a
 * problem if a value would be lost, or be read back differently.
 */
export function cellsWriter(
  columns: readonly TypedColumn[],
  { nullTexts = NULL_TEXTS, decimalComma = false }: CellOptions,
): (object: Readonly<Record<string, unknown>>) => WrittenCells | string {
  const nulls = new Set(nullTexts);
  const names = new Set(columns.map(({ name }) => name));
  const nullText = nullTextOf(columns, nullTexts);
  return (object) => {
    const more = Object.keys(object).find((name) => !names.has(name));
    if (more !== undefined) return `a field ${JSON.stringify(more)}, which is no column`;
    const cells: string[] = [];
    const quoted: boolean[] = [];
    for (const column of columns) {
      const value = Object.hasOwn(object, column.name) ? object[column.name] : null;
      if (value === null) {
        if (!column.nullable) return wrong(column, undefined);
        if (nullText === null) return `${JSON.stringify(column.name)} is null, which would be an empty line`;
        cells.push(nullText);
        continue;
      }
      if (!isOfType(column.type, value)) return wrong(column, cellOfValue(value));
      const cell = pointed(column, cellOfValue(value), decimalComma);
      const isNullText = nulls.has(cell);
      if (isNullText && column.type !== 'text')
        return `${JSON.stringify(column.name)} is ${JSON.stringify(cell)}, which means null`;
      if (isNullText) quoted[cells.length] = true;
      cells.push(cell);
    }
    return quoted.length === 0 ? { cells } : { cells, quoted };
  };
}

/**
 * The text to write for null. An empty line is no row, so a single column needs another text. Null
 * if there is none.
 */
function nullTextOf(columns: readonly TypedColumn[], nullTexts: NullTexts): string | null {
  const [first = ''] = nullTexts;
  if (columns.length > 1 || first !== '' || nullTexts.length === 0) return first;
  const other = nullTexts.find((text) => text !== '');
  // An empty cell is written with quotes, which only text columns read as a text.
  return other ?? (columns[0]?.type === 'text' ? null : '');
}

function wrong({ name, type, nullable }: TypedColumn, cell: string | undefined): string {
  const received = cell === undefined ? 'nothing' : JSON.stringify(cell.length > 60 ? `${cell.slice(0, 60)}…` : cell);
  return `${JSON.stringify(name)} is ${received}, not ${type}${nullable ? ' or null' : ''}`;
}
