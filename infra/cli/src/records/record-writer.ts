import { cellOfValue, csvLine, NULL_TEXTS, namesInOrder, parseExactly, utf8Of } from '@bifold/adapters/formats';
import type { Column, LogRecord } from '@bifold/core/engine';
import { Ended, EXIT } from '../errors.ts';
import { tableText } from '../output/table.ts';
import { dim, plural, warn, write } from '../output/terminal.ts';
import { jsonLineOf, jsonTextOf, visible, visibleBytes } from './record-text.ts';

export const FORMATS = ['text', 'json', 'table', 'csv', 'tsv'] as const;
export type Format = (typeof FORMATS)[number];

export const PARTS = ['partition', 'offset', 'timestamp', 'key', 'headers'] as const;
export type Part = (typeof PARTS)[number];

export interface RecordWriter {
  write(records: readonly LogRecord[]): Promise<void>;
  /** @throws {Ended} when records could not be written as they should */
  end(): Promise<void>;
}

/**
 * Writes records to standard output. `schema` gives the columns of CSV and TSV. Without it, the
 * first records do.
 */
export function recordWriter(format: Format, shown: readonly Part[], schema: readonly Column[] | null): RecordWriter {
  switch (format) {
    case 'text':
      return plain((record) => [...shown.map((part) => partText(record, part)), visibleBytes(record.value)].join('\t'));
    case 'json':
      return plain(jsonLineOf);
    case 'table':
      return tableWriter(shown);
    case 'csv':
    case 'tsv':
      return csvWriter(shown, schema?.map(({ name }) => name) ?? null, format === 'csv' ? ',' : '\t');
  }
}

function plain(lineOf: (record: LogRecord) => string): RecordWriter {
  return {
    write: (records) => write(records.map((record) => `${lineOf(record)}\n`).join('')),
    end: async () => {},
  };
}

const CELL_LENGTH = 48;
const TABLE_ROWS = 1_000;

/** Writes each chunk of records as a table, with the fields of JSON objects as columns. */
function tableWriter(shown: readonly Part[]): RecordWriter {
  const writeTable = async (records: readonly LogRecord[]): Promise<void> => {
    const rows = records.map((record) => ({ record, fields: fieldsOf(record) }));
    const names = [...new Set(rows.flatMap(({ fields }) => [...(fields?.keys() ?? [])]))];
    const isMixed = names.length === 0 || rows.some(({ fields }) => fields === null);
    const columns = [...shown, ...names.map(visible), ...(isMixed ? ['value'] : [])];
    const cells = rows.map(({ record, fields }) => [
      ...shown.map((part) => partText(record, part)),
      ...names.map((name) => clipped(visible(fields?.get(name)?.text ?? ''))),
      ...(isMixed ? [fields === null ? clipped(visibleBytes(record.value)) : ''] : []),
    ]);
    await write(
      `${tableText(
        columns.map((title) => ({ title })),
        cells,
      )}\n\n`,
    );
  };
  return {
    async write(records) {
      for (let from = 0; from < records.length; from += TABLE_ROWS)
        await writeTable(records.slice(from, from + TABLE_ROWS));
    },
    end: async () => {},
  };
}

function csvWriter(shown: readonly Part[], known: readonly string[] | null, delimiter: string): RecordWriter {
  let columns = known;
  const problems = { others: 0, fields: new Map<string, number>() };
  // Escape cells only for a terminal.
  const cell = (text: string): string => (process.stdout.isTTY ? visible(text) : text);
  return {
    async write(records) {
      const rows = records.map((record) => ({ record, fields: fieldsOf(record) }));
      let text = '';
      if (columns === null || columns === known) {
        const header = columns ?? [...new Set(rows.flatMap(({ fields }) => [...(fields?.keys() ?? [])]))];
        // A topic whose values are not objects has one column, `value`.
        columns = header.length === 0 ? ['value'] : [...header];
        text += csvLine([...shown, ...columns].map(cell), delimiter);
      }
      for (const { record, fields } of rows) {
        const isWhole = fields === null && columns.length === 1 && columns[0] === 'value';
        const values = isWhole ? new Map([['value', fieldOf(wholeText(record.value))]]) : fields;
        if (values === null) {
          problems.others++;
          continue;
        }
        for (const name of values.keys())
          if (!columns.includes(name)) problems.fields.set(name, (problems.fields.get(name) ?? 0) + 1);
        const parts = shown.map((part) => ({ text: partText(record, part), isQuoted: false }));
        const cells = [...parts, ...columns.map((name) => values.get(name) ?? ABSENT)];
        text += csvLine(
          cells.map((field) => cell(field.text)),
          delimiter,
          cells.map(({ isQuoted }) => isQuoted),
        );
      }
      await write(text);
    },
    async end() {
      if (problems.others > 0) warn(`${plural(problems.others, 'record')} left out: no JSON objects`);
      for (const [name, count] of problems.fields)
        warn(`${plural(count, 'record')} had "${visible(name)}", which is no column: it is left out`);
      if (problems.others + problems.fields.size > 0) throw new Ended(EXIT.no);
    },
  };
}

function partText({ partition, offset, timestampMs, key, headers }: LogRecord, part: Part): string {
  switch (part) {
    case 'partition':
      return String(partition);
    case 'offset':
      return String(offset);
    case 'timestamp':
      return new Date(timestampMs).toISOString();
    case 'key':
      return key === null ? dim('(null)') : visibleBytes(key);
    case 'headers':
      return headers.map(({ key: name, value }) => `${visible(name)}=${visibleBytes(value)}`).join(',');
  }
}

/** A field of a record as the cell of a table. */
interface Field {
  readonly text: string;
  /** Whether CSV needs quotes to tell the text from null. */
  readonly isQuoted: boolean;
}

const ABSENT: Field = { text: '', isQuoted: false };

function fieldOf(value: unknown): Field {
  if (value === null) return ABSENT;
  const text = cellOfValue(value);
  // A text that readers take for null unless it is quoted.
  return { text, isQuoted: typeof value === 'string' && NULL_TEXTS.includes(text) };
}

/**
 * The fields of a value that is a JSON object, in their order; null for any other. Numbers keep
 * their digits.
 */
function fieldsOf({ value }: LogRecord): ReadonlyMap<string, Field> | null {
  const json = value === null ? null : jsonTextOf(value);
  if (json === null || !json.startsWith('{')) return null;
  const top = parseExactly(json) as Record<string, unknown>;
  return new Map(namesInOrder(top, json).map((name) => [name, fieldOf(top[name])]));
}

function wholeText(value: Uint8Array | null): string | null {
  if (value === null) return null;
  return utf8Of(value) ?? visibleBytes(value);
}

function clipped(text: string): string {
  return text.length <= CELL_LENGTH ? text : `${text.slice(0, CELL_LENGTH - 1)}…`;
}
