import { columnReader, type EventSchema, type Value } from '@bifold/core/engine';
import { rowTimeReader } from '../event-time.ts';
import type { RowsOf } from './source.ts';

/** Converts a JSON record to a row, or returns the reason why it is invalid. */
type ReadRow = (record: unknown) => { readonly kind: 'row'; readonly values: readonly Value[] } | BadRecord;

interface BadRecord {
  readonly kind: 'bad';
  readonly reason: 'not-an-object' | 'invalid' | 'wrong-type' | 'bad-event-time';
  readonly detail: string;
}

/**
 * Returns a reader of rows. The schema only validates. Values are those of the JSON record, and
 * reasons are those of a pipeline's quarantine.
 */
export function rowReader(schema: EventSchema, { columns, eventTime, problemOf }: Omit<RowsOf, 'decodedBy'>): ReadRow {
  const problem = problemOf?.(columns) ?? null;
  const readers = columns.map((column) => ({ column, read: columnReader(column) }));
  const timeOf = eventTime === null ? null : rowTimeReader(eventTime, columns);
  return (record) => {
    if (record === null || typeof record !== 'object' || Array.isArray(record))
      return { kind: 'bad', reason: 'not-an-object', detail: JSON.stringify(record)?.slice(0, 80) ?? 'nothing' };
    const issue = issueOf(schema, record);
    if (issue !== null) return { kind: 'bad', reason: 'invalid', detail: issue };
    const values: Value[] = [];
    for (const { column, read } of readers) {
      const value = read((record as Record<string, unknown>)[column.name]);
      if (value === undefined)
        return { kind: 'bad', reason: 'wrong-type', detail: `${column.name} is not of type ${column.type}` };
      values.push(value);
    }
    const issueOfValues = problem?.(values) ?? null;
    if (issueOfValues !== null) return { kind: 'bad', reason: 'wrong-type', detail: issueOfValues };
    if (timeOf !== null && timeOf(values) === null)
      return { kind: 'bad', reason: 'bad-event-time', detail: `${eventTime?.field} is not a time` };
    return { kind: 'row', values };
  };
}

function issueOf(schema: EventSchema, record: unknown): string | null {
  let result: ReturnType<EventSchema['~standard']['validate']>;
  try {
    result = schema['~standard'].validate(record);
  } catch (error) {
    return `the schema threw: ${error instanceof Error ? error.message : String(error)}`;
  }
  if (result instanceof Promise) return 'the schema validates asynchronously';
  const [issue] = result.issues ?? [];
  if (issue === undefined) return null;
  const path = (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
  return path === '' ? issue.message : `${path}: ${issue.message}`;
}
