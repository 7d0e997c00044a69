import { tableText } from './table.ts';
import { dim, harmless, print } from './terminal.ts';

/** Rows of an answer: a table, or a line of JSON each. */
export function showRows(columns: readonly string[], rows: readonly (readonly unknown[])[], asJson: boolean): void {
  if (asJson) {
    for (const row of rows)
      print(JSON.stringify(Object.fromEntries(columns.map((name, at) => [name, row[at] ?? null]))));
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

function textOf(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
