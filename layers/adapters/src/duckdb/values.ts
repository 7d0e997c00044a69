import {
  DuckDBArrayValue,
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  DuckDBUnionValue,
  type DuckDBValue,
} from '@duckdb/node-api';

/** A cell that is read: BIGINT and HUGEINT are bigint, BLOB is bytes. */
export type SqlOutput = number | bigint | string | boolean | Uint8Array | null;

/** JSON of a cell. Numbers that JSON or a double cannot hold are texts. */
export type SqlJson = number | string | boolean | null | readonly SqlJson[] | { readonly [name: string]: SqlJson };

export function outputOf(value: DuckDBValue): SqlOutput {
  if (value === null || typeof value !== 'object') return value;
  return value instanceof DuckDBBlobValue ? value.bytes : textOf(value);
}

/**
 * A value for a person. Structs, maps and lists become JSON. All else that JSON lacks is the text
 * that DuckDB gives it, such as `\xAA` for a byte. Files are written by `jsonReader` instead.
 */
export function shownOf(value: DuckDBValue): SqlJson {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (value === null || typeof value !== 'object') return value;
  if (value instanceof DuckDBListValue || value instanceof DuckDBArrayValue) return value.items.map(shownOf);
  if (value instanceof DuckDBStructValue)
    return Object.fromEntries(Object.entries(value.entries).map(([name, each]) => [name, shownOf(each)]));
  if (value instanceof DuckDBMapValue)
    return Object.fromEntries(value.entries.map(({ key, value: each }) => [keyOf(key), shownOf(each)]));
  if (value instanceof DuckDBUnionValue) return shownOf(value.value);
  return textOf(value);
}

function keyOf(key: DuckDBValue): string {
  const json = shownOf(key);
  return json !== null && typeof json === 'object' ? JSON.stringify(json) : String(json);
}

/** The canonical text of DECIMAL, DATE and similar types. */
function textOf(value: DuckDBValue): string {
  // The library prints an infinite date as a day of the year 5881580.
  if (value instanceof DuckDBDateValue && !value.isFinite) return value.days > 0 ? 'infinity' : '-infinity';
  return String(value);
}
