import {
  type BadRow,
  type FileSchema,
  formatOfKind,
  formatOfName,
  isBad,
  localInput,
  openSchemaRows,
  type TextOptions,
} from '@bifold/adapters/formats';
import { UsageError } from '../errors.ts';
import { warn } from '../output/terminal.ts';
import { badCell } from '../records/bad-cell.ts';
import { unreadable } from '../records/input-files.ts';

type LookupRecord = Readonly<Record<string, unknown>>;

/**
 * The rows of a lookup table from a file. A file with an unknown extension is read as JSON lines.
 * @throws {UsageError} with the number of the invalid line
 */
export async function lookupRecords(
  schema: FileSchema,
  file: string,
  reading: TextOptions = {},
): Promise<readonly LookupRecord[]> {
  const format = formatOfName(file) ?? formatOfKind('json');
  const records: LookupRecord[] = [];
  try {
    const input = localInput(file);
    const { header, batches, notes } = await openSchemaRows(format, input, schema, reading);
    for (const note of notes) warn(note);
    for await (const batch of batches) {
      for (const row of batch) {
        if (isBad(row)) throw badRow(file, row, header === null ? 'BIFOLD_BAD_JSON_LINE' : 'BIFOLD_CSV_UNREADABLE');
        const { record, misfit } = row.content;
        if (misfit !== null) throw badCell(misfit.column, misfit.cell, `line ${row.line} of ${file}`, reading);
        records.push(record);
      }
    }
  } catch (cause) {
    throw unreadable(cause);
  }
  return records;
}

function badRow(file: string, { line, raw, reason }: BadRow, code: string): UsageError {
  return new UsageError(code, {
    failed: `line ${line} of ${file} is no row: ${reason}`,
    received: raw.slice(0, 120),
    allowed: 'as many cells as the header has, or one JSON object a line',
    remedy: 'correct the line; nothing was loaded',
  });
}
