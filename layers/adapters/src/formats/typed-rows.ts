import type { TypedColumn } from './columns/cell-types.ts';
import { inference } from './columns/inference.ts';
import { type NullTexts, objectReader } from './columns/row-types.ts';
import {
  type Cells,
  type Fields,
  type FileFormat,
  isBad,
  type OpenRows,
  type Outcome,
  type ReadOptions,
  type Row,
  type RowContent,
  type RowInput,
} from './file-format.ts';

export interface InferOptions {
  readonly delimiter?: string;
  /** Texts of CSV that mean null. */
  readonly nullTexts: NullTexts;
  /** The number of rows from which columns are inferred. Default: all rows. */
  readonly sampleRows?: number;
}

/** The inferred columns of a file, and its rows. */
export interface InferredRows {
  readonly columns: readonly TypedColumn[];
  open(): Promise<OpenRows>;
}

const readOptions = ({ delimiter }: Pick<InferOptions, 'delimiter'>): ReadOptions => ({
  ...(delimiter === undefined ? {} : { delimiter }),
  keepsDigits: true,
});

/** Opens a file with known columns. Numbers keep their digits. */
export function openTyped(
  format: FileFormat,
  input: RowInput,
  options: Pick<InferOptions, 'delimiter'>,
): Promise<OpenRows> {
  return format.open(input, readOptions(options));
}

/**
 * Infers the columns of a file from its rows. A local file is then read again. The rows of any
 * other input are kept in memory.
 */
export async function inferRows(format: FileFormat, input: RowInput, options: InferOptions): Promise<InferredRows> {
  const { nullTexts, sampleRows = Number.POSITIVE_INFINITY } = options;
  const opened = await openTyped(format, input, options);
  if (opened.columns !== undefined) return { columns: await opened.columns(), open: async () => opened };
  const learnt = inference(opened.header ?? [], new Set(nullTexts));
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
      else learnt.addCells(row.content as Cells);
    }
  }
  const isSample = count >= sampleRows;
  if (!isKept) await batches.return?.(undefined);
  const columns = learnt.columns();
  return {
    // Later rows may have nulls that the sample lacks.
    columns: isSample ? columns.map((column) => ({ ...column, nullable: true })) : columns,
    open: isKept
      ? async () => ({ header: opened.header, batches: followed(kept, batches) })
      : () => openTyped(format, input, options),
  };
}

async function* followed<T>(kept: T[], rest: AsyncIterator<T>): AsyncGenerator<T> {
  yield* kept.splice(0);
  yield* { [Symbol.asyncIterator]: () => rest };
}

/** Rows as objects. A row with a cell of a wrong type is bad. */
export async function* typedRows(
  { header, batches }: OpenRows,
  columns: readonly TypedColumn[],
  nullTexts: NullTexts,
): AsyncGenerator<Outcome<Fields>> {
  const objectOf = header === null ? null : objectReader(header, columns, nullTexts);
  for await (const batch of batches) {
    for (const row of batch) {
      if (isBad(row)) yield row;
      else if (objectOf === null) yield row as Row<Fields>;
      else {
        const fields = objectOf(row.content as Cells);
        const { line, raw } = row;
        if (typeof fields === 'string') yield { line, raw, problem: 'unreadable', reason: fields };
        else yield { line, raw, content: fields };
      }
    }
  }
}
