import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { openDuckDb } from '@bifold/adapters/duckdb';
import { isRemote, type RemoteFolder } from '@bifold/adapters/files';
import { copyRows, type FileFormat, type FormatKind, formatOfKind } from '@bifold/adapters/formats';
import { type Column, quoted, refuse, textLiteral } from '@bifold/core/engine';
import { syncFolder } from '../checkpoint/journal.ts';
import { checkFormat, checkPlace } from '../definition/places.ts';
import type { Batch, Ports } from '../ports.ts';
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
  const { name, outputMode, aggregation } = rows;
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
    async write(batch) {
      if (batch.rows.length === 0) return;
      const name = `${batch.stream}-${batch.checkpoint.slice(0, 8)}-${String(batch.number).padStart(8, '0')}`;
      const aside = await folder.makeAside();
      try {
        await write(node, batch, aside, name);
        const written = await filesBelow(aside);
        for (const file of written) await folder.put(join(aside, file), file);
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

async function write({ format: kind, partitionBy }: FilesSinkNode, batch: Batch, aside: string, name: string) {
  const format = formatOfKind(kind);
  const database = await openDuckDb({ threads: 1 });
  try {
    await createTable(database, 'batch', batch.columns, batch.rows);
    const list = batch.columns.map((column) => shown(column, format));
    const isPartitioned = partitionBy.length > 0;
    const path = isPartitioned ? aside : join(aside, `${name}${format.extensions[0]}`);
    await copyRows(database, `SELECT ${list.join(', ')} FROM batch`, path, format, {
      nullText: NULL_TEXT,
      more: isPartitioned ? partitionOptions(partitionBy, name) : [],
    });
  } finally {
    database.close();
  }
}

function partitionOptions(partitionBy: readonly string[], name: string): readonly string[] {
  return [
    `PARTITION_BY (${partitionBy.map(quoted).join(', ')})`,
    `FILENAME_PATTERN ${textLiteral(`${name}-{i}`)}`,
    'OVERWRITE_OR_IGNORE',
  ];
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

async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}
