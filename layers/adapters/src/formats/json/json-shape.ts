import { UnreadableFile } from '../errors.ts';
import { nameOf, scanJson } from './json-text.ts';

/** So much of a file tells whether it is lines. */
export const HEAD_BYTES = 64 * 1024;
/** Names that services give to the array around which they put an object. */
const WRAPPERS = new Set(['data', 'results', 'records', 'rows', 'features']);

/** The beginning of a file. */
export interface Head {
  readonly text: string;
  /** Whether it is the whole file. */
  readonly isWhole: boolean;
}

/**
 * Refuses JSON that is one array, one object around an array, or printed over several lines.
 * @throws {UnreadableFile} with the `jq` command that makes lines of it
 */
export function refuseOtherJson(name: string, head: Head): void {
  const found = shapeOf(head);
  if (found === null) return;
  throw new UnreadableFile('BIFOLD_NOT_JSON_LINES', 1, {
    failed: `${name} is JSON, but not one object a line`,
    received: found.shape,
    allowed: 'JSON lines: one object on each line',
    remedy: `make lines of it: jq -c '${found.filter}' ${name} > rows.jsonl`,
  });
}

interface Shape {
  readonly shape: string;
  /** The filter of `jq` that gives the rows. */
  readonly filter: string;
}

function shapeOf({ text, isWhole }: Head): Shape | null {
  const start = text.search(/\S/);
  const first = text[start];
  if (first !== '[' && first !== '{') return null;
  const value = text.slice(start);
  const { end, ...scan } = scanJson(value);
  const lineEnd = value.indexOf('\n');
  // Where the head ends within the first line, a text may close behind it.
  const isTextOpen = scan.isTextOpen && (isWhole || lineEnd >= 0);
  const isOneLine = lineEnd < 0 || (end !== null && end <= lineEnd);
  const isAlone = end === null ? !isTextOpen : isWhole && value.slice(end).trim() === '';
  if (first === '[') return isOneLine && !isAlone ? null : { shape: 'an array', filter: '.[]' };
  if (isOneLine) return isAlone ? wrapperOf(value) : null;
  // A line that is cut off is one bad row, and the next one is an object.
  if (isTextOpen || isBrokenLine(value, lineEnd)) return null;
  const array = arraysOf(value)[0];
  const shape = 'one value over several lines';
  return array === undefined ? { shape, filter: '.' } : { shape, filter: `${pathOf(array)}[]` };
}

/** Whether the first line stays open while the second one is an object by itself. */
function isBrokenLine(value: string, lineEnd: number): boolean {
  const next = value.slice(lineEnd).trimStart().split('\n', 1)[0] as string;
  try {
    return typeof JSON.parse(next) === 'object' && next.startsWith('{');
  } catch {
    return scanJson(value.slice(0, lineEnd)).isTextOpen;
  }
}

/**
 * The only line of a file may be an object around its rows. Its field has a name that services use
 * for that: under any other name, the line is one row.
 */
function wrapperOf(value: string): Shape | null {
  const [array, ...others] = arraysOf(value);
  if (array === undefined || others.length > 0 || !WRAPPERS.has(array)) return null;
  return { shape: 'one object around an array', filter: `${pathOf(array)}[]` };
}

/** The fields that are arrays of objects. */
function arraysOf(value: string): readonly string[] {
  return scanJson(value)
    .names.filter(({ valueAt }) => /^\s*\[\s*\{/.test(value.slice(valueAt, valueAt + 1_000)))
    .map(nameOf);
}

const pathOf = (name: string): string => (/^[A-Za-z_]\w*$/.test(name) ? `.${name}` : `.[${JSON.stringify(name)}]`);
