import type { Explanation } from '@bifold/core/engine';
import { InputError } from '../errors.ts';
import type { BadRow } from './file-format.ts';

/**
 * A file that cannot be read from some line on. The rows before that line were returned. The same
 * bytes always fail at the same place.
 */
export class UnreadableFile extends InputError {
  readonly line: number;

  constructor(code: string, line: number, explanation: Explanation, options?: { readonly cause?: unknown }) {
    super(code, explanation, options);
    this.line = line;
  }
}

export function unusableHeader(
  name: string,
  received: string,
  { allowed, remedy }: Pick<Explanation, 'allowed' | 'remedy'> = {
    allowed: 'CSV whose first line names each column once',
    remedy: 'correct the file, or give another one',
  },
): UnreadableFile {
  return new UnreadableFile('BIFOLD_CSV_UNREADABLE', 1, {
    failed: `${name} has no header that could be used`,
    received,
    allowed,
    remedy,
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

export function unwritableColumns(format: string, received: string): UnreadableFile {
  return new UnreadableFile('BIFOLD_COLUMNS_UNWRITABLE', 1, {
    failed: `${format} cannot be written with these columns`,
    received,
    allowed: `names that ${format} can tell apart and hold`,
    remedy: 'rename the column: --rename old=new; JSON lines hold any name',
  });
}

export function unknownColumn(name: string, column: string, columns: readonly string[]): UnreadableFile {
  return new UnreadableFile('BIFOLD_NO_SUCH_COLUMN', 1, {
    failed: `${name} has no column ${JSON.stringify(column)} to rename`,
    received: `--rename of ${JSON.stringify(column)}`,
    allowed: columns.join(', '),
    remedy: 'correct --rename: the name in the file stands before the equals sign',
  });
}
