import { createWriteStream, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { quoted, textLiteral } from '@bifold/core/engine';
import type { CellType, TypedColumn } from './columns/cell-types.ts';
import type { CheckedRow, FileFormat, RowText } from './file-format.ts';
import { jsonText } from './json/json-lines.ts';
import { copyRows, withDuckDb } from './tables.ts';

/** The DuckDB type of a column of JSON lines. */
const SQL: Readonly<Record<CellType, string>> = {
  integer: 'BIGINT',
  decimal: 'VARCHAR',
  float: 'DOUBLE',
  boolean: 'BOOLEAN',
  date: 'DATE',
  timestamp: 'TIMESTAMPTZ',
  json: 'JSON',
  text: 'VARCHAR',
};

const CHUNK_LENGTH = 64 * 1024;

/** Writes rows while they arrive, with few in memory. The file appears only when it is complete. */
export async function writeRows(
  format: FileFormat,
  path: string,
  columns: readonly TypedColumn[],
  rows: AsyncIterable<CheckedRow>,
): Promise<void> {
  if (format.text !== null) return writeWhole(path, textOf(format.text(path, columns), rows));
  const folder = mkdtempSync(join(tmpdir(), 'bifold-rows-'));
  try {
    const lines = join(folder, 'rows.jsonl');
    await writeWhole(lines, textOf(jsonText(columns), rows));
    await linesToTable(format, lines, columns, path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
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

async function writeWhole(path: string, text: AsyncIterable<string>): Promise<void> {
  const draft = `${path}.${process.pid}.part`;
  try {
    await pipeline(Readable.from(text), createWriteStream(draft));
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

function linesToTable(format: FileFormat, lines: string, columns: readonly TypedColumn[], path: string): Promise<void> {
  const types = columns.map(({ name, type }) => `${textLiteral(name)}: ${textLiteral(SQL[type])}`).join(', ');
  const rows = `read_json(${textLiteral(lines)}, format = 'newline_delimited', columns = {${types}})`;
  const names = columns.map(({ name }) => quoted(name)).join(', ');
  return withDuckDb((database) => copyRows(database, `SELECT ${names} FROM ${rows}`, path, format));
}
