import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { openDuckDb } from '@bifold/adapters/duckdb';
import { type Column, quoted, textLiteral } from '@bifold/core';
import { syncFolder } from '../checkpoint/journal.ts';
import type { FilesSinkNode } from '../definition/sink.ts';
import type { FileFormat } from '../definition/source.ts';
import { RunnerError } from '../errors.ts';
import type { Batch } from '../ports.ts';
import type { OpenSink } from './sink.ts';
import { createTable } from './table.ts';

/** Readers of data leave folders alone whose names begin so. */
const HIDDEN = '_bifold';

/**
 * Each batch as files of its own, named by checkpoint and batch: a batch that comes again puts the same files in the same places. They are written aside and
 * come by a rename; then, last of all, the batch's manifest in `_bifold`: a batch that has one is whole.
 */
export function filesSink(node: FilesSinkNode): OpenSink {
  const folder = localFolder(node.path);
  return {
    async take(batch) {
      if (batch.rows.length === 0) return;
      const name = `${batch.stream}-${batch.checkpoint.slice(0, 8)}-${String(batch.number).padStart(8, '0')}`;
      const aside = join(folder, HIDDEN, `aside-${randomUUID()}`);
      await mkdir(aside, { recursive: true });
      try {
        await write(node, batch, aside, name);
        const written = await filesBelow(aside);
        for (const file of written) {
          const path = join(folder, file);
          await mkdir(dirname(path), { recursive: true });
          await rename(join(aside, file), path);
          await syncFolder(dirname(path));
        }
        const manifest = join(folder, HIDDEN, `${name}.json`);
        const draft = join(aside, 'manifest');
        const { stream, checkpoint, number, rows } = batch;
        await writeFile(
          draft,
          `${JSON.stringify({ stream, checkpoint, batch: number, rows: rows.length, files: written })}\n`,
        );
        await rename(draft, manifest);
        await syncFolder(dirname(manifest));
      } finally {
        await rm(aside, { recursive: true, force: true });
      }
    },
    close: async () => undefined,
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
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

function localFolder(path: string): string {
  const [, scheme] = /^([a-z][a-z0-9]*):\/\//.exec(path) ?? [];
  if (scheme === undefined) return resolve(path);
  throw new RunnerError('BIFOLD_FILES_NOT_LOCAL', {
    failed: `files cannot be written to ${path}`,
    received: `a folder of ${scheme}`,
    allowed: 'a folder of this machine',
    remedy: 'write to a local folder, or to Kafka or Cassandra',
  });
}
