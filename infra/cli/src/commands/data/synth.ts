import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { copyRows, FORMAT_EXTENSIONS, formatOfName } from '@bifold/adapters/formats';
import { textLiteral } from '@bifold/core/engine';
import { Command, InvalidArgumentError } from 'commander';
import { partsOf, UsageError } from '../../errors.ts';
import { plural, print, printJson, seconds } from '../../output/terminal.ts';
import { type ReadingChoice, readingOf, withReadingOptions } from '../reading-options.ts';

interface Options extends ReadingChoice {
  readonly sql: string;
  readonly out: string;
  readonly from?: string;
  readonly seed: number;
  readonly json?: boolean;
}

export const synthCommand = (): Command =>
  withReadingOptions(
    new Command('synth')
      .description('generate synthetic data with SQL')
      .requiredOption(
        '--sql <query>',
        'a SELECT in the dialect of DuckDB, with range(n), random(), normal(mean, deviation)',
      )
      .requiredOption('--out <file>', 'output file: .parquet, .csv or .jsonl')
      .option('--from <file>', 'file that the query reads as the table "source"')
      .option('--seed <n>', 'seed of random(): the same seed gives the same rows', seedOf, 1)
      .option('--json', 'print the result as JSON'),
  )
    .addHelpText(
      'after',
      `
normal(mean, deviation) draws from a normal distribution. The output keeps the row order of the
query.

Examples:
  $ npx bifold synth --sql "SELECT i AS id, normal(170, 10) AS height FROM range(1000) r(i)" --out people.parquet
  $ npx bifold synth --from wine.csv --out more.csv \\
      --sql "SELECT cultivar, normal(avg(alcohol), stddev(alcohol)) AS alcohol FROM source, range(100) GROUP BY cultivar, range"`,
    )
    .action(synth);

function seedOf(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0 && value < 2 ** 31) return value;
  throw new InvalidArgumentError('It must be a whole number from 0.');
}

async function synth({ sql, out, from, seed, json, ...choice }: Options): Promise<void> {
  const startedAtMs = performance.now();
  const format = formatOfName(out);
  if (format === null)
    throw new UsageError('BIFOLD_UNKNOWN_FORMAT', {
      failed: 'the format of the output is not known',
      received: `"${out}"`,
      allowed: FORMAT_EXTENSIONS.join(', '),
      remedy: 'give the file one of these names',
    });
  const temporary: string[] = [];
  const { openDuckDb } = await import('@bifold/adapters/duckdb');
  // One thread, so that random numbers are drawn in the order of the rows.
  const database = await openDuckDb({ memoryLimit: '2GB', tempDirectory: tmpdir(), threads: 1 });
  try {
    if (from !== undefined) {
      const { asParquet } = await import('../../tabular/table-file.ts');
      const parquetFile = await asParquet(from, readingOf(choice), temporary);
      await database.run(`CREATE TABLE source AS SELECT * FROM read_parquet(${textLiteral(parquetFile)})`);
    }
    // The Box-Muller method, from two draws. The first is never zero.
    await database.run(
      'CREATE MACRO normal(mean, deviation) AS (mean) + (deviation) * sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random())',
    );
    // The seed is -1 to 1 in DuckDB.
    await database.run(`SELECT setseed(${seed / 2 ** 31})`);
    await database.run(`CREATE TABLE made AS ${sql}`);
    const [counted] = await database.rows('SELECT count(*) AS n FROM made');
    await copyRows(database, 'SELECT * FROM made', out, format);
    const rows = Number(counted?.n ?? 0);
    if (json) printJson({ rows, out, seed });
    else print(`made ${plural(rows, 'row')}: ${out}  (${seconds(performance.now() - startedAtMs)})`);
  } catch (cause) {
    if (!/^BIFOLD_SQL_/.test(partsOf(cause)?.code ?? '')) throw cause;
    throw new UsageError(
      'BIFOLD_BAD_SQL',
      {
        failed: 'the query cannot be run',
        received: (cause as { explanation?: { received: string } }).explanation?.received ?? String(cause),
        allowed:
          from === undefined
            ? 'a SELECT of DuckDB; --from gives it a table "source"'
            : 'a SELECT of DuckDB over the table "source"',
        remedy: 'correct --sql',
      },
      { cause },
    );
  } finally {
    database.close();
    for (const folder of temporary) rmSync(folder, { recursive: true, force: true });
  }
}
