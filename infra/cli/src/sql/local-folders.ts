import { readdirSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { isRemote } from '@bifold/adapters/files';
import { textLiteral } from '@bifold/core/engine';
import { UsageError } from '../errors.ts';

/**
 * Replaces each folder of this machine after FROM or JOIN by all its Parquet files. Its
 * `name=value` subfolders become columns, as in Hive.
 *
 * @throws {UsageError} if a folder has no Parquet files
 */
export function withLocalFolders(sql: string): string {
  return sql.replace(/\b(FROM|JOIN)(\s*)'((?:[^']|'')*)'/gi, (found, word: string, blanks: string, literal: string) => {
    const path = literal.replaceAll("''", "'");
    if (isRemote(path) || !statSync(path, { throwIfNoEntry: false })?.isDirectory()) return found;
    const files = parquetFilesBelow(path);
    if (files.length === 0) throw noParquet(path);
    return `${word}${blanks || ' '}read_parquet([${files.map(textLiteral).join(', ')}], hive_partitioning = true)`;
  });
}

/** Names that begin with a dot or an underscore are hidden, except the folder of a column. */
function parquetFilesBelow(folder: string): readonly string[] {
  const isHidden = (name: string) => /^[._]/.test(name) && !/^_.*=/.test(name);
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.parquet$/i.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !relative(folder, path).split(sep).some(isHidden))
    .sort();
}

function noParquet(folder: string): UsageError {
  return new UsageError('BIFOLD_NO_FILES', {
    failed: `${folder} cannot be read as a table`,
    received: 'a folder without Parquet files',
    allowed: 'a folder after FROM or JOIN means all Parquet files in it',
    remedy: "correct the path, or name other files by a function: FROM read_csv('folder/*.csv')",
  });
}
