import { type BadRow, formatOfKind, formatOfName, isBad, localInput, openSchemaRows } from '@bifold/adapters/formats';
import type { Column } from '@bifold/core/engine';
import { UsageError } from '../errors.ts';
import { badCell } from '../records/bad-cell.ts';
import { unreadable } from '../records/input-files.ts';

type LookupRecord = Readonly<Record<string, unknown>>;

/**
 * The rows of a lookup table from a file. A file with an unknown extension is read as JSON lines.
 * @throws {UsageError} with the number of the invalid line
 */
export async function lookupRecords(
  table: string,
  columns: readonly Column[],
  file: string,
  nullText: string,
): Promise<readonly LookupRecord[]> {
  const format = formatOfName(file) ?? formatOfKind('json');
  const records: LookupRecord[] = [];
  try {
    const input = localInput(file);
    const { header, batches } = await openSchemaRows(format, input, columns, { nullText });
    if (header !== null) checkHeader(table, file, columns, header);
    for await (const batch of batches) {
      for (const row of batch) {
        if (isBad(row)) throw badRow(file, row, header === null ? 'BIFOLD_BAD_JSON_LINE' : 'BIFOLD_CSV_UNREADABLE');
        const { record, misfit } = row.content;
        if (misfit !== null) throw badCell(misfit.column, misfit.cell, `line ${row.line} of ${file}`, nullText);
        records.push(record);
      }
    }
  } catch (cause) {
    throw unreadable(cause);
  }
  return records;
}

/**
 * Refuses unknown columns. A misspelt column would be null in every row, and segments would be
 * permanently bound to that version.
 */
function checkHeader(table: string, file: string, columns: readonly Column[], header: readonly string[]): void {
  const missing = columns.map(({ name }) => name).filter((name) => !header.includes(name));
  if (missing.length === 0) return;
  throw new UsageError('BIFOLD_MISSING_COLUMN', {
    failed: `${file} lacks columns of lookup table "${table}": ${missing.join(', ')}`,
    received: `a header of ${header.join(', ')}`,
    allowed: `${columns.map((column) => column.name).join(', ')}, in any order; more are left out`,
    remedy: 'correct the header; a column without values may be empty',
  });
}

function badRow(file: string, { line, raw, reason }: BadRow, code: string): UsageError {
  return new UsageError(code, {
    failed: `line ${line} of ${file} is no row: ${reason}`,
    received: raw.slice(0, 120),
    allowed: 'as many cells as the header has, or one JSON object a line',
    remedy: 'correct the line; nothing was loaded',
  });
}
