import { digitsOf, numberOf, parseExactly, stringifyExactly } from './exact-json.ts';
import { extentOf, fitsDecimal, isInteger, isNonFinite, numberType } from './numbers.ts';
import { isDate, isTimestamp } from './times.ts';

export const CELL_TYPES = ['integer', 'decimal', 'float', 'boolean', 'date', 'timestamp', 'json', 'text'] as const;
/**
 * The type of a column. An integer is a safe one, a float a double, and a decimal a number that no
 * double holds, of at most 38 digits. Dates and timestamps are JSON text.
 */
export type CellType = (typeof CELL_TYPES)[number];
/** The type of a single value: NaN and the infinities are texts, or floats among other floats. */
export type ValueType = CellType | 'non-finite';

export interface TypedColumn {
  readonly name: string;
  readonly type: CellType;
  readonly nullable: boolean;
}

const BOOLEAN = /^(true|false)$/i;

/** The narrowest type of a CSV cell. */
export function typeOfCell(cell: string): ValueType {
  const number = numberType(cell);
  // An integer beyond 2^53 is text, because other programs would round it.
  if (number !== null) return number !== 'integer' && isWhole(cell) ? 'text' : number;
  if (BOOLEAN.test(cell)) return 'boolean';
  return isCanonicalJson(cell) ? 'json' : typeOfText(cell);
}

const isWhole = (digits: string): boolean => /^-?[1-9]\d*$/.test(digits);

/**
 * The narrowest type of a JSON value that is not null. A JSON string stays text, even if it
 * consists of digits. A number that neither a double nor a decimal holds is JSON.
 */
export function typeOfValue(value: unknown): ValueType {
  const digits = digitsOf(value);
  if (digits !== null) return numberType(digits) ?? 'json';
  if (typeof value === 'boolean') return 'boolean';
  return typeof value === 'string' ? typeOfText(value) : 'json';
}

function typeOfText(text: string): ValueType {
  if (isNonFinite(text)) return 'non-finite';
  return isDate(text) ? 'date' : isTimestamp(text) ? 'timestamp' : 'text';
}

export const isNumeric = (type: ValueType): boolean => type === 'integer' || type === 'decimal' || type === 'float';

/** The narrowest type that contains the values of both. Null means that there was no value yet. */
export function joined(left: ValueType | null, right: ValueType): ValueType {
  if (left === null || left === right) return right;
  if (isNumeric(left) && isNumeric(right)) return left === 'decimal' || right === 'decimal' ? 'decimal' : 'float';
  const isDouble = (type: ValueType) => type === 'integer' || type === 'float';
  const isDoubles = (left === 'non-finite' && isDouble(right)) || (right === 'non-finite' && isDouble(left));
  return isDoubles ? 'float' : 'text';
}

/** Whether the text of an object or array is unchanged after parsing and writing. */
function isCanonicalJson(cell: string): boolean {
  if (!/^[[{]/.test(cell)) return false;
  try {
    return JSON.stringify(parseExactly(cell)) === cell;
  } catch {
    return false;
  }
}

/**
 * Converts a cell to a JSON value of the type. Undefined if it is not of this type. Numbers keep
 * their digits.
 */
export function valueOfCell(type: CellType, cell: string): unknown {
  switch (type) {
    case 'integer':
      return isInteger(cell) ? numberOf(cell) : undefined;
    case 'decimal':
      return numberType(cell) !== null && fitsDecimal(extentOf(cell)) ? numberOf(cell) : undefined;
    case 'float':
      return isNonFinite(cell) ? cell : isDoubleType(numberType(cell)) ? numberOf(cell) : undefined;
    case 'boolean':
      return BOOLEAN.test(cell) ? cell.toLowerCase() === 'true' : undefined;
    case 'date':
      return isDate(cell) ? cell : undefined;
    case 'timestamp':
      return isTimestamp(cell) ? cell : undefined;
    case 'json':
      try {
        return parseExactly(cell);
      } catch {
        return undefined;
      }
    case 'text':
      return cell;
  }
}

const isDoubleType = (type: ValueType | null): boolean => type === 'integer' || type === 'float';

/** Whether a JSON value that is not null fits into a column of the type. */
export function isOfType(type: CellType, value: unknown): boolean {
  switch (type) {
    case 'json':
      return true;
    case 'text':
      return typeof value === 'string';
    case 'decimal': {
      const digits = digitsOf(value);
      return digits !== null && numberType(digits) !== null && fitsDecimal(extentOf(digits));
    }
    case 'float': {
      const own = typeOfValue(value);
      return isDoubleType(own) || own === 'non-finite';
    }
    default:
      return typeOfValue(value) === type;
  }
}

/** Converts a JSON value that is not null to the text of a cell. */
export function cellOfValue(value: unknown): string {
  return typeof value === 'string' ? value : stringifyExactly(value);
}
