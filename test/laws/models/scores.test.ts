import {
  count,
  definePipeline,
  field,
  lookup,
  max,
  mean,
  model,
  running,
  sum,
  table,
  topic,
  tumbling,
} from '@bifold/core';
import {
  type Answer,
  bindingNameOf,
  interpret,
  type LogRecord,
  type ResolveLookup,
  replayAnswer,
  rowAlgebrasOf,
  type Slots,
  slotIndex,
  type Value,
  withModels,
} from '@bifold/core/engine';
import { executeQuery, parseQuery } from '@bifold/engine';
import { challenged, promoted } from '@bifold/models/engine';
import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { classOf, type DrawnModel, drawModel, fileOf, numberOf } from './models.ts';
import { AT, CITY, drawsOf, FARE, ridesStep, SEATS, scoringWorld, scratchWhileTesting } from './scoring-world.ts';

/**
 * Rule 13: the functions' own bodies, with DuckDB as the batch layer's engine, over a log in the
 * middle of which models are promoted. Every answer must be what one plain fold gives that scores
 * by itself, each record with the version that its segment is bound to.
 */

const Ride = z.object({
  at: z.int(),
  city: z.string().nullable(),
  fare: z.number().nullable(),
  seats: z.int(),
  paid: z.boolean().nullable(),
});
const City = z.object({ city: z.string(), rank: z.int().nullable(), kind: z.string() });
const SEGMENT_SIZE = 16;

const rides = definePipeline({
  name: 'scored-rides',
  from: topic('rides', {
    schema: Ride,
    schemaVersion: 1,
    partitionBy: 'seats',
    eventTime: { field: 'at', unit: 'ms' },
  }),
  lookups: { place: lookup(table('places', { schema: City, key: 'city' }), { on: 'city' }) },
  derive: {
    late: field('expected').gt(3),
    dear: field('fare').gt(1),
    sureAndLate: field('late').and(field('sure').gt(2)),
  },
  scores: {
    expected: model('fares', { features: { rank: 'place.rank' } }),
    grade: model('grades', { output: 'text' }),
    sure: model('grades', { output: 'probability' }),
    challenger: model('fares', { features: { rank: 'place.rank' }, shadow: true }),
  },
  where: field('grade').ne('bad').or(field('grade').isNull()),
  groupBy: ['city', 'grade'],
  windows: { tens: tumbling('10ms'), ever: running() },
  aggregates: {
    n: count(),
    lates: count({ where: 'late' }),
    sureAndLates: count({ where: 'sureAndLate' }),
    expected: mean('expected'),
    total: sum('expected'),
    dearTotal: sum('expected', { where: 'dear' }),
    surest: max('sure'),
    challenged: sum('challenger'),
  },
  storage: { segmentSize: SEGMENT_SIZE, buckets: 2 },
});
const { plan } = rides;
const FEATURES = {
  fares: { city: ['oslo', 'rome', 'z\u{1f600}'], fare: null, rank: null, dear: ['true', 'false'], seats: null },
  grades: { 'place.kind': ['port', 'hill'], seats: ['0', '1', '2'], paid: null, at: null },
} as const;
const CLASSES = { fares: null, grades: ['bad', 'fair', 'good'] } as const;
type Name = keyof typeof FEATURES;
const PLACES = new Map<string, Readonly<Record<string, Value>>>([
  ['oslo', { city: 'oslo', rank: 2, kind: 'port' }],
  ['rome', { city: 'rome', rank: null, kind: 'hill' }],
]);

const ride = fc.record({ at: AT, city: CITY, fare: FARE, seats: SEATS, paid: fc.option(fc.boolean(), { freq: 5 }) });
const step = fc.oneof(
  { weight: 6, arbitrary: ridesStep(ride) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('promote' as const),
      name: fc.constantFrom<Name>('fares', 'grades'),
      seed: fc.nat(),
      shadow: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'forget' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'recompute' as const }) },
);

const scratch = scratchWhileTesting();

it('speed, batch and as-of answers equal a plain fold that scores by itself, promotions in the middle or not', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
      const world = await openWorld();
      for (const each of steps) {
        if (each.kind === 'rides') await world.send(each.partition, each.rides);
        else if (each.kind === 'promote') await world.promote(each.name, each.seed, each.shadow);
        else if (each.kind === 'forget') world.forget();
        else await world.recompute();
      }
      await world.check();
      // All of the log is the batch layer's in the end, as far as whole segments reach.
      await world.recompute();
      await world.check();
    }),
    // A failure is shrunk for a while, then reported.
    { numRuns: 25 },
  );
});

async function openWorld() {
  const world = await scoringWorld(rides, scratch(), PLACES);
  const { scope, answering } = world;
  const drawn = new Map<string, DrawnModel>();
  const history: LogRecord[] = [];

  /** The scores of each record's bound version, computed by the test itself. */
  const bound = async (): Promise<(partition: number, offset: number) => ResolveLookup> => {
    const bindings = await world.bindings();
    const index = slotIndex(plan);
    return (partition, offset) => {
      const names = bindings[partition]?.get(Math.floor(offset / SEGMENT_SIZE));
      const models = (plan.models ?? []).map((own) => {
        const version = names?.get(bindingNameOf(own));
        const found = drawn.get(`${own.name}|${version}`);
        if (found === undefined) return null;
        const recordOf = (slots: Slots) =>
          Object.fromEntries(
            found.features.map(({ field }) => [
              field,
              slots[index.get(own.features[field] ?? field) as number] as Value,
            ]),
          );
        return {
          score: (slots: Slots): readonly Value[] =>
            own.name === 'fares' ? [numberOf(found, recordOf(slots))] : classOf(found, recordOf(slots)),
        };
      });
      return withModels((_, key) => PLACES.get(key) ?? null, models);
    };
  };

  return {
    async send(partition: number, values: readonly unknown[]) {
      history.push(...(await world.send(partition, values)));
    },
    async promote(name: Name, seed: number, shadow: boolean) {
      const version = `v${drawn.size}`;
      const own = drawModel(drawsOf(seed), name, version, FEATURES[name], CLASSES[name]);
      drawn.set(`${name}|${version}`, own);
      await world.promote(name, version, fileOf(own), shadow ? challenged : promoted);
    },
    forget: world.forget,
    recompute: world.recompute,
    async check() {
      const { view } = rowAlgebrasOf(plan);
      const lookups = await bound();
      for (const window of ['tens', 'ever']) {
        const answer: Answer = await executeQuery(plan, scope, parseQuery(plan, { window, limit: 10_000 }), answering);
        const folded = await interpret(rides, history, answer.receipt.coverage, lookups);
        const expected = [...folded.rows.values()]
          .filter((row) => row.window === window)
          .map(({ key, startMs, states }) =>
            JSON.stringify([key, window === 'ever' ? null : startMs, view.present(states)]),
          );
        const given = answer.rows.map(({ key, window: { start }, values }) =>
          JSON.stringify([
            JSON.stringify(plan.groupBy.map((name) => key[name])),
            start === null ? null : Date.parse(start),
            values,
          ]),
        );
        expect(given.sort()).toEqual(expected.sort());
        const { receipt } = answer;
        const again = await replayAnswer(
          rides,
          { query: parseQuery(plan, { ...receipt.question }), receipt, rows: answer.rows },
          history,
          lookups,
        );
        expect(JSON.stringify(again)).toBe(JSON.stringify(answer));
        const covered = history.filter(({ partition, offset }) =>
          (receipt.coverage[partition] ?? []).some(([from, to]) => offset >= from && offset < to),
        );
        const bindings = await world.bindings();
        const versions = covered.map(({ partition, offset }) =>
          bindings[partition]?.get(Math.floor(offset / SEGMENT_SIZE))?.get('model:fares'),
        );
        expect(receipt.models?.expected).toEqual([...new Set(versions)].sort());
      }
    },
  };
}
