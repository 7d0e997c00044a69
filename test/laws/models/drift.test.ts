import { definePipeline, field, lookup, model, running, sum, table, topic, tumbling } from '@bifold/core';
import type { Value } from '@bifold/core/engine';
import { executeQuery, parseQuery } from '@bifold/engine';
import { drift } from '@bifold/models';
import { driftOf, driftPlanOf, promoted, readModel } from '@bifold/models/engine';
import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { type DrawnModel, drawModel, fileOf, numberOf } from './models.ts';
import {
  AT,
  CITY,
  type Draw,
  drawsOf,
  FARE,
  ridesStep,
  SEATS,
  scoringWorld,
  scratchWhileTesting,
} from './scoring-world.ts';

/**
 * The drift of the merged view equals the drift of the records, for any batches, cuts and
 * promotions. The test takes every record, finds the version that scored its segment, and counts it
 * in that version's bins. The view must have the same counts.
 */

const SEGMENT_SIZE = 16;
const Ride = z.object({
  at: z.int(),
  city: z.string().nullable(),
  fare: z.number().nullable(),
  seats: z.int(),
  // Names that the view wants for itself.
  version: z.string().optional(),
  score: z.int().optional(),
});
const Place = z.object({ city: z.string(), rank: z.int().nullable() });
const PLACES = new Map<string, Readonly<Record<string, Value>>>([
  ['oslo', { city: 'oslo', rank: 2 }],
  ['rome', { city: 'rome', rank: null }],
]);
const rides = definePipeline({
  name: 'rides',
  from: topic('rides', {
    schema: Ride,
    schemaVersion: 1,
    partitionBy: 'seats',
    eventTime: { field: 'at', unit: 'ms' },
  }),
  lookups: { place: lookup(table('places', { schema: Place, key: 'city' }), { on: 'city' }) },
  derive: { dear: field('fare').gt(1), cheap: field('expected').lt(0) },
  scores: { expected: model('fares', { features: { rank: 'place.rank' } }) },
  where: field('seats').ne(2),
  groupBy: ['city'],
  windows: { ever: running() },
  aggregates: { total: sum('expected') },
  storage: { segmentSize: SEGMENT_SIZE, buckets: 2 },
});
const CATEGORIES = {
  city: ['oslo', 'rome', 'z\u{1f600}'],
  fare: null,
  rank: null,
  dear: ['true', 'false'],
  seats: null,
};
const drifting = drift(
  rides,
  { name: 'fares', features: Object.keys(CATEGORIES) },
  { windows: { tens: tumbling('10ms'), ever: running() } },
);
const { plan } = drifting;
const told = driftPlanOf(plan);
if (told === null) throw new Error('the plan tells no drift');

type Bins =
  | { type: 'number'; nulls: number; edges: number[]; counts: number[] }
  | { type: 'category'; nulls: number; values: string[]; counts: number[] };
interface Version {
  readonly drawn: DrawnModel;
  readonly distributions: { readonly features: readonly Bins[]; readonly score: Bins };
}

function drawBins(draw: Draw, categories: readonly string[] | null): Bins {
  const nulls = draw(3) * 5;
  if (categories !== null) {
    const values = categories.filter(() => draw(3) > 0);
    return { type: 'category', nulls, values, counts: Array.from({ length: values.length + 1 }, () => draw(60)) };
  }
  const all = [-200, -1, 0, 0.1, 0.5, 1, 1 + 2 ** -40, 2, 2.5, 3, 50];
  const edges = all.filter(() => draw(2) === 0);
  return { type: 'number', nulls, edges, counts: Array.from({ length: edges.length + 1 }, () => draw(60)) };
}

/** Compares the value with each edge. */
function placed(bins: Bins, value: Value): number | null {
  if (value === null) return null;
  if (bins.type === 'category') {
    const place = bins.values.indexOf(String(value));
    return place < 0 ? bins.values.length : place;
  }
  const number = Number(value);
  if (!Number.isFinite(number)) return null;
  let place = 0;
  for (const edge of bins.edges) if (number >= edge) place++;
  return place;
}

/** The textbook formula, over the bins and nulls. */
function psiByHand(then: readonly number[], now: readonly number[]): number {
  const share = (counts: readonly number[]) => {
    const total = counts.reduce((all, each) => all + each + 0.5, 0);
    return counts.map((each) => (each + 0.5) / total);
  };
  const [p, q] = [share(then), share(now)];
  const divergence = (one: readonly number[], two: readonly number[]) =>
    one.reduce((all, each, index) => all + each * Math.log(each / (two[index] as number)), 0);
  return divergence(p, q) + divergence(q, p);
}

const ride = fc.record({ at: AT, city: CITY, fare: FARE, seats: SEATS });
type RideEvent = ReturnType<typeof ride.generate>['value'];
const step = fc.oneof(
  { weight: 6, arbitrary: ridesStep(ride) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('promote' as const), seed: fc.nat() }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'recompute' as const }) },
);

const scratch = scratchWhileTesting();

it('what the merged view tells of each version is what its records tell, counted by hand', async () => {
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 12 }), async (steps) => {
      const world = await openWorld();
      for (const each of steps) {
        if (each.kind === 'rides') await world.send(each.partition, each.rides);
        else if (each.kind === 'promote') await world.promote(each.seed);
        else await world.recompute();
      }
      compared += await world.check();
      await world.recompute();
      compared += await world.check();
    }),
    { numRuns: 20 },
  );
  expect(compared).toBeGreaterThan(50);
});

async function openWorld() {
  const world = await scoringWorld(drifting, scratch(), PLACES);
  const { scope, answering, registry } = world;
  const versions = new Map<string, Version>();
  const sent: { readonly partition: number; readonly offset: number; readonly event: unknown }[] = [];

  /** All counts, by version and window start. */
  const byHand = async (window: 'tens' | 'ever') => {
    const bindings = await world.bindings();
    const rows = new Map<string, { records: number; features: number[][]; score: number[] }>();
    for (const { partition, offset, event } of sent) {
      if (typeof event !== 'object') continue;
      const { at, city, fare, seats } = event as RideEvent;
      if (seats === 2) continue;
      const name = bindings[partition]?.get(Math.floor(offset / SEGMENT_SIZE))?.get('model:fares') ?? '';
      const version = versions.get(name);
      if (version === undefined) continue;
      const values = {
        city,
        fare,
        rank: PLACES.get(city ?? '')?.rank ?? null,
        dear: fare === null ? null : fare > 1,
        seats,
      };
      const id = `${name}|${window === 'ever' ? null : Math.floor(at / 10) * 10}`;
      const { features, score } = version.distributions;
      const zeros = ({ counts }: Bins) => counts.map(() => 0);
      const row = rows.get(id) ?? { records: 0, features: features.map(zeros), score: zeros(score) };
      rows.set(id, row);
      row.records++;
      const count = (counts: number[], place: number | null) => {
        if (place !== null) counts[place] = (counts[place] as number) + 1;
      };
      Object.values(values).forEach((value, index) => {
        count(row.features[index] as number[], placed(features[index] as Bins, value));
      });
      count(row.score, placed(score, numberOf(version.drawn, values)));
    }
    return rows;
  };

  return {
    async send(partition: number, events: readonly unknown[]) {
      const records = await world.send(partition, events);
      records.forEach(({ offset }, index) => {
        sent.push({ partition, offset, event: events[index] });
      });
    },
    async promote(seed: number) {
      const draw = drawsOf(seed);
      const version = `v${versions.size}`;
      const drawn = drawModel(draw, 'fares', version, CATEGORIES, null);
      const distributions = {
        features: Object.values(CATEGORIES).map((categories) => drawBins(draw, categories)),
        score: drawBins(draw, null),
      };
      versions.set(version, { drawn, distributions });
      await world.promote('fares', version, { ...fileOf(drawn), distributions }, promoted);
    },
    recompute: world.recompute,
    /** Returns how many rows were compared. */
    async check(): Promise<number> {
      let compared = 0;
      for (const window of ['tens', 'ever'] as const) {
        const query = parseQuery(plan, { window, limit: 10_000 });
        const { rows } = await executeQuery(plan, scope, query, answering);
        const scored = rows.filter(({ key }) => key[told?.version as string] !== null);
        const expected = await byHand(window);
        expect(scored).toHaveLength(expected.size);
        for (const row of scored) {
          const version = String(row.key[told?.version as string]);
          const start = row.window.start === null ? null : Date.parse(row.window.start);
          const counted = expected.get(`${version}|${start}`);
          const bytes = await registry.read('fares', version, 'model.json', Number.MAX_SAFE_INTEGER);
          const report = driftOf(told as never, row, readModel(bytes as Uint8Array, 'fares', version));
          expect([report.version, report.records]).toEqual([version, counted?.records]);
          expect(report.drifts.map(({ feature }) => feature)).toEqual([null, ...Object.keys(CATEGORIES)]);
          const bins = versions.get(version)?.distributions;
          report.drifts.forEach((each, index) => {
            const now = (index === 0 ? counted?.score : counted?.features[index - 1]) as number[];
            const then = (index === 0 ? bins?.score : bins?.features[index - 1]) as Bins;
            expect(each.now).toEqual(now);
            const nulls = report.records - now.reduce((total, one) => total + one, 0);
            expect(each.nulls.now).toBeCloseTo(nulls / report.records, 12);
            const withNulls = then.nulls + nulls > 0;
            const psi = psiByHand(
              withNulls ? [...then.counts, then.nulls] : then.counts,
              withNulls ? [...now, nulls] : now,
            );
            if (then.nulls + then.counts.reduce((total, one) => total + one, 0) > 0)
              expect(each.psi).toBeCloseTo(psi, 10);
            else expect([each.psi, each.verdict]).toEqual([null, 'unknown']);
          });
          compared++;
        }
      }
      return compared;
    },
  };
}
