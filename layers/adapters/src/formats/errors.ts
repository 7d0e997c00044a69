import type { Explanation } from '@bifold/core/engine';
import { AdapterError } from '../errors.ts';
import type { BadRow } from './file-format.ts';

/**
 * A file that cannot be read from some line on. The rows before that line were returned. The same
 * bytes always fail at the same place.
 */
export class UnreadableFile extends AdapterError {
  readonly line: number;

  constructor(code: string, line: number, explanation: Explanation, options?: { readonly cause?: unknown }) {
    super(code, explanation, options);
    this.line = line;
  }
}

export function unendingRow(name: string, line: number, received: string): UnreadableFile {
  return new UnreadableFile('BIFOLD_CSV_UNREADABLE', line, {
    failed: `${name} cannot be read on: a quote leaves open where its row ends`,
    received,
    allowed: 'cells that hold quotes, commas or line ends between quotes, quotes within them doubled',
    remedy: 'correct that line; --delimiter says what stands between cells',
  });
}

export function unusableHeader(name: string, received: string): UnreadableFile {
  return new UnreadableFile('BIFOLD_CSV_UNREADABLE', 1, {
    failed: `${name} has no header that could be used`,
    received,
    allowed: 'CSV whose first line names each column once',
    remedy: 'correct the file, or give another one',
  });
}

export function notUtf8(name: string, line: number, readBytes: number): UnreadableFile {
  return new UnreadableFile('BIFOLD_NOT_UTF8', line, {
    failed: `${name} cannot be read as text`,
    received: `bytes that are no UTF-8, after the first ${readBytes}`,
    allowed: 'UTF-8',
    remedy: 'convert it first: iconv -f LATIN1 -t UTF-8',
  });
}

export function unusableLine(name: string, { line, reason }: BadRow): UnreadableFile {
  return new UnreadableFile('BIFOLD_CSV_UNREADABLE', line, {
    failed: `line ${line} of ${name} cannot be read`,
    received: reason,
    allowed: 'CSV with a header line, cells quoted where they hold commas',
    remedy: 'correct the file, or give another one',
  });
}
