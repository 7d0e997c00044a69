import { namesInOrder } from '../json/json-text.ts';
import {
  type CellType,
  cellOfValue,
  isNumeric,
  joined,
  type TypedColumn,
  typeOfValue,
  type ValueType,
} from './cell-types.ts';
import { typedCellIn } from './decimal-comma.ts';
import { NULL_TEXTS } from './null-cells.ts';
import { type Extent, extentOf, fitsDecimal, joinedExtent, NO_EXTENT } from './numbers.ts';
import type { CellOptions } from './row-types.ts';
import { isInNanosecondRange, isNanoseconds } from './times.ts';

/** Infers the types of columns while rows are read, with little memory per column. */
export interface Inference {
  addCells(cells: readonly string[], quoted?: readonly boolean[]): void;
  /** @param text the object as it stands in its file */
  addObject(object: Readonly<Record<string, unknown>>, text: string): void;
  columns(): readonly TypedColumn[];
}

interface Seen {
  type: ValueType | null;
  nulls: boolean;
  /** Null texts in quotes. They are texts if the column is text, otherwise nulls. */
  quotedNulls: boolean;
  count: number;
  /** Of the column's numbers. */
  extent: Extent;
  hasNonFinite: boolean;
  /** Whether timestamps count nanoseconds, and whether any is out of their range. */
  hasNanoseconds: boolean;
  isOutOfNanosecondRange: boolean;
}

/**
 * Starts an inference. JSON has no header: its columns are the fields, in the order of their first
 * occurrence.
 * @param header the columns of CSV; those of JSON are its fields, in the order in which they come
 * up.
 */
export function inference(
  header: readonly string[],
  { nullTexts = NULL_TEXTS, decimalComma = false }: CellOptions,
): Inference {
  const nulls = new Set(nullTexts);
  const seen = new Map<string, Seen>();
  const of = (name: string): Seen => {
    const known = seen.get(name);
    if (known !== undefined) return known;
    const begun = {
      type: null,
      nulls: false,
      quotedNulls: false,
      count: 0,
      extent: NO_EXTENT,
      hasNonFinite: false,
      hasNanoseconds: false,
      isOutOfNanosecondRange: false,
    };
    seen.set(name, begun);
    return begun;
  };
  for (const name of header) of(name);
  let rows = 0;
  let widest: CellType = 'text';
  return {
    addCells(cells, quoted) {
      rows++;
      for (const [index, name] of header.entries()) {
        const cell = cells[index] ?? '';
        const column = of(name);
        column.count++;
        if (nulls.has(cell)) {
          if (quoted?.[index]) column.quotedNulls = true;
          else column.nulls = true;
        }
        // No type is wider than text, so a text column stays text.
        else if (column.type !== 'text') learn(column, ...typedCellIn(cell, decimalComma), joined);
      }
    },
    addObject(object, text) {
      rows++;
      widest = 'json';
      for (const name of namesInOrder(object, text)) {
        const value = object[name];
        const column = of(name);
        column.count++;
        if (value === null) column.nulls = true;
        else if (column.type !== 'json') learn(column, typeOfValue(value), value, joinedValue);
      }
    },
    columns: () =>
      [...seen].map(([name, column]) => {
        const type = columnType(column, widest);
        const hasNulls = column.nulls || (column.quotedNulls && type !== 'text');
        return { name, type, nullable: hasNulls || column.count < rows };
      }),
  };
}

function learn(
  column: Seen,
  type: ValueType,
  value: unknown,
  join: (left: ValueType | null, right: ValueType) => ValueType,
): void {
  if (isNumeric(type)) column.extent = joinedExtent(column.extent, extentOf(cellOfValue(value)));
  else if (type === 'non-finite') column.hasNonFinite = true;
  else if (type === 'timestamp') {
    column.hasNanoseconds ||= isNanoseconds(value as string);
    column.isOutOfNanosecondRange ||= !isInNanosecondRange(value as string);
  }
  column.type = join(column.type, type);
}

/** @param widest the type of numbers that no type of numbers holds together */
function columnType(column: Seen, widest: CellType): CellType {
  const { type, extent, hasNonFinite, hasNanoseconds, isOutOfNanosecondRange } = column;
  if (type === null || type === 'non-finite') return 'text';
  if (type === 'decimal' && (hasNonFinite || !fitsDecimal(extent))) return widest;
  if (type === 'timestamp' && hasNanoseconds && isOutOfNanosecondRange) return 'text';
  return type;
}

/**
 * The common type of two JSON values. Only two texts are text: a number and a text in one column
 * are JSON.
 */
function joinedValue(left: ValueType | null, right: ValueType): ValueType {
  const isText = (type: ValueType) => ['text', 'date', 'timestamp', 'non-finite'].includes(type);
  if (left !== null && left !== right && !(isText(left) && isText(right))) {
    const type = joined(left, right);
    return isNumeric(type) ? type : 'json';
  }
  return joined(left, right);
}
