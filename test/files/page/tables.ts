import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDb, openDuckDb } from '@bifold/adapters/duckdb';
import { copyRows, formatOfKind } from '@bifold/adapters/formats';
import { textLiteral } from '@bifold/core/engine';
import { runCommand } from '../../../infra/cli/src/command-line/bifold.fixture.ts';
import { type FileCase, isRefusal, type Outcome } from '../corpus/case.ts';
import { CORPUS } from '../corpus/corpus.ts';
import { CSV_CELLS, JSON_VALUES, PARQUET_VALUES } from './examples.ts';

/** The tables of docs/files.md by name, as Markdown. Each comes from running `convert`. */
export async function fileTables(): Promise<ReadonlyMap<string, string>> {
  const folder = mkdtempSync(join(tmpdir(), 'bifold-page-'));
  const database = await openDuckDb();
  try {
    return new Map([
      ['json', await jsonTable(folder, database)],
      ['csv', await csvTable(folder)],
      ['parquet', await parquetTable(folder, database)],
      ['refused', refusedTable()],
      ['aside', asideTable()],
    ]);
  } finally {
    database.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** JSON values, with their form in the other formats. */
async function jsonTable(folder: string, database: DuckDb): Promise<string> {
  const rows: string[][] = [];
  for (const { what, values } of JSON_VALUES) {
    const input = join(folder, 'in.jsonl');
    writeFileSync(input, values.map((value) => `{"id":1,"x":${value}}\n`).join(''));
    const csv = await converted(input, join(folder, 'out.csv'));
    const parquet = await converted(input, join(folder, 'out.parquet'));
    const [, ...lines] = readFileSync(csv, 'utf8').trimEnd().split('\n');
    rows.push([
      what,
      list(values),
      list(lines.map((line) => line.slice('1,'.length))),
      code(await typeOf(database, parquet)),
      list(await valuesOf(folder, csv)),
      list(await valuesOf(folder, parquet)),
    ]);
  }
  return table(['value', 'JSON lines', 'CSV', 'Parquet', 'back from CSV', 'back from Parquet'], rows);
}

/** Cells of CSV, with the type that is inferred. */
async function csvTable(folder: string): Promise<string> {
  const rows: string[][] = [];
  for (const { what, cells } of CSV_CELLS) {
    const input = join(folder, 'in.csv');
    writeFileSync(input, `id,x\n${cells.map((cell) => `1,${cell}\n`).join('')}`);
    const { stdout } = await runCommand('convert', [input, '--infer', '--json']);
    const { columns } = JSON.parse(stdout) as { columns: readonly { type: string; nullable: boolean }[] };
    const { type = '', nullable = false } = columns[1] ?? {};
    rows.push([what, list(cells), nullable ? `${type} or null` : type, list(await valuesOf(folder, input))]);
  }
  return table(['cells of a column', 'CSV', 'type', 'JSON lines'], rows);
}

/** Types of Parquet, with their form in the other formats. */
async function parquetTable(folder: string, database: DuckDb): Promise<string> {
  const rows: string[][] = [];
  for (const { type, value } of PARQUET_VALUES) {
    const input = join(folder, 'in.parquet');
    await copyRows(database, `SELECT 1 AS id, ${value} AS x`, input, formatOfKind('parquet'));
    const csv = await converted(input, join(folder, 'out.csv'));
    const [, line = ''] = readFileSync(csv, 'utf8').split('\n');
    rows.push([type, list(await valuesOf(folder, input)), code(line.slice('1,'.length))]);
  }
  return table(['Parquet', 'JSON lines', 'CSV'], rows);
}

async function converted(input: string, output: string): Promise<string> {
  const { status, stderr } = await runCommand('convert', [input, output]);
  if (status !== 0) throw new Error(`convert of ${readFileSync(input, 'latin1')} ended with ${status}: ${stderr}`);
  return output;
}

/** The values of the column `x` as they stand in JSON lines. */
async function valuesOf(folder: string, input: string): Promise<readonly string[]> {
  const lines = readFileSync(await converted(input, join(folder, 'back.jsonl')), 'utf8')
    .trimEnd()
    .split('\n');
  return lines.map((line) => line.slice('{"id":1,"x":'.length, -1));
}

async function typeOf(database: DuckDb, path: string): Promise<string> {
  const described = await database.rows(
    `SELECT column_type FROM (DESCRIBE SELECT x FROM read_parquet(${textLiteral(path)}))`,
  );
  return String(described[0]?.column_type);
}

const CASES: readonly FileCase[] = Object.values(CORPUS).flat();

/** The outcomes of a case, each with the commands that it holds for. */
function outcomes({ gives, throughCsv, throughParquet }: FileCase): readonly (readonly [string, Outcome])[] {
  return [
    ['when it is read', gives],
    ...(throughCsv === undefined || isRefusal(gives) ? [] : [['when CSV is written', throughCsv] as const]),
    ...(throughParquet === undefined || isRefusal(gives) ? [] : [['when Parquet is written', throughParquet] as const]),
  ];
}

/** Files that are refused as a whole. */
function refusedTable(): string {
  const rows = CASES.flatMap((each) =>
    outcomes(each).flatMap(([when, outcome]) =>
      isRefusal(outcome) ? [[each.title, when, code(outcome.refused)]] : [],
    ),
  );
  return table(['a file with', 'is refused', 'code'], rows);
}

/** Files of which rows are set aside. */
function asideTable(): string {
  const rows = CASES.flatMap((each) =>
    outcomes(each).flatMap(([when, outcome]) =>
      isRefusal(outcome) || outcome.bad === undefined
        ? []
        : [[each.title, when, outcome.bad.map(({ line }) => line).join(', '), outcome.bad[0]?.reason ?? '']],
    ),
  );
  return table(['a file with', 'rows are set aside', 'lines of the test', 'reason'], rows);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

const list = (texts: readonly string[]): string => [...new Set(texts)].map(code).join(', ');
const code = (text: string): string => (text === '' ? 'nothing' : `\`${text}\``);
