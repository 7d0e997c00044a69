import { statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { filesBelow, isHidden, isRemote } from '@bifold/adapters/files';
import { textLiteral } from '@bifold/core/engine';
import type { Context } from '../context.ts';
import { UsageError } from '../errors.ts';
import { folderOf } from '../records/remote-files.ts';
import { temporaryFile } from '../records/temporary-file.ts';

/**
 * Downloads the files and folders that a query names in quotes, and returns the query with local
 * paths. A folder after FROM or JOIN means all its Parquet files. Its `name=value` subfolders
 * become columns, as in Hive.
 *
 * @throws {UsageError} if an address has no files, or a folder no Parquet files
 */
export async function broughtFiles(context: Context, sql: string, temporary: string[]): Promise<string> {
  const parts: string[] = [];
  let done = 0;
  for (const found of sql.matchAll(/'((?:[^']|'')*)'/g)) {
    const address = (found[1] as string).replaceAll("''", "'");
    const before = sql.slice(done, found.index);
    const isTable = /\b(FROM|JOIN)\s*$/i.test(before);
    let read: string;
    if (isRemote(address)) read = await downloaded(context, address, isTable, temporary);
    else if (isTable && isFolder(address)) read = await parquetBelow(address, address);
    else continue;
    // FROM may be right before the quote.
    parts.push(isTable ? `${before} ` : before, read);
    done = found.index + found[0].length;
  }
  return [...parts, sql.slice(done)].join('');
}

/** Downloads the files of an address. Returns the SQL of their table, or of their local path. */
async function downloaded(context: Context, address: string, isTable: boolean, temporary: string[]): Promise<string> {
  const [, fixed = address, pattern = ''] = /^(.*?)(\/[^/]*[*?[].*)$/.exec(address) ?? [];
  const folder = await folderOf(context, fixed);
  try {
    const files = ((await folder.list()) ?? []).filter(({ path }) => !isHidden(path));
    if (files.length === 0) throw nothingAt(address);
    const place = temporaryFile('files', temporary);
    const isOne = files.length === 1 && files[0]?.path === '';
    const name = isOne ? fixed.slice(fixed.lastIndexOf('/')) : '';
    for (const { path } of files) {
      const local = join(`${place}${name}`, path);
      await mkdir(dirname(local), { recursive: true });
      await folder.fetch(path, local);
    }
    if (isTable && !isOne && pattern === '') return await parquetBelow(place, address);
    return textLiteral(`${place}${name}${pattern}`);
  } finally {
    folder.close();
  }
}

/** The SQL of all Parquet files in a local folder. Errors name the folder by `address`. */
async function parquetBelow(folder: string, address: string): Promise<string> {
  const files = (await filesBelow(folder)).filter((path) => /\.parquet$/i.test(path) && !isHidden(path));
  if (files.length === 0) throw noParquet(address);
  const paths = files.map((path) => textLiteral(join(folder, path)));
  return `read_parquet([${paths.join(', ')}], hive_partitioning = true)`;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function nothingAt(address: string): UsageError {
  return new UsageError('BIFOLD_NO_FILES', {
    failed: `${address} cannot be read`,
    received: 'no such file, or a folder without files',
    allowed: 'a file, a folder with files, or a folder and a pattern of names',
    remedy: 'correct the address',
  });
}

function noParquet(folder: string): UsageError {
  return new UsageError('BIFOLD_NO_FILES', {
    failed: `${folder} cannot be read as a table`,
    received: 'a folder without Parquet files',
    allowed: 'a folder after FROM or JOIN means all Parquet files in it',
    remedy: "correct the path, or name other files by a function: FROM read_csv('folder/*.csv')",
  });
}
