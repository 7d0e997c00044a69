import type { Column, Value } from '@bifold/core/engine';

/** The JSON form of a value: times are ISO 8601 texts, nested values are unchanged. */
export function wireValue(column: Column, value: Value): unknown {
  if (value === null) return null;
  switch (column.type) {
    case 'timestamp':
      return new Date(value as number).toISOString();
    case 'json':
      return JSON.parse(value as string);
    default:
      return value;
  }
}

/** A row as an object, its fields in the order of the columns. */
export function recordOf(columns: readonly Column[], row: readonly Value[]): Record<string, unknown> {
  return Object.fromEntries(columns.map((column, index) => [column.name, wireValue(column, row[index] ?? null)]));
}

/**
 * A row as JSON text. A double keeps its point, so that readers can infer its type: 5 is written
 * 5.0.
 */
export function jsonOf(columns: readonly Column[], row: readonly Value[]): string {
  // By column, because an object puts whole-number names first.
  const members = columns.map((column, index) => {
    const value = row[index] ?? null;
    const isWhole = column.type === 'double' && Number.isInteger(value) && Math.abs(value as number) < 1e21;
    return `${JSON.stringify(column.name)}:${isWhole ? `${value}.0` : JSON.stringify(wireValue(column, value))}`;
  });
  return `{${members.join(',')}}`;
}
