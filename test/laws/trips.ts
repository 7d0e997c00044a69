import {
  count,
  definePipeline,
  field,
  first,
  last,
  lookup,
  max,
  maxBy,
  mean,
  min,
  sum,
  table,
  topic,
  tumbling,
} from '@bifold/core';
import { foldOf, type LogRecord, type ResolveLookup } from '@bifold/core/engine';
import fc from 'fast-check';
import { z } from 'zod';

/**
 * A small pipeline that has everything, and its plain meaning: Maps and numbers, its own JSON, its
 * own windows. Nothing here is shared with core but the definition. Fares are multiples of 1/8, so
 * that plain sums of them are exact.
 */

export const SEGMENT_SIZE = 16;
const TripSchema = z.object({
  at: z.int(),
  city: z.string(),
  fare: z.number().nullable(),
  seats: z.int().nullable(),
  car: z.string().nullable(),
});
const City = z.object({ city: z.string(), rank: z.int().nullable() });
const Car = z.object({ plate: z.string(), weight: z.number() });

export const trips = definePipeline({
  name: 'trips',
  from: topic('trips', {
    schema: TripSchema,
    schemaVersion: 1,
    partitionBy: 'city',
    eventTime: { field: 'at', unit: 'ms' },
  }),
  lookups: {
    place: lookup(table('cities', { schema: City, key: 'city' }), { on: 'city', missing: 'null' }),
    vehicle: lookup(table('cars', { schema: Car, key: 'plate' }), { on: 'car', missing: 'drop' }),
  },
  derive: { dear: field('fare').gt(2.5), odd: field('place.rank').eq(1).or(field('seats').isNull()) },
  groupBy: ['city', 'dear'],
  windows: { minutely: tumbling('1m'), sevens: tumbling('7ms') },
  aggregates: {
    n: count(),
    odds: count({ where: 'odd' }),
    fares: sum('fare'),
    meanFare: mean('fare'),
    lowest: min('fare'),
    highest: max('fare'),
    seats: sum('seats'),
    meanSeats: mean('seats', { where: 'odd' }),
    fewest: min('seats'),
    ranks: sum('place.rank', { where: 'odd' }),
    weight: max('vehicle.weight'),
    firstSeats: first('seats'),
    lastFare: last('fare', { where: 'odd' }),
    dearestCar: maxBy('car', 'fare'),
  },
  storage: { segmentSize: SEGMENT_SIZE, buckets: 2 },
});
export const fold = foldOf(trips);

/**
 * Rows of the lookup tables. Their versions change with the segment: a segment is folded with one
 * of them.
 */
const RANKS: readonly Readonly<Record<string, number | null>>[] = [
  { rome: 1, 'z\u{1f600}': 2, '': null },
  { rome: 3, oslo: 1 },
];
const WEIGHTS: Readonly<Record<string, number>> = { a1: 1.5, b2: 2 };
const cityVersion = (partition: number, segment: number): number => (partition + segment) % 2;

export function lookupsAt(partition: number, offset: number): ResolveLookup {
  const ranks = RANKS[cityVersion(partition, Math.floor(offset / SEGMENT_SIZE))] as Record<string, number | null>;
  return (position, key) => {
    if (position === 0) return Object.hasOwn(ranks, key) ? { city: key, rank: ranks[key] as number | null } : null;
    return Object.hasOwn(WEIGHTS, key) ? { plate: key, weight: WEIGHTS[key] as number } : null;
  };
}

/** One row, as people would count it. */
export interface PlainRow {
  n: number;
  odds: number;
  fares: number;
  meanFare: number | null;
  lowest: number | null;
  highest: number | null;
  seats: number;
  meanSeats: number | null;
  fewest: number | null;
  ranks: number;
  weight: number | null;
  firstSeats: number | null;
  lastFare: number | null;
  dearestCar: string | null;
}

export interface PlainFold {
  /** By window, start and key, as JSON: `["minutely",0,["rome",true]]`. */
  readonly rows: ReadonlyMap<string, PlainRow>;
  /** Offset of the last record in each row of each partition and segment. */
  readonly lastOffsets: ReadonlyMap<string, number>;
  readonly quarantined: ReadonlyMap<string, number>;
}

interface Trip {
  readonly at: number;
  readonly city: string;
  readonly fare: number | null;
  readonly seats: number | null;
  readonly car: string | null;
}

function parsed(value: Uint8Array | null): Trip | string {
  if (value === null) return 'tombstone';
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value);
  } catch {
    return 'not-utf8';
  }
  let trip: Trip;
  try {
    trip = JSON.parse(text);
  } catch {
    return 'not-json';
  }
  if (Object.prototype.toString.call(trip) !== '[object Object]') return 'not-an-object';
  const whole = (value: unknown): boolean => typeof value === 'number' && Math.abs(value) < 2 ** 53 && value % 1 === 0;
  if (!whole(trip.at) || typeof trip.city !== 'string') return 'invalid';
  if (!(trip.fare === null || typeof trip.fare === 'number')) return 'invalid';
  if (!(trip.seats === null || whole(trip.seats))) return 'invalid';
  if (!(trip.car === null || typeof trip.car === 'string')) return 'invalid';
  if (/[\ud800-\udfff]/u.test(trip.city)) return 'wrong-type';
  return Math.abs(trip.at) > 8.64e15 ? 'bad-event-time' : trip;
}

const SIZES = { minutely: 60_000, sevens: 7 } as const;

/**
 * The plain fold of the records whose offsets are named; `startOf` may put many windows into one
 * row.
 */
export function plainFold(
  log: readonly LogRecord[],
  named: (partition: number, offset: number) => boolean,
  startOf: (window: keyof typeof SIZES, start: number) => number | null = (_, start) => start,
): PlainFold {
  const members = new Map<string, { trip: Trip; rank: number | null; odd: boolean; place: readonly number[] }[]>();
  const lastOffsets = new Map<string, number>();
  const quarantined = new Map<string, number>();
  for (const { partition, offset, value } of log) {
    if (!named(partition, offset)) continue;
    const trip = parsed(value);
    if (typeof trip === 'string') {
      quarantined.set(trip, (quarantined.get(trip) ?? 0) + 1);
      continue;
    }
    if (trip.car === null || !(trip.car in { a1: 1, b2: 2 })) continue;
    const segment = Math.floor(offset / SEGMENT_SIZE);
    const ranks = new Map(Object.entries(RANKS[cityVersion(partition, segment)] as object));
    const rank: number | null = ranks.get(trip.city) ?? null;
    const dear = trip.fare === null ? null : trip.fare > 2.5;
    const odd = rank === 1 || trip.seats === null;
    for (const [window, size] of Object.entries(SIZES) as ['minutely' | 'sevens', number][]) {
      let start = trip.at - (trip.at % size);
      if (start > trip.at) start -= size;
      const row = startOf(window, start + 0);
      if (row === null) continue;
      const id = JSON.stringify([window, row, [trip.city, dear]]);
      members.set(id, [...(members.get(id) ?? []), { trip, rank, odd, place: [trip.at, partition, offset] }]);
      lastOffsets.set(`${partition}/${segment}/${id}`, offset);
    }
  }
  const rows = new Map(
    Array.from(members, ([id, list]) => {
      const fares = list.flatMap(({ trip }) => trip.fare ?? []);
      const seats = list.flatMap(({ trip }) => trip.seats ?? []);
      const oddSeats = list.flatMap(({ trip, odd }) => (odd && trip.seats !== null ? trip.seats : []));
      const ordered = list.toSorted(({ place: one }, { place: other }) => {
        const at = one.findIndex((value, index) => value !== other[index]);
        return (one[at] as number) - (other[at] as number);
      });
      const lastOdd = ordered.findLast(({ trip, odd }) => odd && trip.fare !== null);
      const dearest = ordered.find(({ trip }) => trip.fare !== null && trip.fare === Math.max(...fares));
      const add = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
      const row: PlainRow = {
        n: list.length,
        odds: list.filter(({ odd }) => odd).length,
        fares: add(fares),
        meanFare: fares.length === 0 ? null : add(fares) / fares.length + 0,
        lowest: fares.length === 0 ? null : Math.min(...fares),
        highest: fares.length === 0 ? null : Math.max(...fares),
        seats: add(seats),
        meanSeats: oddSeats.length === 0 ? null : add(oddSeats) / oddSeats.length + 0,
        fewest: seats.length === 0 ? null : Math.min(...seats),
        ranks: add(list.flatMap(({ rank, odd }) => (odd ? (rank ?? []) : []))),
        weight: Math.max(...list.map(({ trip }) => ({ a1: 1.5, b2: 2 })[trip.car as 'a1'])),
        firstSeats: ordered.find(({ trip }) => trip.seats !== null)?.trip.seats ?? null,
        lastFare: lastOdd?.trip.fare ?? null,
        dearestCar: dearest?.trip.car ?? null,
      };
      return [id, row] as const;
    }),
  );
  return { rows, lastOffsets, quarantined };
}

const trip: fc.Arbitrary<Trip> = fc.record({
  at: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: -20, max: 20 }) },
    { weight: 1, arbitrary: fc.constantFrom(-60_001, -60_000, 59_999, 60_000, 8.64e15, -8.64e15) },
  ),
  city: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('rome', 'oslo') },
    { weight: 1, arbitrary: fc.constantFrom('', 'z\u{1f600}', 'z\uffff', '__proto__') },
  ),
  fare: fc.option(fc.integer({ min: -40, max: 40 }).map((eighths) => eighths / 8 + 0)),
  seats: fc.option(fc.integer({ min: -5, max: 5 })),
  car: fc.constantFrom('a1', 'a1', 'b2', 'b2', 'unknown', null),
});

/** The value of one record: mostly a trip, sometimes nothing that counts. */
const value: fc.Arbitrary<Uint8Array | null> = fc.oneof(
  { weight: 12, arbitrary: trip.map((each) => Buffer.from(JSON.stringify(each))) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      null,
      Buffer.of(0xff),
      ...['{', '[]', 'null', '{}', '{"at":1e16,"city":"rome","fare":1,"seats":1,"car":"a1"}'].map((text) =>
        Buffer.from(text),
      ),
      Buffer.from('{"at":9e15,"city":"rome","fare":1,"seats":1,"car":"a1"}'),
      Buffer.from('{"at":1,"city":"\\ud800","fare":1,"seats":1,"car":"a1"}'),
      Buffer.from('{"at":1,"city":"rome","fare":"1","seats":1,"car":"a1"}'),
    ),
  },
);

/** A log of one partition: records in offset order, with holes. */
export const partitionLog = (partition: number, ends: number): fc.Arbitrary<LogRecord[]> =>
  fc
    .array(fc.option(value, { nil: undefined, freq: 8 }), { minLength: 0, maxLength: ends, size: 'max' })
    .map((values) =>
      values.flatMap((each, offset) =>
        each === undefined ? [] : [{ partition, offset, timestampMs: 0, key: null, value: each, headers: [] }],
      ),
    );
