import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { TypedColumn } from './columns/cell-types.ts';
import type { CheckedRow, FileFormat, RowText } from './file-format.ts';
import { writeParquet } from './parquet/write-parquet.ts';
import { writeWhole } from './whole-file.ts';

const CHUNK_LENGTH = 64 * 1024;

/** Writes rows while they arrive, with few in memory. The file appears only when it is complete. */
export function writeRows(
  format: FileFormat,
  path: string,
  columns: readonly TypedColumn[],
  rows: AsyncIterable<CheckedRow>,
): Promise<void> {
  if (format.text === null) return writeParquet(format, path, columns, rows);
  const text = textOf(format.text(path, columns), rows);
  return writeWhole(path, (draft) => pipeline(Readable.from(text), createWriteStream(draft)));
}

/** Rows as text, in chunks large enough for a write. */
export async function* textOf({ head, line }: RowText, rows: AsyncIterable<CheckedRow>): AsyncGenerator<string> {
  let text = head;
  for await (const row of rows) {
    text += line(row);
    if (text.length >= CHUNK_LENGTH) {
      yield text;
      text = '';
    }
  }
  yield text;
}
