import { existsSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { FORMAT_EXTENSIONS, formatOfName, type TextOptions } from '@bifold/adapters/formats';
import { UsageError } from '../errors.ts';
import { temporaryFile } from '../records/temporary-file.ts';
import { convertRows, inferred } from './conversion.ts';

/**
 * A file of rows as Parquet, with types inferred as in `bifold convert`. Bad rows are refused,
 * because statistics over the other rows would be misleading.
 * @param temporary gets the folders that the caller removes
 */
export async function asParquet(path: string, reading: TextOptions, temporary: string[]): Promise<string> {
  if (!existsSync(path)) throw unreadable(path, 'no such file');
  const format = formatOfName(path);
  if (format === null) throw unreadable(path, `a name that ends with "${extname(path).toLowerCase()}"`);
  if (format.kind === 'parquet') return path;
  const found = await inferred({ ...reading, path, format: format.kind }, Number.POSITIVE_INFINITY);
  const output = temporaryFile('rows.parquet', temporary);
  const rejectsFile = temporaryFile('rejects.jsonl', temporary);
  const { bad } = await convertRows(await found.open(), found.columns, {
    output,
    to: 'parquet',
    ...reading,
    rejectsFile,
  });
  if (bad === 0) return output;
  throw unreadable(
    path,
    `${bad} rows that do not fit: \`npx bifold convert ${basename(path)} rows.jsonl\` tells which`,
  );
}

function unreadable(path: string, received: string): UsageError {
  return new UsageError('BIFOLD_TABLE_UNREADABLE', {
    failed: `${path} cannot be read as a table`,
    received,
    allowed: `rows as ${FORMAT_EXTENSIONS.join(', ')}`,
    remedy: 'correct the name or the rows',
  });
}
