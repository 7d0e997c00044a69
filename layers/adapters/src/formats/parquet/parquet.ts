import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Column } from '@bifold/core/engine';
import type { DuckDb } from '../../duckdb/index.ts';
import { numberOf, parseExactly } from '../columns/exact-json.ts';
import { doubleDigits } from '../columns/numbers.ts';
import type { Fields, FileFormat, OpenRows, ReadOptions, Row, RowInput } from '../file-format.ts';
import { jsonText } from '../json/json-lines.ts';
import { openTables, withDuckDb } from '../tables.ts';
import { refuseParquetNames, unfitForParquet } from './parquet-columns.ts';
import { damagedParquet, endedEarly } from './parquet-errors.ts';
import { heldColumns, type ParquetFile, parquetFile } from './parquet-file.ts';
import { wireReaders } from './wire-values.ts';

/** Typed columns. DuckDB reads and writes them. */
export const parquet = {
  kind: 'parquet',
  extensions: ['.parquet'],
  async open(input, options) {
    const local = await localFile(input);
    try {
      return await openLocal(local, input.name, options);
    } catch (error) {
      local.remove();
      throw damagedParquet(input.name, error);
    }
  },
  text: null,
  unfit(columns) {
    refuseParquetNames(columns);
    return unfitForParquet(columns);
  },
  copyOptions: () => 'FORMAT parquet, COMPRESSION zstd',
  hasTimes: true,
} as const satisfies FileFormat;

interface LocalFile {
  readonly path: string;
  /** Removes a copy of the input. */
  remove(): void;
}

/** Parquet has its index at the end, so a stream is copied to a file first. */
async function localFile(input: RowInput): Promise<LocalFile> {
  if (input.path !== null) {
    await access(input.path);
    return { path: input.path, remove: () => undefined };
  }
  const folder = mkdtempSync(join(tmpdir(), 'bifold-rows-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  // The rows of the file may never be read.
  process.once('exit', remove);
  const local = {
    path: join(folder, 'rows.parquet'),
    remove() {
      process.off('exit', remove);
      remove();
    },
  };
  await pipeline(await input.open(), createWriteStream(local.path)).catch((error) => {
    local.remove();
    throw error;
  });
  return local;
}

async function openLocal(local: LocalFile, name: string, options: ReadOptions): Promise<OpenRows> {
  const file = await withDuckDb((database) => parquetFile(database, local.path));
  const read = options.columns === undefined ? exactReading(file) : wireReading(file, name, options.columns);
  const rows = async function* () {
    const database = await openTables(read.columns.length);
    try {
      yield* rowsOf(database, file, name, read);
    } catch (error) {
      throw damagedParquet(name, error);
    } finally {
      database.close();
      local.remove();
    }
  };
  return {
    header: null,
    batches: rows(),
    close: async () => local.remove(),
    columns: () =>
      withDuckDb((database) => heldColumns(database, file), file.columns.length).catch((error) => {
        throw damagedParquet(name, error);
      }),
  };
}

/** The columns that are read, by their places in the file. */
interface Reading {
  readonly columns: readonly { readonly name: string; readonly index: number }[];
  readonly read: (column: number, value: unknown) => unknown;
}

function exactReading(file: ParquetFile): Reading {
  return { columns: file.columns.map(({ name }, index) => ({ name, index })), read: (_, value) => value };
}

function wireReading(file: ParquetFile, name: string, columns: readonly Column[]): Reading {
  const readers = wireReaders(file, name, columns);
  return { columns: readers, read: (column, value) => readers[column]?.read(value) };
}

const EXACT = {
  number: numberOf,
  double: (value: number): unknown => (Number.isFinite(value) ? numberOf(doubleDigits(value)) : String(value)),
  json: jsonOf,
};

function jsonOf(text: string): unknown {
  try {
    return parseExactly(text);
  } catch {
    return text;
  }
}

async function* rowsOf(
  database: DuckDb,
  file: ParquetFile,
  name: string,
  { columns, read }: Reading,
): AsyncGenerator<readonly Row<Fields>[]> {
  const { line } = jsonText(columns.map((column) => ({ name: column.name, type: 'json', nullable: true })));
  const select = `SELECT ${columns.map(({ index }) => file.expressions[index]).join(', ')} FROM ${file.from}`;
  let before = 0;
  for await (const values of database.stream(select, EXACT)) {
    const rowCount = values[0]?.length ?? 0;
    const batch = Array.from({ length: rowCount }, (_, row): Row<Fields> => {
      const content = Object.fromEntries(
        columns.map((column, index) => [column.name, read(index, values[index]?.[row])]),
      );
      return {
        line: before + row + 1,
        get raw() {
          return line({ fields: content, cells: [] }).trimEnd();
        },
        content,
      };
    });
    before += rowCount;
    yield batch;
  }
  if (before < file.rowCount) throw endedEarly(name, before, file.rowCount);
}
