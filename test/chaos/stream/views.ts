import { airlines, departures, type Flights, legs, planes } from '@bifold/cli';
import { meanOf, sumOf } from '../judge/exact.ts';

/**
 * The meaning of the two pipelines, stated again over plain lists. Nothing here comes from the
 * product; only the flights are the same.
 */

type Field = string | number | null;
export type Fields = Readonly<Record<string, Field>>;
export type Values = Readonly<Record<string, number | null>>;

/** A record as it is sent. An invalid one has the expected quarantine reason. */
export interface StreamedEvent {
  readonly partitionKey: string | null;
  readonly value: string | null;
  readonly poison: string | null;
  /** The key of its row, as JSON text. */
  readonly group: string;
  readonly atMs: number;
  readonly fields: Fields;
}

export interface View {
  readonly name: string;
  readonly topic: string;
  readonly groupBy: readonly string[];
  readonly windowsMs: Readonly<Record<string, number>>;
  /** Real flights, in the order of their departure. */
  readonly events: readonly StreamedEvent[];
  /** One row, from all events in it. */
  readonly fold: (events: readonly Fields[]) => Values;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** The values of a column that are there. */
const present = (events: readonly Fields[], name: string): number[] =>
  events.map((event) => event[name]).filter((value): value is number => typeof value === 'number');
const largest = (values: readonly number[]): number | null =>
  values.reduce<number | null>((most, value) => (most === null || value > most ? value : most), null);
const smallest = (values: readonly number[]): number | null =>
  values.reduce<number | null>((least, value) => (least === null || value < least ? value : least), null);

function delays(flights: Flights, eventsMax: number): View {
  const seatsOf = new Map(planes(flights).map(({ tailnum, seats }) => [tailnum, Number(seats)]));
  const known = new Set(airlines(flights).map(({ carrier }) => carrier));
  return {
    name: 'delays',
    topic: 'departures',
    groupBy: ['carrier', 'origin'],
    windowsMs: { hourly: HOUR_MS, daily: DAY_MS },
    events: departures(flights)
      .slice(0, eventsMax)
      .map((departure) => ({
        partitionKey: departure.carrier,
        value: JSON.stringify(departure),
        poison: null,
        group: JSON.stringify([departure.carrier, departure.origin]),
        atMs: Date.parse(departure.at),
        fields: { ...departure, seats: seatsOf.get(departure.tailnum ?? '') ?? null },
      })),
    fold: (events) => {
      const delay = present(events, 'dep_delay');
      return {
        flights: events.length,
        cancelled: events.filter(({ dep_time }) => dep_time === null).length,
        unlisted: events.filter(({ carrier }) => !known.has(carrier as string)).length,
        totalDelay: sumOf(delay),
        meanDelay: meanOf(delay),
        maxDelay: largest(delay),
        seats: sumOf(present(events, 'seats')),
      };
    },
  };
}

function airframes(flights: Flights, eventsMax: number): View {
  return {
    name: 'airframes',
    topic: 'legs',
    groupBy: ['tailnum'],
    windowsMs: { weekly: 7 * DAY_MS },
    events: legs(flights)
      .slice(0, eventsMax)
      .map((leg) => ({
        partitionKey: leg.tailnum,
        value: JSON.stringify(leg),
        poison: null,
        group: JSON.stringify([leg.tailnum]),
        atMs: leg.departed * 1000,
        fields: { ...leg },
      })),
    fold: (events) => {
      const fast = events.filter(({ speed, tailnum }) => speed !== null && Number(speed) >= 450.5 && tailnum !== null);
      const speeds = present(events, 'speed');
      return {
        legs: events.length,
        fast: fast.length,
        hours: sumOf(present(events, 'hours')),
        miles: sumOf(present(events, 'miles')),
        meanSpeed: meanOf(speeds),
        slowest: smallest(speeds),
        fastest: largest(speeds),
        fastMiles: sumOf(present(fast, 'miles')),
      };
    },
  };
}

export function viewsOf(flights: Flights, eventsMax: number): readonly View[] {
  return [delays(flights, eventsMax), airframes(flights, eventsMax)];
}
