import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { lookupStore } from '@bifold/adapters/cassandra';
import type { Column } from '@bifold/core/engine';
import { lookupTables } from '@bifold/pipelines';
import { Command } from 'commander';
import { withContext } from '../../context.ts';
import { loadLookup, lookupColumns, lookupTableNamed } from '../../deployment/lookup-tables.ts';
import { UsageError } from '../../errors.ts';
import { tableText } from '../../output/table.ts';
import { number, print, printJson, step } from '../../output/terminal.ts';
import { readCsv, typedRecord } from '../../records/csv.ts';

export const lookupCommand = (): Command =>
  new Command('lookup')
    .description('lookup tables, which pipelines join')
    .addCommand(loadCommand())
    .addCommand(listCommand())
    .addHelpText(
      'after',
      `
Example:
  $ npx bifold lookup load planes --file planes.csv`,
    );

interface LoadOptions {
  readonly file: string;
  readonly from?: string;
  readonly null: string;
  readonly json?: boolean;
}

const loadCommand = (): Command =>
  new Command('load')
    .description('load a whole version of a table, and make it the current one')
    .argument('<table>', 'its name')
    .requiredOption('--file <path>', 'rows as .csv with a header, or as .jsonl')
    .option('--null <text>', 'the text that stands for null in CSV', 'NA')
    .option('--from <module>', 'the file that exports the table, where only a stream joins it')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
Segments of the log that were folded already keep the version they were folded with; new ones take this one.

Examples:
  $ npx bifold lookup load airlines --file airlines.csv
  $ npx bifold lookup load studios --from examples/films/src/studios.ts --file examples/films/data/studios.csv`,
    )
    .action((name: string, { file, from, null: nullText, json }: LoadOptions) =>
      withContext(async (context) => {
        const table = lookupTableNamed(name, from === undefined ? {} : await import(pathToFileURL(resolve(from)).href));
        const columns = lookupColumns(table);
        const records: Record<string, unknown>[] = [];
        if (/\.csv$/i.test(file)) {
          for await (const cells of readCsv(file)) {
            // Rows have the cells of the header, or cannot be read.
            if (records.length === 0) checkHeader(name, file, columns, cells);
            records.push(typedRecord(columns, cells, records.length + 2, nullText));
          }
        } else {
          for await (const line of createInterface({ input: createReadStream(file) })) {
            if (line.trim() !== '') records.push(jsonRow(line, records.length + 1));
          }
        }
        const loaded = await step(context.onProgress, `load ${name}`, () => loadLookup(context, table, records));
        if (json) printJson(loaded);
        else
          print(
            `${name}: ${number(loaded.rows)} rows, version ${loaded.version}${loaded.wasCurrent ? ', which was the current one already' : ''}`,
          );
      }),
    );

/**
 * A column that is misspelt would be null in every row, and segments would be bound to that for
 * good.
 */
function checkHeader(
  table: string,
  file: string,
  columns: readonly Column[],
  cells: Readonly<Record<string, unknown>>,
): void {
  const missing = columns.filter((column) => !Object.hasOwn(cells, column.name)).map((column) => column.name);
  if (missing.length === 0) return;
  throw new UsageError('BIFOLD_MISSING_COLUMN', {
    failed: `${file} lacks columns of lookup table "${table}": ${missing.join(', ')}`,
    received: `a header of ${Object.keys(cells).join(', ')}`,
    allowed: `${columns.map((column) => column.name).join(', ')}, in any order; more are left out`,
    remedy: 'correct the header; a column without values may be empty',
  });
}

const listCommand = (): Command =>
  new Command('list')
    .description('the tables that pipelines join, and their current versions')
    .option('--json', 'print the result as JSON')
    .action(({ json }: { json?: boolean }) =>
      withContext(async (context) => {
        const store = lookupStore(await context.cassandra());
        const tables = await Promise.all(
          lookupTables.map(async ({ name, key }) => {
            const version = await store.currentVersion(name);
            let rows = 0;
            if (version !== null) for await (const _ of store.allRows(name, version)) rows++;
            return { table: name, key, version, rows };
          }),
        );
        if (json) return printJson(tables);
        print(
          tableText(
            [{ title: 'table' }, { title: 'key' }, { title: 'version' }, { title: 'rows', align: 'right' }],
            tables.map(({ table, key, version, rows }) => [table, key, version ?? 'EMPTY', number(rows)]),
          ),
        );
      }),
    );

function jsonRow(line: string, number: number): Record<string, unknown> {
  try {
    const row: unknown = JSON.parse(line);
    if (row !== null && typeof row === 'object' && !Array.isArray(row)) return row as Record<string, unknown>;
  } catch {
    // Told below, like JSON that is no object.
  }
  throw new UsageError('BIFOLD_BAD_JSON_LINE', {
    failed: `line ${number} is no row`,
    received: line.slice(0, 120),
    allowed: 'one JSON object a line',
    remedy: 'correct the line; nothing was loaded',
  });
}
