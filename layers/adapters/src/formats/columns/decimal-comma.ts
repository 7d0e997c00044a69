import { typeOfCell } from './cell-types.ts';

const NUMBERS: ReadonlySet<string> = new Set(['integer', 'decimal', 'float', 'double']);

/** Exchanges decimal commas and points. A number with a decimal point is text among commas. */
function swapped(cell: string): string {
  return cell.replace(/[.,]/g, (sign) => (sign === ',' ? '.' : ','));
}

/** The type of a cell, and the cell with decimal points. */
export function typedCellIn(cell: string, decimalComma: boolean): readonly [ReturnType<typeof typeOfCell>, string] {
  const type = typeOfCell(cell);
  if (!decimalComma) return [type, cell];
  const withPoints = swapped(cell);
  const number = typeOfCell(withPoints);
  if (NUMBERS.has(number)) return [number, withPoints];
  return [NUMBERS.has(type) ? 'text' : type, cell];
}

/** The cell of a column, with a decimal point where the file has a comma. */
export function pointed({ type }: { readonly type: string }, cell: string, decimalComma: boolean): string {
  return decimalComma && NUMBERS.has(type) ? swapped(cell) : cell;
}
