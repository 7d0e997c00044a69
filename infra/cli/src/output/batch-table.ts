import type { Column, Value } from '@bifold/core/engine';
import { type Batch, jsonOf, type Shown } from '@bifold/streams/engine';
import Table from 'cli-table3';
import { harmless, print } from './terminal.ts';

const LINES = {
  top: '-',
  'top-mid': '+',
  'top-left': '+',
  'top-right': '+',
  bottom: '-',
  'bottom-mid': '+',
  'bottom-left': '+',
  'bottom-right': '+',
  left: '|',
  'left-mid': '+',
  mid: '-',
  'mid-mid': '+',
  right: '|',
  'right-mid': '+',
  middle: '|',
};
const RULE = '-'.repeat(43);

/** A batch on the console: its number, then its rows as a table, as Spark shows them. */
export function showBatch(batch: Batch, how: Shown): void {
  print([RULE, `Batch: ${batch.number}`, RULE, batchTable(batch, how), ''].join('\n'));
}

/** A batch as one line of JSON, with all of its rows. */
export function showBatchAsJson({ stream, number, columns, rows }: Batch): void {
  const records = rows.map((row) => jsonOf(columns, row));
  print(`{"stream":${JSON.stringify(stream)},"batch":${number},"rows":[${records.join(',')}]}`);
}

function batchTable({ columns, rows }: Batch, { rows: rowsMax, truncate }: Shown): string {
  const table = new Table({
    head: columns.map(({ name }) => name),
    colAligns: columns.map(() => (truncate === false ? 'left' : 'right')),
    chars: LINES,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  const printed = rows.slice(0, rowsMax);
  // One row of many lines, because the table draws a line between rows.
  if (printed.length > 0)
    table.push(
      columns.map((column, index) => printed.map((row) => cellText(column, row[index] ?? null, truncate)).join('\n')),
    );
  const text = table.toString();
  // A table without rows also ends with a line.
  const end = printed.length === 0 ? [text.slice(0, text.indexOf('\n'))] : [];
  const more = rows.length > rowsMax ? [`only showing top ${rowsMax} rows`] : [];
  return [text, ...end, ...more].join('\n');
}

function cellText(column: Column, value: Value, truncate: number | false): string {
  if (value === null) return 'NULL';
  switch (column.type) {
    case 'timestamp':
      return new Date(value as number)
        .toISOString()
        .replace('T', ' ')
        .replace(/(\.000)?Z$/, '');
    case 'double':
      return Number.isInteger(value) ? (value as number).toFixed(1) : String(value);
    case 'text':
    case 'json': {
      const text = harmless(value as string);
      return truncate !== false && text.length > truncate ? `${text.slice(0, Math.max(0, truncate - 3))}...` : text;
    }
    default:
      return String(value);
  }
}
