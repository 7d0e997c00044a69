import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import type { Column } from '@bifold/core/engine';
import type { TypedColumn } from './columns/cell-types.ts';

/**
 * A format of files that hold rows: everything that Bifold knows of it. `formats.ts` lists them,
 * and every command and stream finds them there.
 */
export interface FileFormat {
  readonly kind: string;
  /** In lower case, the one that Bifold writes first. */
  readonly extensions: readonly string[];
  /** The rows of a file in their order, of which a few are in memory at a time. */
  open(input: RowInput, options: ReadOptions): Promise<OpenRows>;
  /** Rows as text for a file of some name; null where DuckDB alone writes the format. */
  readonly text: ((name: string) => RowText) | null;
  /** The options by which DuckDB's COPY writes the format. */
  copyOptions(path: string, nullText: string | null): string;
  /** False where the format has no type for times: they are written as ISO 8601 text. */
  readonly hasTimes: boolean;
}

/** A file to read. */
export interface RowInput {
  /** As messages name it. */
  readonly name: string;
  /** A path of this machine, which can be read again at little cost; null for anything else. */
  readonly path: string | null;
  /** Its bytes from the beginning. Standard input can be opened once. */
  open(): Promise<Readable>;
}

export const localInput = (path: string, name = path): RowInput => ({
  name,
  path,
  open: async () => createReadStream(path),
});

export interface ReadOptions {
  /** Between the cells of CSV; a tab for `.tsv` and a comma for others when it is left out. */
  readonly delimiter?: string;
  /**
   * Numbers of JSON keep their digits, as `parseExactly` reads them. Otherwise they are numbers of
   * JavaScript.
   */
  readonly keepsDigits: boolean;
  /** The columns of a schema. A format that stores columns reads no others. */
  readonly columns?: readonly Column[];
}

/** A file under way. */
export interface OpenRows {
  /** The columns of each row's cells, none where the file is empty; null where rows are objects. */
  readonly header: readonly string[] | null;
  readonly batches: RowBatches<RowContent>;
}

/** Rows in their order, as many together as one read of the file gives. */
export type RowBatches<Content> = AsyncIterable<readonly Outcome<Content>[]>;

/** Cells in the order of the header. */
export type Cells = readonly string[];
/** An object of JSON. */
export type Fields = Readonly<Record<string, unknown>>;
export type RowContent = Cells | Fields;

/** A row that could be read. */
export interface Row<Content> {
  /** Where it begins, from 1, the header included. */
  readonly line: number;
  readonly raw: string;
  readonly content: Content;
}

/** A row that could not be read. */
export interface BadRow {
  readonly line: number;
  readonly raw: string;
  readonly problem: 'unreadable' | 'not-an-object';
  /** For a person. */
  readonly reason: string;
}

export type Outcome<Content> = Row<Content> | BadRow;

export function isBad(outcome: Outcome<unknown>): outcome is BadRow {
  return 'problem' in outcome;
}

/** A row that fits its columns, as an object and as the cells of CSV. */
export interface CheckedRow {
  readonly fields: Fields;
  readonly cells: Cells;
}

export interface RowText {
  /** The text before the first row. */
  head(columns: readonly TypedColumn[]): string;
  line(row: CheckedRow): string;
}
