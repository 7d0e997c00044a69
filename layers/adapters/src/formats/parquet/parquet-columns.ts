import type { TypedColumn } from '../columns/cell-types.ts';
import { unwritableColumns } from '../errors.ts';
import type { CheckedRow } from '../file-format.ts';
import { hasLoneSurrogate } from '../json/json-text.ts';
import { loneSurrogateReason, refuseLoneSurrogates } from '../well-formed.ts';

/** @throws {UnreadableFile} if Parquet cannot hold the names, or readers cannot tell them apart */
export function refuseParquetNames(columns: readonly TypedColumn[]): void {
  refuseLoneSurrogates('Parquet', columns);
  const nameless = columns.findIndex(({ name }) => name === '' || name.includes('\0'));
  if (nameless >= 0)
    throw unwritableColumns('Parquet', `${JSON.stringify(columns[nameless]?.name)} as column ${nameless + 1}`);
  const seen = new Map<string, string>();
  for (const { name } of columns) {
    const other = seen.get(name.toLowerCase());
    if (other !== undefined)
      throw unwritableColumns('Parquet', `columns "${other}" and "${name}", which are alike but for case`);
    seen.set(name.toLowerCase(), name);
  }
}

/** Text in Parquet is UTF-8, also within JSON. */
export function unfitForParquet(columns: readonly TypedColumn[]): (row: CheckedRow) => string | null {
  return ({ fields }) => {
    const texts = columns.map(({ name, type }) => {
      const value = Object.hasOwn(fields, name) ? fields[name] : null;
      return type === 'json' && hasLoneSurrogate(JSON.stringify(value)) ? '\ud800' : value;
    });
    return loneSurrogateReason(columns, texts);
  };
}
