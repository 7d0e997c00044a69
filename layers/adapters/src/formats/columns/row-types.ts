import { cellOfValue, isOfType, type TypedColumn, valueOfCell } from './cell-types.ts';

/** Texts that mean null. The first one is written for null. */
export type NullTexts = readonly string[];

/**
 * Returns a function that turns cells under a header into an object of the columns, or into the
 * text of a problem. Columns that are not named are omitted.
 */
export function objectReader(
  header: readonly string[],
  columns: readonly TypedColumn[],
  nullTexts: NullTexts,
): (cells: readonly string[]) => Readonly<Record<string, unknown>> | string {
  const nulls = new Set(nullTexts);
  const places = columns.map((column) => ({ column, index: header.indexOf(column.name) }));
  return (cells) => {
    const fields: [string, unknown][] = [];
    for (const { column, index } of places) {
      const cell = cells[index];
      const isNull = cell === undefined || nulls.has(cell);
      const value = isNull ? null : valueOfCell(column.type, cell);
      if (value === undefined || (isNull && !column.nullable)) return wrong(column, cell);
      fields.push([column.name, value]);
    }
    return Object.fromEntries(fields);
  };
}

/**
 * Returns a function that turns an object into cells of the columns. It returns the text of a
 * problem if a value would be lost, or be read back differently.
 */
export function cellsWriter(
  columns: readonly TypedColumn[],
  nullTexts: NullTexts,
): (object: Readonly<Record<string, unknown>>) => readonly string[] | string {
  const nulls = new Set(nullTexts);
  const names = new Set(columns.map(({ name }) => name));
  return (object) => {
    const more = Object.keys(object).find((name) => !names.has(name));
    if (more !== undefined) return `a field ${JSON.stringify(more)}, which is no column`;
    const cells: string[] = [];
    for (const column of columns) {
      const value = Object.hasOwn(object, column.name) ? object[column.name] : null;
      if (value === null) {
        if (!column.nullable) return wrong(column, undefined);
        cells.push(nullTexts[0] ?? '');
        continue;
      }
      if (!isOfType(column.type, value)) return wrong(column, cellOfValue(value));
      const cell = cellOfValue(value);
      if (nulls.has(cell))
        return `${JSON.stringify(column.name)} is the text ${JSON.stringify(cell)}, which stands for null`;
      cells.push(cell);
    }
    return cells;
  };
}

function wrong({ name, type, nullable }: TypedColumn, cell: string | undefined): string {
  const received = cell === undefined ? 'nothing' : JSON.stringify(cell.length > 60 ? `${cell.slice(0, 60)}…` : cell);
  return `${JSON.stringify(name)} is ${received}, not ${type}${nullable ? ' or null' : ''}`;
}
