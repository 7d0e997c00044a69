import { createHash } from 'node:crypto';
import { createReadStream, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename } from 'node:path';
import { openDuckDb } from '@bifold/adapters/duckdb';
import { copyRows, formatOfKind, type TextOptions } from '@bifold/adapters/formats';
import { derivedSql, epochMsSql, fieldsOf, type Plan, quoted, sqlTypeOf, textLiteral } from '@bifold/core/engine';
import type { TrainedOn } from '@bifold/functions/training';
import type { ModelDefinition } from '@bifold/models';
import { UsageError } from '../errors.ts';
import { asParquet } from '../tabular/table-file.ts';
import { neededDerived, wantedColumns } from './columns.ts';

/**
 * Writes the training table from a file. Its columns have the names of the plan: `person.age` for a
 * column of a lookup. The plan's own expressions compute derived columns.
 */
export async function writeFileTable(
  definition: ModelDefinition,
  file: string,
  reading: TextOptions,
  tableFile: string,
): Promise<TrainedOn> {
  const temporary: string[] = [];
  const database = await openDuckDb({ memoryLimit: '2GB', tempDirectory: tmpdir() });
  try {
    const rows = `read_parquet(${textLiteral(await asParquet(file, reading, temporary))})`;
    const described = await database.rows(`SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM ${rows})`);
    const types = new Map(described.map(({ column_name, column_type }) => [String(column_name), String(column_type)]));
    const { plan } = definition;
    const derived = plan === null ? [] : neededDerived(plan, definition);
    checkColumns(definition, derived, types, file);
    const timed = plan !== null && types.has(plan.eventTime.field) ? [`${timeSql(plan, types)} AS _event_time_ms`] : [];
    const base = [...types].map(([name, type]) => `${typedSql(plan, name, type)} AS ${quoted(name)}`);
    const typed = `SELECT ${[...base, ...timed].join(', ')} FROM ${rows}`;
    const columns = wantedColumns(definition, timed.length > 0);
    const select = `SELECT ${columns.join(', ')} FROM (${derivedSql(derived, typed)})`;
    await copyRows(database, select, tableFile, formatOfKind('parquet'));
  } finally {
    database.close();
    for (const folder of temporary) rmSync(folder, { recursive: true, force: true });
  }
  return { kind: 'file', name: basename(file), sizeBytes: statSync(file).size, sha256: await digestOf(file) };
}

function checkColumns(
  definition: ModelDefinition,
  derived: Plan['derived'],
  types: ReadonlyMap<string, string>,
  file: string,
): void {
  const computed = new Set(derived.map(({ name }) => name));
  const wanted = [
    ...definition.features.map(({ field }) => field),
    definition.target,
    ...derived.flatMap(({ expression }) => fieldsOf(expression)),
  ];
  const missing = [...new Set(wanted)].filter((name) => !computed.has(name) && !types.has(name));
  if (missing.length === 0) return;
  throw new UsageError('BIFOLD_TRAINING_COLUMN_MISSING', {
    failed: `model "${definition.name}" cannot be trained from ${basename(file)}`,
    received: `no column ${missing.map((name) => `"${name}"`).join(', ')}`,
    allowed: `${wanted.join(', ')}; the file has ${[...types.keys()].join(', ')}`,
    remedy: 'add the columns, or correct the features in defineModel',
  });
}

/** A column in the form of records: times as epoch milliseconds, numbers in the plan's type. */
function typedSql(plan: Plan | null, name: string, type: string): string {
  const column = quoted(name);
  if (type === 'DATE') return `epoch_ms(CAST(${column} AS TIMESTAMP))`;
  if (type.startsWith('TIMESTAMP')) return `epoch_ms(${column})`;
  const planned = plan?.columns.find((planColumn) => planColumn.name === name)?.type ?? lookupType(plan, name);
  return planned === undefined || planned === 'timestamp' ? column : `CAST(${column} AS ${sqlTypeOf(planned)})`;
}

function lookupType(plan: Plan | null, name: string) {
  for (const lookup of plan?.lookups ?? [])
    for (const column of lookup.columns) if (`${lookup.name}.${column.name}` === name) return column.type;
  return undefined;
}

function timeSql({ eventTime }: Plan, types: ReadonlyMap<string, string>): string {
  const column = quoted(eventTime.field);
  if (eventTime.kind === 'epoch') return epochMsSql(eventTime.unit, column);
  const type = types.get(eventTime.field) ?? '';
  return type.startsWith('TIMESTAMP') ? `epoch_ms(${column})` : `epoch_ms(CAST(${column} AS TIMESTAMP))`;
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
