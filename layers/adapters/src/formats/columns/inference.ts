import { type CellType, joined, type TypedColumn, typeOfCell, typeOfValue } from './cell-types.ts';

/** Infers the types of columns while rows are read, with little memory per column. */
export interface Inference {
  addCells(cells: readonly string[]): void;
  addObject(object: Readonly<Record<string, unknown>>): void;
  columns(): readonly TypedColumn[];
}

interface Seen {
  type: CellType | null;
  nulls: boolean;
  count: number;
}

/**
 * Starts an inference. JSON has no header: its columns are the fields, in the order of their first
 * occurrence.
 * @param header the columns of CSV; those of JSON are its fields, in the order in which they come
 * up.
 */
export function inference(header: readonly string[], nullTexts: ReadonlySet<string>): Inference {
  const seen = new Map<string, Seen>();
  const of = (name: string): Seen => {
    const known = seen.get(name) ?? { type: null, nulls: false, count: 0 };
    seen.set(name, known);
    return known;
  };
  for (const name of header) of(name);
  let rows = 0;
  return {
    addCells(cells) {
      rows++;
      for (const [index, name] of header.entries()) {
        const cell = cells[index] ?? '';
        const column = of(name);
        column.count++;
        if (nullTexts.has(cell)) column.nulls = true;
        // No type is wider than text, so a text column stays text.
        else if (column.type !== 'text') column.type = joined(column.type, typeOfCell(cell));
      }
    },
    addObject(object) {
      rows++;
      for (const [name, value] of Object.entries(object)) {
        const column = of(name);
        column.count++;
        if (value === null) column.nulls = true;
        else column.type = joinedValue(column.type, typeOfValue(value));
      }
    },
    columns: () =>
      [...seen].map(([name, { type, nulls, count }]) => ({
        name,
        type: type ?? 'text',
        nullable: nulls || count < rows,
      })),
  };
}

/**
 * The common type of two JSON values. Only two texts are text: a number and a text in one column
 * are JSON.
 */
function joinedValue(left: CellType | null, right: CellType): CellType {
  const isText = (type: CellType) => type === 'text' || type === 'date' || type === 'timestamp';
  if (left !== null && left !== right && !(isText(left) && isText(right))) {
    const type = joined(left, right);
    return type === 'float' ? type : 'json';
  }
  return joined(left, right);
}
