import {
  any,
  collect,
  correlation,
  count,
  definePipeline,
  dropDuplicates,
  dropLate,
  field,
  first,
  histogram,
  join,
  last,
  lookup,
  maxBy,
  mean,
  min,
  model,
  type Pipeline,
  quantile,
  repartition,
  running,
  session,
  sliding,
  sum,
  table,
  topic,
  topK,
  tumbling,
  variance,
} from '@bifold/core';
import {
  type Duplicates,
  type Lateness,
  type Relayed,
  type SegmentSize,
  type Value,
  versionOf,
} from '@bifold/core/engine';
import { z } from 'zod';
import { type DrawnModel, drawModel } from '../../laws/models/models.ts';
import type { Random } from '../random.ts';

/**
 * The pipelines of the simulation. Both read one topic; the second changes the meaning of the first
 * one's columns, not their layout.
 */

/** One of each kind: a seed draws one. Growing segments have two, four and eight offsets. */
export const SEGMENT_SIZES: readonly SegmentSize[] = [4, { least: 2, most: 8, share: 2 }];
export const TABLE = 'cities';
export const MODEL = 'fares';
/** The last one is another key than the first only by a mark that decoders like to drop. */
export const CITIES = ['rome', 'oslo', 'z\u{1f600}', '\ufeffrome'];

const Trip = z.object({ at: z.int(), city: z.string(), fare: z.number().nullable(), seats: z.int().nullable() });
const Show = z.object({ begins: z.int(), town: z.string().nullable(), guests: z.int() });
const City = z.object({ city: z.string(), rank: z.int().nullable() });

const trips = topic('trips', {
  schema: Trip,
  schemaVersion: 1,
  partitionBy: 'city',
  eventTime: { field: 'at', unit: 'ms' },
});
const shows = topic('shows', {
  schema: Show,
  schemaVersion: 1,
  partitionBy: 'town',
  eventTime: { field: 'begins', unit: 'ms' },
});
const PARTITIONS = 2;
/** One of each kind. */
const WINDOWS = {
  tens: tumbling('10ms', { offset: '3ms' }),
  slides: sliding('50ms', '20ms'),
  rests: session('15ms'),
  ever: running(),
} as const;

const pipelineWhere = (
  dearFrom: number,
  duplicates: Duplicates<'at' | 'city' | 'seats'> | null = null,
  from: typeof trips | Relayed<z.infer<typeof Trip>> = trips,
  others: { readonly dropLate?: Lateness } = {},
): Pipeline =>
  definePipeline({
    name: 'trips',
    from,
    ...others,
    lookups: { place: lookup(table(TABLE, { schema: City, key: 'city' }), { on: 'city', missing: 'null' }) },
    derive: { dear: field('fare').gt(dearFrom), steep: field('expected').gt(3) },
    scores: { expected: model(MODEL, { features: { rank: 'place.rank' } }) },
    ...(duplicates === null ? {} : { dropDuplicates: duplicates }),
    where: field('seats').ge(-1).or(field('seats').isNull()),
    groupBy: ['city'],
    windows: WINDOWS,
    aggregates: {
      n: count(),
      dears: count({ where: 'dear' }),
      fares: sum('fare'),
      seats: sum('seats'),
      meanSeats: mean('seats', { where: 'dear' }),
      lowest: min('fare'),
      ranks: sum('place.rank'),
      spread: variance('fare'),
      median: quantile('seats', 0.5, { where: 'dear' }),
      everDear: any('dear'),
      expected: sum('expected'),
      steeps: count({ where: 'steep' }),
      together: correlation('fare', 'seats'),
      firstCity: first('city'),
      lastFare: last('fare', { where: 'dear' }),
      often: topK('fare', 2),
      firstFares: collect('fare', 3),
      spans: histogram('seats', [-1, 0, 2]),
      dearest: maxBy('seats', 'fare'),
    },
  });

/**
 * Smaller than a definition may ask for: segments are where things go wrong, so a short log must
 * have many.
 */
export function inSmallSegments(pipeline: Pipeline, segmentSize: SegmentSize): Pipeline {
  const { version: _, ...plan } = { ...pipeline.plan, storage: { segmentSize, buckets: 2 } };
  return { ...pipeline, plan: { ...plan, version: versionOf(plan) } };
}

const pairsWhere = (dearFrom: number, others: { readonly dropLate?: Lateness } = {}): Pipeline =>
  definePipeline({
    name: 'trips',
    from: join({
      left: trips,
      right: shows,
      as: 'show',
      on: { city: 'town' },
      within: { before: '20ms', after: '40ms' },
      partitions: PARTITIONS,
    }),
    ...others,
    lookups: { place: lookup(table(TABLE, { schema: City, key: 'city' }), { on: 'show_town', missing: 'null' }) },
    derive: { dear: field('fare').gt(dearFrom), each: field('fare').times(field('show_guests')) },
    where: field('seats').ge(-1).or(field('seats').isNull()),
    groupBy: ['city'],
    windows: WINDOWS,
    aggregates: {
      n: count(),
      dears: count({ where: 'dear' }),
      guests: sum('show_guests'),
      spent: sum('each'),
      ranks: sum('place.rank'),
      firstGuests: first('show_guests'),
      most: maxBy('seats', 'show_guests'),
      spread: variance('show_guests'),
    },
  });

const bySeats = repartition(trips, { by: 'seats', partitions: PARTITIONS });

/** The definitions that a seed deploys, and those that may follow. */
export const FAMILIES: readonly (readonly Pipeline[])[] = [
  [pipelineWhere(2.5), pipelineWhere(0)],
  [
    pipelineWhere(2.5, dropDuplicates(['city', 'seats'], { within: '30ms' })),
    pipelineWhere(2.5, dropDuplicates(['city', 'at'])),
  ],
  [pairsWhere(2.5), pairsWhere(0, { dropLate: dropLate('40ms') })],
  [
    pipelineWhere(2.5, null, trips, { dropLate: dropLate('30ms', { maxClockSkew: '50ms' }) }),
    pipelineWhere(2.5, dropDuplicates(['city', 'seats']), trips, { dropLate: dropLate('20ms') }),
  ],
  [
    pipelineWhere(2.5, null, bySeats),
    pipelineWhere(2.5, dropDuplicates(['city', 'seats'], { within: '30ms' }), bySeats),
  ],
];

const POISON: readonly (Uint8Array | null)[] = [
  null,
  Buffer.of(0xff),
  Buffer.from('{'),
  Buffer.from('[]'),
  Buffer.from('{"at":1,"city":7,"fare":1,"seats":1}'),
  Buffer.from('{"at":9e15,"city":"rome","fare":1,"seats":1}'),
];
const FARES = [null, 0.1, 0.2, 2.5, 3, 1e16, -1e16, -0.3];

/**
 * The value of one record: mostly a trip, at about `timeMs`, sometimes late, early, or nothing that
 * counts.
 */
export function tripValue(random: Random, timeMs: number): Uint8Array | null {
  if (random.chance(0.12)) return random.pick(POISON);
  const drift = random.chance(0.2) ? random.below(400) - 200 : random.below(20);
  const trip = {
    at: timeMs + drift,
    city: random.pick(CITIES),
    fare: random.pick(FARES),
    seats: random.chance(0.2) ? null : random.below(7) - 2,
  };
  return Buffer.from(JSON.stringify(trip));
}

/** The value of a record of a source: of trips, or of the shows that they are joined with. */
export function sourceValue(topicName: string, random: Random, timeMs: number): Uint8Array | null {
  if (topicName === trips.name) return tripValue(random, timeMs);
  if (random.chance(0.1)) return random.pick(POISON);
  const town = random.chance(0.1) ? null : random.pick(CITIES);
  return Buffer.from(JSON.stringify({ begins: timeMs + random.below(60) - 20, town, guests: random.below(100) }));
}

/** Rows of a version of the lookup table. */
export function lookupRows(random: Random): ReadonlyMap<string, Readonly<Record<string, Value>>> {
  return new Map(
    CITIES.filter(() => random.chance(0.8)).map((city) => [
      city,
      { city, rank: random.chance(0.1) ? null : 1 + random.below(1000) },
    ]),
  );
}

/** A version of the model that trips are scored with. */
export function fareModel(random: Random, version: string): DrawnModel {
  const features = { city: CITIES.slice(0, 2), fare: null, rank: null, dear: ['true', 'false'], seats: null };
  return drawModel((below) => random.below(below), MODEL, version, features, null);
}
