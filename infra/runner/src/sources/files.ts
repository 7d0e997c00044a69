import { readdir, stat } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import type { Column, EventTime } from '@bifold/core';
import type { Journal } from '../checkpoint/journal.ts';
import type { FilesNode } from '../definition/source.ts';
import { RunnerError } from '../errors.ts';
import { readRecords } from './file-records.ts';
import { rowReader } from './row-reader.ts';
import type { OpenSource, SourceChunk } from './source.ts';

/** How many files of the log of files are behind it. */
interface FilesPosition {
  readonly [name: string]: unknown;
  readonly files: number;
}

/** A file as it was when it was first seen. */
interface SeenFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
}

/**
 * A folder, as a log: each file gets a number when it is first seen, in the order of its time and name, and keeps it. Files must come whole, as by a rename,
 * and stay as they are; those whose name, or a folder's, begins with a dot or an underscore are not read.
 */
export async function filesSource(
  node: FilesNode,
  columns: readonly Column[],
  eventTime: EventTime | null,
  journal: Journal,
  suffix = '',
): Promise<OpenSource> {
  const log = `files${suffix}.jsonl`;
  const folder = localFolder(node.path);
  const read = rowReader(columns, node.schema, eventTime);
  const seen = (await journal.read(log)) as SeenFile[];
  const known = new Set(seen.map(({ path }) => path));

  return {
    begin: async () => ({ files: 0 }) satisfies FilesPosition,

    async available() {
      const added = (await listed(folder)).filter(({ path }) => !known.has(path));
      await journal.append(log, added);
      for (const file of added) {
        seen.push(file);
        known.add(file.path);
      }
      return { files: seen.length } satisfies FilesPosition;
    },

    bounded(from, available) {
      const { files } = available as FilesPosition;
      const most = (from as FilesPosition).files + (node.maxFilesPerTrigger ?? Number.POSITIVE_INFINITY);
      return { files: Math.min(files, most) };
    },

    async *read(from, to): AsyncGenerator<SourceChunk> {
      for (const file of seen.slice((from as FilesPosition).files, (to as FilesPosition).files)) {
        const path = join(folder, file.path);
        await checkUnchanged(path, file);
        for await (const records of readRecords(path, node, columns)) {
          const chunk = { rows: [] as SourceChunk['rows'][number][], bad: [] as SourceChunk['bad'][number][] };
          for (const { line, record, error } of records) {
            const row = error === null ? read(record) : ({ kind: 'bad', reason: 'unreadable', detail: error } as const);
            if (row.kind === 'row') chunk.rows.push(row.values);
            else chunk.bad.push({ where: `${file.path}:${line}`, reason: row.reason, detail: row.detail });
          }
          yield chunk;
        }
      }
    },

    close: async () => undefined,
  };
}

function localFolder(path: string): string {
  const [, scheme] = /^([a-z][a-z0-9]*):\/\//.exec(path) ?? [];
  if (scheme === undefined) return resolve(path);
  throw new RunnerError('BIFOLD_FILES_NOT_LOCAL', {
    failed: `the files of ${path} cannot be read`,
    received: `a folder of ${scheme}`,
    allowed: 'a folder of this machine',
    remedy: 'copy the files, or mount them',
  });
}

async function listed(folder: string): Promise<readonly SeenFile[]> {
  let entries: Awaited<ReturnType<typeof entriesOf>>;
  try {
    entries = await entriesOf(folder);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    throw new RunnerError(
      'BIFOLD_FOLDER_MISSING',
      {
        failed: `the files of ${folder} cannot be read`,
        received: 'no such folder',
        allowed: 'a folder, empty or not',
        remedy: `correct the path, or create it: mkdir -p ${folder}`,
      },
      { cause },
    );
  }
  const found: SeenFile[] = [];
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = relative(folder, join(entry.parentPath, entry.name));
    if (path.split(sep).some((part) => /^[._]/.test(part))) continue;
    const { size, mtimeMs } = await stat(join(folder, path));
    found.push({ path, sizeBytes: size, modifiedMs: Math.floor(mtimeMs) });
  }
  return found.sort(
    (left, right) =>
      left.modifiedMs - right.modifiedMs || (left.path < right.path ? -1 : left.path > right.path ? 1 : 0),
  );
}

function entriesOf(folder: string) {
  return readdir(folder, { recursive: true, withFileTypes: true });
}

/** A batch that runs again must find the rows of the first time. */
async function checkUnchanged(path: string, { sizeBytes, modifiedMs }: SeenFile): Promise<void> {
  const now = await stat(path).catch(() => null);
  if (now !== null && now.size === sizeBytes && Math.floor(now.mtimeMs) === modifiedMs) return;
  throw new RunnerError('BIFOLD_FILE_CHANGED', {
    failed: `${path} cannot be read as it was found`,
    received: now === null ? 'it is gone' : `${now.size} bytes of ${now.mtime.toISOString()}`,
    allowed: `${sizeBytes} bytes of ${new Date(modifiedMs).toISOString()}`,
    remedy: 'put files there whole, by a rename, and leave them; restore this one to go on',
  });
}
