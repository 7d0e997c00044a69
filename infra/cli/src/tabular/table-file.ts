import { existsSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { UsageError } from '../errors.ts';
import { convertRows, inferred } from './conversion.ts';
import { parquetOf, temporaryFile } from './parquet.ts';

const CSV = ['.csv', '.tsv'];
const JSON_LINES = ['.json', '.jsonl', '.ndjson'];

/**
 * A file of rows as Parquet, its types inferred as `bifold convert` infers them. Bad rows are
 * refused: figures over the rest would say something else.
 * @param temporary gets the folders that the caller removes
 */
export async function asParquet(path: string, nullTexts: readonly string[], temporary: string[]): Promise<string> {
  const extension = extname(path).toLowerCase();
  if (!existsSync(path)) throw unreadable(path, 'no such file');
  if (extension === '.parquet') return path;
  const format = CSV.includes(extension) ? 'csv' : JSON_LINES.includes(extension) ? 'json' : null;
  if (format === null) throw unreadable(path, `a name that ends with "${extension}"`);
  const delimiter = extension === '.tsv' ? '\t' : ',';
  const found = await inferred({ path, format, delimiter, nullTexts }, Number.POSITIVE_INFINITY);
  const rowsFile = temporaryFile('rows.jsonl', temporary);
  const rejectsFile = temporaryFile('rejects.jsonl', temporary);
  const { bad } = await convertRows(await found.open(), found.columns, {
    output: rowsFile,
    to: 'json',
    nullTexts,
    rejectsFile,
  });
  if (bad > 0)
    throw unreadable(
      path,
      `${bad} rows that do not fit: \`npx bifold convert ${basename(path)} rows.jsonl\` tells which`,
    );
  const file = temporaryFile('rows.parquet', temporary);
  await parquetOf(rowsFile, found.columns, file);
  return file;
}

function unreadable(path: string, received: string): UsageError {
  return new UsageError('BIFOLD_TABLE_UNREADABLE', {
    failed: `${path} cannot be read as a table`,
    received,
    allowed: `rows as ${[...CSV, ...JSON_LINES, '.parquet'].join(', ')}`,
    remedy: 'correct the name or the rows',
  });
}
