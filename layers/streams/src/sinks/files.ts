import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { openDuckDb } from '@bifold/adapters/duckdb';
import { isRemote, type RemoteFolder } from '@bifold/adapters/files';
import { type Column, quoted, textLiteral } from '@bifold/core/engine';
import { syncFolder } from '../checkpoint/journal.ts';
import type { FilesSinkNode } from '../definition/sink.ts';
import type { FileFormat } from '../definition/source.ts';
import type { Batch, Ports } from '../ports.ts';
import type { OpenSink } from './sink.ts';
import { createTable } from './table.ts';

/** Readers of data leave folders alone whose names begin so. */
const HIDDEN = '_bifold';

/**
 * Writes each batch as files named by checkpoint and batch: a repeated batch writes the same files
 * to the same places. Files appear whole, by a rename or as an object. The batch's manifest in
 * `_bifold` is written last: a batch that has one is complete.
 */
export function filesSink(node: FilesSinkNode, ports: Ports): OpenSink {
  const folder = isRemote(node.path) ? remoteTarget(() => ports.folder(node.path)) : localTarget(resolve(node.path));
  return {
    async take(batch) {
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
  /** A folder of this machine from which files come to their places. */
  makeAside(): Promise<string>;
  put(localPath: string, file: string): Promise<void>;
  close(): Promise<void>;
}

function localTarget(folder: string): TargetFolder {
  return {
    async makeAside() {
      // Within the folder: a rename leads to the same file system only.
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

async function write(node: FilesSinkNode, batch: Batch, aside: string, name: string): Promise<void> {
  const database = await openDuckDb({ threads: 1 });
  try {
    await createTable(database, 'batch', batch.columns, batch.rows);
    const list = batch.columns.map((column) => shown(column, node.format));
    const options = [formatOptions(node.format)];
    let path = join(aside, `${name}.${node.format}`);
    if (node.partitionBy.length > 0) {
      path = aside;
      options.push(
        `PARTITION_BY (${node.partitionBy.map(quoted).join(', ')}), FILENAME_PATTERN ${textLiteral(`${name}-{i}`)}, OVERWRITE_OR_IGNORE`,
      );
    }
    await database.run(`COPY (SELECT ${list.join(', ')} FROM batch) TO ${textLiteral(path)} (${options.join(', ')})`);
  } finally {
    database.close();
  }
}

function formatOptions(format: FileFormat): string {
  switch (format) {
    case 'csv':
      return "FORMAT csv, HEADER, NULLSTR 'NA'";
    case 'json':
      return 'FORMAT json';
    case 'parquet':
      return 'FORMAT parquet, COMPRESSION zstd';
  }
}

/** Texts have no type for times: they are written as a source of this program reads them. */
function shown({ name, type }: Column, format: FileFormat): string {
  return type === 'timestamp' && format !== 'parquet'
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
