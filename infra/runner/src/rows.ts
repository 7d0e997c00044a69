import type { Column, Value } from '@bifold/core';

/** A value as JSON has it: times as ISO 8601 texts, nested values as they came. */
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
