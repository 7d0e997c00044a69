import { AdapterError } from '../../errors.ts';
import { UnreadableFile } from '../errors.ts';

/** DuckDB's messages about a file, and what they mean. */
const CAUSES: readonly (readonly [RegExp, string])[] = [
  [/no magic bytes|too small to be a parquet/i, 'a file that does not end as Parquet does'],
  [/encrypt/i, 'an encrypted file'],
  [/utf-?8|invalid string encoding/i, 'text that is not UTF-8'],
];
/** DuckDB's errors that the content of a file can cause. */
const CODES_OF_CONTENT: ReadonlySet<string> = new Set([
  'BIFOLD_FILE_DAMAGED',
  'BIFOLD_SQL_VALUE',
  'BIFOLD_SQL_INVALID',
  'BIFOLD_DUCKDB_FAILED',
]);

/** The error of a file that DuckDB could not read. Other errors are returned as they are. */
export function damagedParquet(name: string, error: unknown): unknown {
  if (!(error instanceof AdapterError) || !CODES_OF_CONTENT.has(error.code)) return error;
  const message = error.explanation.received;
  return unreadable(name, 1, CAUSES.find(([pattern]) => pattern.test(message))?.[1] ?? 'a damaged file', error);
}

export function endedEarly(name: string, rows: number, expected: number): UnreadableFile {
  return unreadable(name, rows + 1, `a damaged file: its rows end after ${rows} of ${expected}`);
}

function unreadable(name: string, line: number, received: string, cause?: unknown): UnreadableFile {
  return new UnreadableFile(
    'BIFOLD_PARQUET_UNREADABLE',
    line,
    {
      failed: `${name} cannot be read as Parquet`,
      received,
      allowed: 'a whole Parquet file without encryption, its text in UTF-8',
      remedy: 'write the file again, or give another one',
    },
    { cause },
  );
}
