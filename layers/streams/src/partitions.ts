import type { Column, Value } from '@bifold/core/engine';
import { wireValue } from './rows.ts';

/** The name that Hive gives to the folder of null. */
const NULL_NAME = '__HIVE_DEFAULT_PARTITION__';
/** The limit of a name in common file systems and in HDFS. */
const NAME_BYTES_MAX = 255;
/** A time as DuckDB and Spark write it. It is UTC. */
const TIME_WITHOUT_ZONE = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)$/;

/** The folder of a row, as in Hive, or the reason why the row can have none. */
export type PartitionFolder =
  | { readonly path: string; readonly problem: null }
  | { readonly path: null; readonly problem: string };

/** The folder `name=value/name=value` of a row, from its values in these columns. */
export function partitionFolder(columns: readonly Column[], values: readonly Value[]): PartitionFolder {
  const names: string[] = [];
  for (const [index, column] of columns.entries()) {
    const value = values[index] ?? null;
    const text = value === null ? null : partitionText(column, value);
    const problem = text === null ? null : textProblem(text);
    if (problem !== null) return { path: null, problem: `the partition column "${column.name}" ${problem}` };
    const name = `${escaped(column.name)}=${text === null ? NULL_NAME : escaped(text)}`;
    const bytes = Buffer.byteLength(name);
    if (bytes > NAME_BYTES_MAX)
      return {
        path: null,
        problem: `the partition column "${column.name}" gives a folder name of ${bytes} bytes; ${NAME_BYTES_MAX} at most`,
      };
    names.push(name);
  }
  return { path: names.join('/'), problem: null };
}

/** The values that the folders above a file name, by column. Null is Hive's name for it. */
export function partitionValues(file: string): ReadonlyMap<string, string | null> {
  const values = new Map<string, string | null>();
  for (const folder of file.split('/').slice(0, -1)) {
    const at = folder.indexOf('=');
    if (at < 1) continue;
    const value = folder.slice(at + 1);
    values.set(unescaped(folder.slice(0, at)), value === NULL_NAME ? null : unescaped(value));
  }
  return values;
}

/** The JSON value of a folder name. The schema refuses a text that does not fit its column. */
export function partitionRecordValue({ type }: Column, text: string | null): unknown {
  if (text === null) return null;
  switch (type) {
    case 'integer':
    case 'double': {
      const isNumber = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text);
      return isNumber && Number.isFinite(Number(text)) ? Number(text) : text;
    }
    case 'boolean':
      return /^true$/i.test(text) ? true : /^false$/i.test(text) ? false : text;
    case 'timestamp':
      return text.replace(TIME_WITHOUT_ZONE, '$1T$2Z');
    case 'json':
      try {
        return JSON.parse(text);
      } catch {
        return text;
      }
    case 'text':
    case 'decimal':
      return text;
  }
}

function partitionText(column: Column, value: Value): string {
  return column.type === 'json' ? String(value) : String(wireValue(column, value));
}

function textProblem(text: string): string | null {
  if (text === '') return 'is an empty text, which no folder can name';
  if (text === NULL_NAME) return `is ${NULL_NAME}, which reads as null`;
  return null;
}

/** The characters that Hive and Spark escape, and a dot at the start, which hides a folder. */
const ESCAPED = /\p{Cc}|["#%'*/:=?\\{[\]^]|^\./gu;

function escaped(text: string): string {
  return text.replace(ESCAPED, (char) => {
    const code = char.charCodeAt(0);
    return code > 0x7f ? char : `%${code.toString(16).toUpperCase().padStart(2, '0')}`;
  });
}

/** DuckDB escapes the bytes of UTF-8. An escape that is no character stays as it is. */
function unescaped(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (bytes) => {
    try {
      return decodeURIComponent(bytes);
    } catch {
      return bytes;
    }
  });
}
