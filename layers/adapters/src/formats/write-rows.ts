import { createWriteStream, renameSync, rmSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { TypedColumn } from './columns/cell-types.ts';
import type { CheckedRow, FileFormat, RowText } from './file-format.ts';
import { writeParquet } from './parquet/write-parquet.ts';

const CHUNK_LENGTH = 64 * 1024;

/** Writes rows while they arrive, with few in memory. The file appears only when it is complete. */
export function writeRows(
  format: FileFormat,
  path: string,
  columns: readonly TypedColumn[],
  rows: AsyncIterable<CheckedRow>,
): Promise<void> {
  const { text } = format;
  return whole(path, async (draft) => {
    if (text === null) await writeParquet(format, draft, columns, rows);
    else await pipeline(Readable.from(textOf(text(path, columns), rows)), createWriteStream(draft));
  });
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

/** A draft beside the file, renamed at the end. */
async function whole(path: string, write: (draft: string) => Promise<void>): Promise<void> {
  const draft = `${path}.${process.pid}.part`;
  try {
    await write(draft);
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}
