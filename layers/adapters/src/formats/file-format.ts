import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import type { Column } from '@bifold/core/engine';
import type { TypedColumn } from './columns/cell-types.ts';
import type { CellOptions, WrittenCells } from './columns/row-types.ts';
import type { Encoding } from './text/encodings.ts';

/**
 * The complete description of a file format with rows. `formats.ts` lists all formats, and every
 * command and stream uses that list.
 */
export interface FileFormat {
  readonly kind: string;
  /** Extensions in lower case. Bifold writes the first one. */
  readonly extensions: readonly string[];
  /** Opens a file and returns its rows in order. Only a few rows are in memory at a time. */
  open(input: RowInput, options: ReadOptions): Promise<OpenRows>;
  /** Writes rows as text, for a file of this name. Null if only DuckDB writes the format. */
  readonly text: ((name: string, columns: readonly TypedColumn[]) => RowText) | null;
  /**
   * Returns a check of rows: the reason why the format cannot hold a row, or null if it can.
   *
   * @throws {UnreadableFile} if the format cannot hold the columns
   */
  unfit(columns: readonly TypedColumn[]): (row: CheckedRow) => string | null;
  /** The options of DuckDB's COPY that write the format. */
  copyOptions(path: string, nullText: string | null, quoted: readonly string[]): string;
  /** False if the format has no type for times. Times are then ISO 8601 text. */
  readonly hasTimes: boolean;
}

/** A file to read. */
export interface RowInput {
  /** The name of the file in messages. */
  readonly name: string;
  /** A local path, which can be read repeatedly. Null for any other input. */
  readonly path: string | null;
  /** Opens the bytes from the beginning. Standard input can be opened only once. */
  open(): Promise<Readable>;
}

export const localInput = (path: string, name = path): RowInput => ({
  name,
  path,
  open: async () => createReadStream(path),
});

/** Columns by their names in the file, with the names to give them. */
export type Rename = Readonly<Record<string, string>>;

/** How the text of a file is read. */
export interface TextOptions extends CellOptions {
  /** The delimiter of CSV. Default: a tab for `.tsv`, otherwise a comma. */
  readonly delimiter?: string;
  /** The quote character of CSV. Null or empty: quotes are content. Default: `"`. */
  readonly quote?: string | null;
  /** Default: the encoding of the byte order mark, otherwise UTF-8. */
  readonly encoding?: Encoding;
  readonly rename?: Rename;
}

export interface ReadOptions extends Omit<TextOptions, 'rename'> {
  /**
   * Whether JSON numbers keep their digits, as `parseExactly` reads them. Otherwise they are
   * JavaScript numbers.
   */
  readonly keepsDigits: boolean;
  /**
   * The columns of a schema, by their names in the file. Fields then have the values that its
   * records have. A format that stores columns reads only these.
   */
  readonly columns?: readonly Column[];
}

/** An open file. */
export interface OpenRows {
  /** The column names of the cells. Null if rows are objects. */
  readonly header: readonly string[] | null;
  readonly batches: RowBatches<RowContent>;
  /** Ends a file whose rows are not read: a generator that has not begun ends nothing. */
  close(): Promise<unknown>;
  /** The columns that the file declares. Absent if only its rows tell them. */
  readonly columns?: () => Promise<readonly TypedColumn[]>;
  /** Remarks on the file for a person, such as names that were made up. */
  readonly notes?: readonly string[];
}

/** Rows in order, in batches. A batch holds the rows of one read. */
export type RowBatches<Content> = AsyncIterable<readonly Outcome<Content>[]>;

/** Cells in the order of the header. */
export type Cells = readonly string[];
/** A JSON object. */
export type Fields = Readonly<Record<string, unknown>>;
export type RowContent = Cells | Fields;

/** A row that could be read. */
export interface Row<Content> {
  /** The number of its first line, from 1, including the header. */
  readonly line: number;
  readonly raw: string;
  readonly content: Content;
  /** Whether each cell was quoted. Absent if no cell was quoted. */
  readonly quoted?: readonly boolean[];
}

/** A row that could not be read. */
export interface BadRow {
  readonly line: number;
  readonly raw: string;
  readonly problem: 'unreadable' | 'not-an-object' | 'not-utf8';
  /** The reason, as text for a message. */
  readonly reason: string;
}

export type Outcome<Content> = Row<Content> | BadRow;

/** The same row with other content. The raw text of some formats is costly, so it stays unread. */
export function withContent<Content>(row: Row<unknown>, content: Content): Row<Content> {
  return {
    line: row.line,
    get raw() {
      return row.raw;
    },
    content,
  };
}

export function isBad(outcome: Outcome<unknown>): outcome is BadRow {
  return 'problem' in outcome;
}

/** A row with valid types, both as an object and as CSV cells. */
export interface CheckedRow extends WrittenCells {
  readonly fields: Fields;
}

export interface RowText {
  /** The text before the first row. */
  readonly head: string;
  line(row: CheckedRow): string;
}
