import { createHash } from 'node:crypto';
import type { FileSchema } from '@bifold/adapters/formats';
import type { LookupTable } from '@bifold/core';
import {
  type Column,
  canonicalJson,
  columnReader,
  columnsOf,
  lookupKeyText,
  optionalFieldsOf,
  type Value,
} from '@bifold/core/engine';
import { lookupTables } from '@bifold/pipelines';
import type { Context } from '../context.ts';
import { UsageError } from '../errors.ts';
import { step } from '../output/terminal.ts';
import { lookupRecords } from './lookup-file.ts';

type Table = LookupTable<unknown>;

/**
 * Finds a lookup table by its name, among those of the pipelines and of `module`.
 * @throws {UsageError} when no pipeline joins a table of that name, and `module` exports none
 * either
 */
export function lookupTableNamed(name: string, module: Readonly<Record<string, unknown>> = {}): Table {
  const tables: readonly Table[] = [...lookupTables, ...Object.values(module).filter(isTable)];
  const found = tables.find((table) => table.name === name);
  if (found) return found;
  throw new UsageError('BIFOLD_UNKNOWN_LOOKUP', {
    failed: `there is no lookup table "${name}"`,
    received: `"${name}"`,
    allowed: tables.map((table) => table.name).join(', ') || 'none: layers/pipelines lists no lookup table',
    remedy:
      'correct the name, add the table to the list in layers/pipelines/src/index.ts, or name the module of a stream that exports it: --from <module>',
  });
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && 'name' in value && 'key' in value && 'schema' in value;
}

function lookupColumns({ name, schema }: Table): readonly Column[] {
  return columnsOf(`lookup table "${name}"`, schema);
}

/** The columns of a table's file. */
export function lookupSchema(table: Table): FileSchema {
  const role = `lookup table "${table.name}"`;
  return { columns: columnsOf(role, table.schema), optional: optionalFieldsOf(role, table.schema) };
}

export interface LoadedLookup {
  readonly table: string;
  readonly version: string;
  readonly rows: number;
  readonly wasCurrent: boolean;
}

/** Loads a table from a file of rows. `NA` in CSV means null. */
export async function loadLookupFile(context: Context, name: string, file: string): Promise<void> {
  const table = lookupTableNamed(name);
  const records = await lookupRecords(lookupSchema(table), file);
  await step(context.onProgress, `lookup table ${name}`, () => loadLookup(context, table, records));
}

/**
 * Loads a complete version of a table. The version is a hash of the rows, so equal rows give the
 * same version.
 *
 * @throws {UsageError} naming the bad row
 */
export async function loadLookup(
  context: Context,
  table: Table,
  records: readonly Readonly<Record<string, unknown>>[],
): Promise<LoadedLookup> {
  const columns = lookupColumns(table);
  const rows = new Map<string, Record<string, Value>>();
  for (const [index, record] of records.entries()) {
    const { issues } = validated(table, record);
    if (issues !== null) throw badRow(table, index, issues);
    const row = storedRow(columns, record);
    if (typeof row === 'string') throw badRow(table, index, `${row} is not of its type`);
    const key = lookupKeyText(row[table.key] ?? null);
    if (key === null) throw badRow(table, index, `${table.key} is null`);
    const known = rows.get(key);
    if (known && canonicalJson(known) !== canonicalJson(row))
      throw badRow(table, index, `a second row for key "${key}"`);
    rows.set(key, row);
  }
  if (rows.size === 0) throw badRow(table, 0, 'no row at all');
  const canonical = canonicalJson([...rows].sort(([left], [right]) => (left < right ? -1 : 1)));
  const version = createHash('sha256').update(canonical).digest('hex').slice(0, 16);
  const store = (await context.database()).lookups;
  const wasCurrent = (await store.currentVersion(table.name)) === version;
  // Archive the version first, so that bound versions survive a loss of the database.
  await (await context.lookupArchive()).keep(table.name, version, rows);
  if (!wasCurrent || !(await store.isWhole(table.name, version))) await store.load(table.name, version, rows);
  return { table: table.name, version, rows: rows.size, wasCurrent };
}

/** The stored form of a lookup row, which a join reads. */
export function storedRow(
  columns: readonly Column[],
  record: Readonly<Record<string, unknown>>,
): Record<string, Value> | string {
  const row: Record<string, Value> = {};
  for (const column of columns) {
    const value = columnReader(column)(record[column.name]);
    if (value === undefined) return column.name;
    row[column.name] = value;
  }
  return row;
}

function validated(table: Table, record: unknown): { issues: string | null } {
  const result = table.schema['~standard'].validate(record);
  if (result instanceof Promise || !result.issues) return { issues: null };
  const [issue] = result.issues;
  const path = (issue?.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
  return { issues: `${path}: ${issue?.message}` };
}

function badRow(table: Table, index: number, received: string): UsageError {
  const columns = lookupColumns(table).map(
    ({ name, type, nullable }) => `${name}: ${type}${nullable ? ' or null' : ''}`,
  );
  return new UsageError('BIFOLD_BAD_LOOKUP_ROW', {
    failed: `row ${index + 1} cannot be loaded into lookup table "${table.name}"`,
    received,
    allowed: `${columns.join(', ')}; one row for each ${table.key}`,
    remedy: 'correct the row; nothing was loaded',
  });
}
