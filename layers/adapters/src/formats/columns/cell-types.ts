import { digitsOf, numberOf, parseExactly } from './exact-json.ts';

export const CELL_TYPES = ['integer', 'float', 'boolean', 'date', 'timestamp', 'json', 'text'] as const;
/** The type of a column. Dates and timestamps are JSON text. */
export type CellType = (typeof CELL_TYPES)[number];

export interface TypedColumn {
  readonly name: string;
  readonly type: CellType;
  readonly nullable: boolean;
}

/**
 * Numbers in JSON syntax. Other forms (007, +1, .5) would be written back differently, so they are
 * text.
 */
const INTEGER = /^-?(0|[1-9]\d*)$/;
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
const BOOLEAN = /^(true|false)$/i;
const DATE = /^\d{4}-\d\d-\d\d$/;
const TIMESTAMP = /^(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

const isDate = (text: string): boolean => {
  const time = DATE.test(text) ? new Date(`${text}T00:00:00Z`) : null;
  return time !== null && !Number.isNaN(time.getTime()) && time.toISOString().startsWith(text);
};
const isTimestamp = (text: string): boolean => isDate(TIMESTAMP.exec(text)?.[1] ?? '');
const isInteger = (text: string): boolean => INTEGER.test(text) && Number.isSafeInteger(Number(text));
const isFloat = (text: string): boolean => NUMBER.test(text) && Number.isFinite(Number(text));

/** The narrowest type of a CSV cell. */
export function typeOfCell(cell: string): CellType {
  // An integer beyond 2^53 is text, because other programs would round it.
  if (INTEGER.test(cell)) return isInteger(cell) ? 'integer' : 'text';
  if (isFloat(cell)) return 'float';
  if (BOOLEAN.test(cell)) return 'boolean';
  return isCanonicalJson(cell) ? 'json' : typeOfText(cell);
}

/**
 * The narrowest type of a JSON value that is not null. A JSON string stays text, even if it
 * consists of digits.
 */
export function typeOfValue(value: unknown): CellType {
  const digits = digitsOf(value);
  if (digits !== null) return isInteger(digits) ? 'integer' : 'float';
  if (typeof value === 'boolean') return 'boolean';
  return typeof value === 'string' ? typeOfText(value) : 'json';
}

function typeOfText(text: string): CellType {
  return isDate(text) ? 'date' : isTimestamp(text) ? 'timestamp' : 'text';
}

/** The narrowest type that contains the values of both. Null means that there was no value yet. */
export function joined(left: CellType | null, right: CellType): CellType {
  if (left === null || left === right) return right;
  const isNumber = (type: CellType) => type === 'integer' || type === 'float';
  return isNumber(left) && isNumber(right) ? 'float' : 'text';
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
    case 'float':
      return isFloat(cell) ? numberOf(cell) : undefined;
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

/** Whether a JSON value that is not null fits into a column of the type. */
export function isOfType(type: CellType, value: unknown): boolean {
  switch (type) {
    case 'json':
      return true;
    case 'text':
      return typeof value === 'string';
    default: {
      const own = typeOfValue(value);
      return own === type || (type === 'float' && own === 'integer');
    }
  }
}

/** Converts a JSON value that is not null to the text of a cell. */
export function cellOfValue(value: unknown): string {
  return typeof value === 'string' ? value : (digitsOf(value) ?? JSON.stringify(value));
}
