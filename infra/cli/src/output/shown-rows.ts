import { tableText } from './table.ts';
import { dim, harmless, print } from './terminal.ts';

/** Rows of an answer: a table, or a line of JSON each. */
export function showRows(columns: readonly string[], rows: readonly (readonly unknown[])[], asJson: boolean): void {
  if (asJson) {
    for (const row of rows) print(jsonLine(columns, row));
    return;
  }
  print(
    rows.length === 0
      ? dim('no rows')
      : tableText(
          columns.map((title) => ({ title })),
          rows.map((row) => row.map((value) => harmless(textOf(value)))),
        ),
  );
}

/** Rows of DuckDB: whole numbers are numbers where they can be. */
export function showRecords(rows: readonly Readonly<Record<string, unknown>>[], asJson: boolean): void {
  const names = Object.keys(rows[0] ?? {});
  showRows(
    names,
    rows.map((row) => names.map((name) => plain(row[name]))),
    asJson,
  );
}

function plain(value: unknown): unknown {
  return typeof value === 'bigint' ? (Number.isSafeInteger(Number(value)) ? Number(value) : String(value)) : value;
}

/** An object in the order of its columns. An object of JavaScript puts whole-number names first. */
function jsonLine(columns: readonly string[], row: readonly unknown[]): string {
  return `{${columns.map((name, at) => `${JSON.stringify(name)}:${jsonText(row[at] ?? null)}`).join(',')}}`;
}

/** JSON has no NaN and no infinity, so they are texts. */
function jsonText(value: unknown): string {
  if (typeof value === 'number' && !Number.isFinite(value)) return JSON.stringify(String(value));
  return Object.is(value, -0) ? '-0' : JSON.stringify(value);
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  if (Object.is(value, -0)) return '-0';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
