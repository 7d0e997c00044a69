import type { TypedColumn } from './columns/cell-types.ts';
import { inference } from './columns/inference.ts';
import { renamedColumns, renamedRows } from './columns/rename.ts';
import { type CellOptions, objectReader } from './columns/row-types.ts';
import {
  type Cells,
  type Fields,
  type FileFormat,
  isBad,
  type OpenRows,
  type Outcome,
  type Row,
  type RowContent,
  type RowInput,
  type TextOptions,
} from './file-format.ts';
import { followedBy } from './followed-by.ts';

export interface InferOptions extends TextOptions {
  /** The number of rows from which columns are inferred. Default: all rows. */
  readonly sampleRows?: number;
}

/** The inferred columns of a file, and its rows. */
export interface InferredRows {
  readonly columns: readonly TypedColumn[];
  /** Remarks on the file for a person. */
  readonly notes: readonly string[];
  open(): Promise<OpenRows>;
}

/** Opens a file with known columns. Numbers keep their digits. */
export async function openTyped(format: FileFormat, input: RowInput, options: TextOptions): Promise<OpenRows> {
  const opened = await format.open(input, { ...options, keepsDigits: true });
  return renamedRows(input.name, opened, options.rename);
}

/**
 * Infers the columns of a file from its rows. A local file is then read again. The rows of any
 * other input are kept in memory.
 */
export async function inferRows(format: FileFormat, input: RowInput, options: InferOptions): Promise<InferredRows> {
  const { sampleRows = Number.POSITIVE_INFINITY, rename = {} } = options;
  const opened = await format.open(input, { ...options, keepsDigits: true });
  if (opened.columns !== undefined) {
    const columns = renamedColumns(input.name, await opened.columns(), rename);
    return { columns, notes: opened.notes ?? [], open: async () => renamedRows(input.name, opened, rename) };
  }
  const learnt = inference(opened.header ?? [], options);
  const isKept = input.path === null;
  const kept: (readonly Outcome<RowContent>[])[] = [];
  const batches = opened.batches[Symbol.asyncIterator]();
  let count = 0;
  while (count < sampleRows) {
    const { done, value } = await batches.next();
    if (done) break;
    if (isKept) kept.push(value);
    for (const row of value) {
      if (isBad(row)) continue;
      if (count++ === sampleRows) break;
      if (opened.header === null) learnt.addObject(row.content as Fields, row.raw);
      else learnt.addCells(row.content as Cells, row.quoted);
    }
  }
  const isSample = count >= sampleRows;
  if (!isKept) await opened.close();
  const columns = renamedColumns(input.name, learnt.columns(), rename);
  return {
    // Later rows may have nulls that the sample lacks.
    columns: isSample ? columns.map((column) => ({ ...column, nullable: true })) : columns,
    notes: opened.notes ?? [],
    open: isKept
      ? async () => renamedRows(input.name, { ...opened, batches: followedBy(kept, batches) }, rename)
      : () => openTyped(format, input, options),
  };
}

/** Rows as objects. A row with a cell of a wrong type is bad. */
export async function* typedRows(
  { header, batches }: OpenRows,
  columns: readonly TypedColumn[],
  options: CellOptions,
): AsyncGenerator<Outcome<Fields>> {
  const objectOf = header === null ? null : objectReader(header, columns, options);
  for await (const batch of batches) {
    for (const row of batch) {
      if (isBad(row)) yield row;
      else if (objectOf === null) yield row as Row<Fields>;
      else {
        const fields = objectOf(row.content as Cells, row.quoted);
        const { line, raw } = row;
        if (typeof fields === 'string') yield { line, raw, problem: 'unreadable', reason: fields };
        else yield { line, raw, content: fields };
      }
    }
  }
}
