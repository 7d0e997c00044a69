import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { openDuckDb } from '@bifold/adapters/duckdb';
import { filesBelow, isRemote, type RemoteFolder } from '@bifold/adapters/files';
import { copyRows, type FileFormat, type FormatKind, formatOfKind } from '@bifold/adapters/formats';
import { type Column, quoted, refuse, textLiteral, type Value } from '@bifold/core/engine';
import { syncFolder } from '../checkpoint/journal.ts';
import { checkFormat, checkPlace } from '../definition/places.ts';
import { type PartitionFolder, partitionFolder } from '../partitions.ts';
import type { Batch, Ports } from '../ports.ts';
import { jsonOf } from '../rows.ts';
import { acceptedRows, type Problem, utf8Problem } from './row-check.ts';
import { checkColumns, type OpenSink, type SinkDescriptor, type SinkNode, type SinkRows } from './sink.ts';
import { createTable } from './table.ts';

export interface FilesSinkNode extends SinkNode {
  readonly kind: 'files';
  readonly path: string;
  readonly format: FormatKind;
  readonly partitionBy: readonly string[];
}

export const filesDescriptor: SinkDescriptor<FilesSinkNode> = {
  kind: 'files',
  check: checkFiles,
  fingerprint: (node) => node,
  open: (node, { ports }) => filesSink(node, ports),
};

function checkFiles({ format, path, partitionBy }: FilesSinkNode, rows: SinkRows): void {
  const { name, outputMode, aggregation, output } = rows;
  checkFormat(`stream "${name}"`, format);
  checkPlace(`stream "${name}"`, path);
  if (aggregation !== null && outputMode !== 'append')
    refuse('BIFOLD_BAD_OUTPUT_MODE', {
      failed: `stream "${name}" writes rows to files that change later`,
      received: `files with outputMode: ${outputMode}`,
      allowed: 'append: rows in a file cannot change',
      remedy: "write outputMode: 'append' and dropLate, or use cassandra, which upserts",
    });
  checkColumns('partitionBy', partitionBy, rows);
  if (partitionBy.length > 0 && output.every((column) => partitionBy.includes(column.name)))
    refuse('BIFOLD_BAD_FORMAT', {
      failed: `stream "${name}" partitions files that would have no columns`,
      received: `partitionBy with every column: ${partitionBy.join(', ')}`,
      allowed: 'at least one column that is not in partitionBy, because the folders hold the others',
      remedy: 'leave a column out of partitionBy',
    });
  if (format === 'json' && partitionBy.length > 0)
    refuse('BIFOLD_BAD_FORMAT', {
      failed: `stream "${name}" partitions files that cannot be partitioned`,
      received: 'json with partitionBy',
      allowed: 'csv or parquet with partitionBy',
      remedy: "write format: 'parquet', or leave partitionBy out",
    });
}

/** Readers of data folders ignore names that begin with an underscore. */
const HIDDEN = '_bifold';
/** The text for null in CSV, which is the default of a source. */
const NULL_TEXT = 'NA';

/**
 * Writes each batch as files named by checkpoint and batch, so a repeated batch writes the same
 * files. Each file appears atomically, by a rename or as an object. The manifest of the batch in
 * `_bifold` is written last: a batch with a manifest is complete.
 */
function filesSink(node: FilesSinkNode, ports: Ports): OpenSink {
  const folder = isRemote(node.path) ? remoteTarget(() => ports.folder(node.path)) : localTarget(resolve(node.path));
  return {
    async write(whole, setAside) {
      const folders = foldersOf(whole, node.partitionBy);
      const { rows, refused } = acceptedRows(whole, rowProblem(node, whole.columns, folders));
      await setAside(refused);
      if (rows.length === 0) return;
      const batch = { ...whole, rows };
      const name = `${batch.stream}-${batch.checkpoint.slice(0, 8)}-${String(batch.number).padStart(8, '0')}`;
      const aside = await folder.makeAside();
      try {
        const files = await draftFiles(node, batch, folders, aside, name);
        const written = [...files.keys()].sort();
        for (const file of written) await folder.put(join(aside, files.get(file) as string), file);
        const draft = join(aside, 'manifest');
        const { stream, checkpoint, number, rows } = batch;
        await writeFile(
          draft,
          `${JSON.stringify({ stream, checkpoint, batch: number, rows: rows.length, files: written })}\n`,
        );
        await folder.put(draft, `${HIDDEN}/${name}.json`);
      } finally {
        await rm(aside, { recursive: true, force: true });
      }
    },
    close: () => folder.close(),
  };
}

/** The folder of the files. */
interface TargetFolder {
  /** Creates a local folder for files before they are moved. */
  makeAside(): Promise<string>;
  put(localPath: string, file: string): Promise<void>;
  close(): Promise<void>;
}

function localTarget(folder: string): TargetFolder {
  return {
    async makeAside() {
      // Inside the target folder, because a rename works only within one file system.
      const aside = join(folder, HIDDEN, `aside-${randomUUID()}`);
      await mkdir(aside, { recursive: true });
      return aside;
    },
    async put(localPath, file) {
      const path = join(folder, file);
      await mkdir(dirname(path), { recursive: true });
      await rename(localPath, path);
      await syncFolder(dirname(path));
    },
    close: async () => undefined,
  };
}

function remoteTarget(open: () => Promise<RemoteFolder>): TargetFolder {
  let opened: Promise<RemoteFolder> | null = null;
  return {
    makeAside: () => mkdtemp(join(tmpdir(), 'bifold-batch-')),
    async put(localPath, file) {
      opened ??= open();
      await (await opened).put(file, localPath);
    },
    async close() {
      (await opened?.catch(() => null))?.close();
    },
  };
}

/** The folder of each row; empty without partitions. */
type Folders = ReadonlyMap<readonly Value[], PartitionFolder>;

function foldersOf({ columns, rows }: Batch, partitionBy: readonly string[]): Folders {
  if (partitionBy.length === 0) return new Map();
  const places = partitionBy.map((name) => columns.findIndex((column) => column.name === name));
  const partitions = places.map((place) => columns[place] as Column);
  const valuesOf = (row: readonly Value[]) => places.map((place) => row[place] ?? null);
  return new Map(rows.map((row) => [row, partitionFolder(partitions, valuesOf(row))]));
}

/** Returns why a row cannot be written to a file of this format, or to its folder. */
function rowProblem({ format }: FilesSinkNode, columns: readonly Column[], folders: Folders) {
  return (row: readonly Value[]): Problem | null => {
    const problem = folders.get(row)?.problem ?? null;
    if (problem !== null) return { reason: 'bad-partition', detail: problem };
    // JSON escapes it, so JSON can hold it.
    return format === 'json' ? null : utf8Problem(columns, row);
  };
}

/** Writes drafts of the files of a batch. Returns their paths by the names of the files. */
async function draftFiles(
  node: FilesSinkNode,
  batch: Batch,
  folders: Folders,
  aside: string,
  name: string,
): Promise<ReadonlyMap<string, string>> {
  const format = formatOfKind(node.format);
  const file = `${name}${format.extensions[0]}`;
  if (node.format === 'json') {
    await pipeline(Readable.from(jsonLines(batch)), createWriteStream(join(aside, file)));
    return new Map([[file, file]]);
  }
  if (node.partitionBy.length === 0) {
    await writeTable(format, batch, [], join(aside, file), []);
    return new Map([[file, file]]);
  }
  return draftPartitions(node, batch, folders, aside, name);
}

/**
 * DuckDB splits the rows by the number of their folder. The folders get their names here, because
 * DuckDB writes some values so that other values come back.
 */
async function draftPartitions(
  { format: kind, partitionBy }: FilesSinkNode,
  batch: Batch,
  folders: Folders,
  aside: string,
  name: string,
): Promise<ReadonlyMap<string, string>> {
  const numbers = new Map<string, number>();
  const rows = batch.rows.map((row) => {
    const path = folders.get(row)?.path as string;
    const number = numbers.get(path) ?? numbers.size;
    numbers.set(path, number);
    return [...row, number];
  });
  const column = unusedName(batch.columns);
  const columns = [...batch.columns, { name: column, type: 'integer' as const, nullable: false }];
  const numbered = { ...batch, columns, rows };
  await writeTable(formatOfKind(kind), numbered, partitionBy, aside, [
    `PARTITION_BY (${quoted(column)})`,
    `FILENAME_PATTERN ${textLiteral(`${name}-{i}`)}`,
    'OVERWRITE_OR_IGNORE',
  ]);
  const paths = [...numbers.keys()];
  const drafted = await filesBelow(aside);
  return new Map(
    drafted.map((draft) => {
      const [, number, file] = /=(\d+)\/([^/]+)$/.exec(draft) as unknown as readonly [string, string, string];
      return [`${paths[Number(number)]}/${file}`, draft];
    }),
  );
}

function unusedName(columns: readonly Column[]): string {
  const names = new Set(columns.map(({ name }) => name.toLowerCase()));
  let name = 'folder';
  while (names.has(name)) name += '_';
  return name;
}

/** Writes the columns of a batch, except some. */
async function writeTable(
  format: FileFormat,
  { columns, rows }: Batch,
  except: readonly string[],
  path: string,
  more: readonly string[],
): Promise<void> {
  const database = await openDuckDb({ threads: 1 });
  try {
    await createTable(database, 'batch', columns, rows);
    const list = columns.filter(({ name }) => !except.includes(name)).map((column) => shown(column, format));
    await copyRows(database, `SELECT ${list.join(', ')} FROM batch`, path, format, {
      nullText: NULL_TEXT,
      quoted: textColumns(columns, except),
      more,
    });
  } finally {
    database.close();
  }
}

const LINES_PER_WRITE = 1_000;

function* jsonLines({ columns, rows }: Batch): Generator<string> {
  for (let from = 0; from < rows.length; from += LINES_PER_WRITE)
    yield rows
      .slice(from, from + LINES_PER_WRITE)
      .map((row) => `${jsonOf(columns, row)}\n`)
      .join('');
}

/** Columns whose texts are quoted in CSV, so that none is read as null. */
function textColumns(columns: readonly Column[], except: readonly string[]): readonly string[] {
  return columns.filter(({ name, type }) => type === 'text' && !except.includes(name)).map(({ name }) => name);
}

/**
 * The SQL of a column. If the format has no type for times, they are written in the form that a
 * source reads.
 */
function shown({ name, type }: Column, { hasTimes }: FileFormat): string {
  return type === 'timestamp' && !hasTimes
    ? `strftime(${quoted(name)}, '%Y-%m-%dT%H:%M:%S.%gZ') AS ${quoted(name)}`
    : quoted(name);
}
