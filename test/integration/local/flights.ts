import { join } from 'node:path';
import { ensureFlights, type Flights } from '@bifold/cli';
import { cloudPaths } from '@bifold/cloud';
import { DuckDBInstance } from '@duckdb/node-api';
import { type Bifold, bifoldIn, type Ran } from './bifold.ts';

export interface Verification {
  readonly equal: boolean;
  readonly records: number;
  readonly rows: number;
  readonly receipt: {
    readonly generation: number;
    readonly gaps: object;
    readonly offsets: { readonly batch: number; readonly speed: number };
    readonly batchBelow: Readonly<Record<string, number>>;
  };
}

export interface Answer {
  readonly rows: readonly {
    readonly key: Record<string, string | null>;
    readonly window: { readonly start: string };
    readonly values: Record<string, number | null>;
  }[];
}

/** A cloud in which `bifold start` has run, and the files that it sent. */
export interface StartedCloud {
  readonly bifold: Bifold;
  readonly started: Ran;
  readonly flights: Flights;
}

/**
 * Runs the main job in a cloud of this name.
 * @throws when it does not end well, with what it printed: every test of the file names the cause
 */
export async function startFlights(name: string): Promise<StartedCloud> {
  const bifold = bifoldIn(name);
  const started = await bifold.run('start');
  if (started.status !== 0)
    throw new Error(`bifold start ended with ${started.status}\n${started.stdout.slice(-3000)}\n${started.stderr}`);
  const softwareDir = join(bifold.stateDir, '..', '..', 'software');
  const paths = cloudPaths({ root: join(softwareDir, '..', '..'), stateDir: bifold.stateDir, softwareDir });
  return { bifold, started, flights: await ensureFlights(paths, () => undefined) };
}

export const numbered = (value: string | number | null | undefined): number | null =>
  value === null || value === undefined ? null : Number(value);

/** Rows of a query over the CSV, with every value as a number, a text or null. */
export async function overCsv(
  flights: Flights,
  sql: string,
): Promise<readonly (readonly (string | number | null)[])[]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const csv = (file: string) => `read_csv('${file}', header = true, all_varchar = true, nullstr = 'NA')`;
  await connection.run(`CREATE VIEW flights AS SELECT * FROM ${csv(flights.flightsFile)}`);
  await connection.run(`CREATE VIEW planes AS SELECT * FROM ${csv(flights.planesFile)}`);
  const rows = (await connection.runAndReadAll(sql)).getRowsJson() as (string | number | null)[][];
  connection.closeSync();
  instance.closeSync();
  return rows;
}
