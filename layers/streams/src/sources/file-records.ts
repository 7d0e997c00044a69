import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { openDuckDb } from '@bifold/adapters/duckdb';
import { type Column, type ColumnType, textLiteral } from '@bifold/core/engine';
import { parse } from 'csv-parse';
import type { CsvOptions, FilesNode } from '../definition/source.ts';
import { RunnerError } from '../errors.ts';

/**
 * A record of a file, as JSON would have it; `error` where it could not even be parsed. Lines are
 * counted from 1, a header included.
 */
export interface FileRecord {
  readonly line: number;
  readonly record: unknown;
  readonly error: string | null;
}

const RECORDS_PER_CHUNK = 5_000;

/** The records of a file, in their order. */
export async function* readRecords(
  path: string,
  { format, csv }: FilesNode,
  columns: readonly Column[],
): AsyncGenerator<readonly FileRecord[]> {
  let chunk: FileRecord[] = [];
  for await (const record of oneByOne()) {
    chunk.push(record);
    if (chunk.length < RECORDS_PER_CHUNK) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;

  function oneByOne(): AsyncIterable<FileRecord> {
    switch (format) {
      case 'csv':
        return csvRecords(path, columns, csv);
      case 'json':
        return jsonRecords(path);
      case 'parquet':
        return parquetRecords(path, columns);
    }
  }
}

async function* csvRecords(path: string, columns: readonly Column[], { delimiter, nullText }: CsvOptions) {
  const byName = new Map(columns.map((column) => [column.name, column]));
  const skipped: FileRecord[] = [];
  const parser = parse({
    columns: true,
    bom: true,
    skip_empty_lines: true,
    info: true,
    delimiter,
    // A line of too many or too few cells is a bad row, not the end of the file.
    skip_records_with_error: true,
    on_skip: (error) => {
      skipped.push({ line: Number(error?.lines ?? 0), record: null, error: error?.message ?? 'no CSV' });
      return undefined;
    },
  });
  const input = createReadStream(path);
  // A pipe does not carry errors along.
  input.on('error', (error) => parser.destroy(error));
  input.pipe(parser);
  for await (const { record: cells, info } of parser as AsyncIterable<{
    readonly record: Readonly<Record<string, string>>;
    readonly info: { readonly lines: number };
  }>) {
    yield* skipped.splice(0);
    const entries = [...byName].map(([name, column]) => [name, typedCell(column, cells[name], nullText)]);
    yield { line: info.lines, record: Object.fromEntries(entries), error: null };
  }
  yield* skipped;
}

/**
 * A cell as JSON would have it; text that is not of the column's type stays text, and the schema
 * says so.
 */
function typedCell({ type, nullable }: Column, cell: string | undefined, nullText: string): unknown {
  if (cell === undefined || cell === nullText || (cell === '' && nullable)) return null;
  return typedText(type, cell);
}

function typedText(type: ColumnType, cell: string): unknown {
  switch (type) {
    case 'integer':
    case 'double':
      return cell.trim() !== '' && Number.isFinite(Number(cell)) ? Number(cell) : cell;
    case 'boolean':
      return /^true$/i.test(cell) ? true : /^false$/i.test(cell) ? false : cell;
    case 'text':
    case 'timestamp':
    case 'decimal':
      return cell;
    case 'json':
      try {
        return JSON.parse(cell);
      } catch {
        return cell;
      }
  }
}

async function* jsonRecords(path: string): AsyncGenerator<FileRecord> {
  let line = 0;
  for await (const text of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    line++;
    if (text === '') continue;
    try {
      yield { line, record: JSON.parse(text), error: null };
    } catch (error) {
      yield { line, record: null, error: error instanceof Error ? error.message : String(error) };
    }
  }
}

async function* parquetRecords(path: string, columns: readonly Column[]): AsyncGenerator<FileRecord> {
  const database = await openDuckDb({ threads: 1 });
  try {
    const file = `read_parquet(${textLiteral(path)})`;
    const described = await database.rows(`SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM ${file})`);
    const there = new Map(described.map((row) => [String(row.column_name), String(row.column_type)]));
    const present = columns.filter(({ name }) => there.has(name));
    if (present.length === 0) throw noColumn(path, columns, [...there.keys()]);
    const list = present.map(({ name }) => columnSql(name, there.get(name) as string));
    let line = 0;
    for await (const chunk of database.query(`SELECT ${list.join(', ')} FROM ${file}`)) {
      const values = chunk.columns.map((name) => chunk.column(name));
      for (let row = 0; row < chunk.rowCount; row++) {
        const entries = present.map((column, index) => [column.name, wireValue(column.type, values[index]?.[row])]);
        yield { line: ++line, record: Object.fromEntries(entries), error: null };
      }
    }
  } finally {
    database.close();
  }
}

function columnSql(name: string, type: string): string {
  const quotedName = `"${name.replaceAll('"', '""')}"`;
  if (!/^(TIMESTAMP|DATE)/.test(type)) return quotedName;
  // With an offset or without: what has none is UTC.
  return `strftime(${quotedName}::TIMESTAMP, '%Y-%m-%dT%H:%M:%S.%gZ') AS ${quotedName}`;
}

function wireValue(type: ColumnType, value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (type === 'json' && typeof value === 'string') return typedText('json', value);
  return value;
}

function noColumn(path: string, columns: readonly Column[], found: readonly string[]): RunnerError {
  return new RunnerError('BIFOLD_NO_SUCH_COLUMN', {
    failed: `${path} holds none of the columns that the schema names`,
    received: found.join(', '),
    allowed: columns.map(({ name }) => name).join(', '),
    remedy: 'correct the schema, or the path',
  });
}
