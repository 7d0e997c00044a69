import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { lookupTables } from '@bifold/pipelines';
import { Command } from 'commander';
import { withContext } from '../../context.ts';
import { lookupRecords } from '../../deployment/lookup-file.ts';
import { loadLookup, lookupSchema, lookupTableNamed } from '../../deployment/lookup-tables.ts';
import { tableText } from '../../output/table.ts';
import { number, print, printJson, step } from '../../output/terminal.ts';
import { type ReadingChoice, readingOf, withReadingOptions } from '../reading-options.ts';

export const lookupCommand = (): Command =>
  new Command('lookup')
    .description('load and list lookup tables, which pipelines join')
    .addCommand(loadCommand())
    .addCommand(listCommand())
    .addHelpText(
      'after',
      `
Example:
  $ npx bifold lookup load planes --file planes.csv`,
    );

interface LoadOptions extends ReadingChoice {
  readonly file: string;
  readonly from?: string;
  readonly json?: boolean;
}

const loadCommand = (): Command =>
  withReadingOptions(
    new Command('load')
      .description('load a complete new version of a table, and make it current')
      .argument('<table>', 'name of the table')
      .requiredOption('--file <path>', 'a .csv file with a header, a .jsonl or a .parquet file')
      .option('--from <module>', 'module that exports the table; needed if only a stream joins it')
      .option('--json', 'print the result as JSON'),
  )
    .addHelpText(
      'after',
      `
Segments of the log that are already open keep their version. New segments use this one.

Examples:
  $ npx bifold lookup load airlines --file airlines.csv
  $ npx bifold lookup load studios --from examples/films/src/studios.ts --file examples/films/data/studios.csv`,
    )
    .action((name: string, { file, from, json, ...choice }: LoadOptions) =>
      withContext(async (context) => {
        const table = lookupTableNamed(name, from === undefined ? {} : await import(pathToFileURL(resolve(from)).href));
        const records = await lookupRecords(lookupSchema(table), file, readingOf(choice));
        const loaded = await step(context.onProgress, `load ${name}`, () => loadLookup(context, table, records));
        if (json) printJson(loaded);
        else
          print(
            `${name}: ${number(loaded.rows)} rows, version ${loaded.version}${loaded.wasCurrent ? ', which was the current one already' : ''}`,
          );
      }),
    );

const listCommand = (): Command =>
  new Command('list')
    .description('list the tables that pipelines join, with their current versions')
    .option('--json', 'print the result as JSON')
    .action(({ json }: { json?: boolean }) =>
      withContext(async (context) => {
        const store = (await context.database()).lookups;
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
