import { count, definePipeline, field, model, repartition, running, sum, topic, tumbling } from '@bifold/core';
import type { AnswerRow } from '@bifold/core/engine';
import { latestDrift } from '@bifold/engine';
import { drift } from '@bifold/models';
import {
  driftMeasures,
  driftOf,
  driftPlanOf,
  ksOf,
  type ModelFile,
  psiOf,
  rareChiSquare,
  readModel,
} from '@bifold/models/engine';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';

describe('measures of drift', () => {
  // By SciPy 1.17: entropy(p, q) + entropy(q, p) of the counts with half a record more each, and
  // ks_2samp of the numbers of the bins.
  it.each<[readonly number[], readonly number[], number, number]>([
    [[10, 20, 30, 40], [10, 20, 30, 40], 0, 0],
    [[100, 100, 100, 100], [90, 110, 105, 95], 0.006205423456881723, 0.025],
    [[50, 30, 20], [20, 30, 50], 0.532935044415932, 0.3],
    [[0, 5, 95], [95, 5, 0], 9.831841885013397, 0.95],
    [[7], [3], 0, 0],
    [[142, 0, 1, 17, 5, 60], [1, 2, 3, 4, 5, 600], 4.552794251486118, 0.7089430894308943],
  ])('of %j and %j are those of SciPy', (then, now, psi, ks) => {
    expect(psiOf(then, now)).toBeCloseTo(psi, 12);
    expect(ksOf(then, now)).toBeCloseTo(ks, 12);
  });

  // chi2.ppf(0.999, k)
  it.each([
    [1, 10.827566170662733],
    [2, 13.815510557964274],
    [5, 20.515005652432873],
    [20, 45.31474661812586],
  ])('chi-square of %i degrees is as rare as it says, within 4 %%', (degrees, exact) => {
    expect(Math.abs(rareChiSquare(degrees) / exact - 1)).toBeLessThan(0.04);
  });

  it('count nulls as a bin of the PSI, and not for the KS', () => {
    const { psi, ks, nulls } = driftMeasures({ nulls: 0, counts: [50, 50] }, { nulls: 50, counts: [25, 25] }, true);
    expect(psi).toBeCloseTo(psiOf([50, 50, 0], [25, 25, 50]), 12);
    expect([ks, nulls]).toEqual([0, { trained: 0, now: 0.5 }]);
  });

  it('have no KS of categories, and nothing of nothing', () => {
    expect(driftMeasures({ nulls: 0, counts: [5, 5] }, { nulls: 0, counts: [9, 1] }, false).ks).toBeNull();
    const nothing = { psi: null, psiByChance: null, ks: null, ksByChance: null, verdict: 'unknown' };
    expect(driftMeasures({ nulls: 0, counts: [5, 5] }, { nulls: 0, counts: [0, 0] }, true)).toMatchObject(nothing);
    expect(driftMeasures({ nulls: 0, counts: [0] }, { nulls: 0, counts: [5] }, true)).toMatchObject(nothing);
    expect(driftMeasures({ nulls: 0, counts: [5, 5] }, { nulls: 9, counts: [0, 0] }, true)).toMatchObject({ ks: null });
  });

  it.each<[string, readonly number[], object | undefined]>([
    ['stable', [1_050, 950], undefined],
    ['moved', [1_400, 600], undefined],
    ['drifted', [1_600, 400], undefined],
    ['drifted', [1_400, 600], { moved: 0.05, drifted: 0.1 }],
    ['stable', [1_400, 600], { moved: 0.3, drifted: 0.4 }],
    // As far away as the second, of ten records.
    ['stable', [7, 3], undefined],
  ])('say "%s" of %j against as many of each', (verdict, counts, thresholds) => {
    const measures = driftMeasures(
      { nulls: 0, counts: [1_000, 1_000] },
      { nulls: 0, counts },
      true,
      thresholds as never,
    );
    expect(measures.verdict).toBe(verdict);
  });
});

const Ride = z.object({
  at: z.int(),
  city: z.string(),
  fare: z.number().nullable(),
  version: z.string(),
  score: z.int(),
});
const scored = definePipeline({
  name: 'rides',
  from: topic('rides', {
    schema: Ride,
    schemaVersion: 1,
    partitionBy: 'city',
    eventTime: { field: 'at', unit: 'ms' },
  }),
  derive: { dear: field('fare').gt(2), records: field('expected').gt(5) },
  scores: { expected: model('fares', { missing: 'wait', features: { 'plane.seats': 'score' } }) },
  where: field('records'),
  groupBy: ['city'],
  windows: { ever: running() },
  aggregates: { total: sum('expected') },
  storage: { segmentSize: 32 },
});
const fares = { name: 'fares', features: ['fare', { field: 'plane.seats' }, 'records', 'plane_seats'] };
const drifting = drift(scored, fares);

describe('a pipeline that counts drift', () => {
  const { plan } = drifting;

  it('takes the same records as the one that scores, in windows and rows of its own', () => {
    expect(plan).toMatchObject({ name: 'rides-drift', topic: 'rides', storage: { segmentSize: 32 } });
    for (const part of ['columns', 'derived', 'where', 'partitionBy', 'eventTime'] as const)
      expect(plan[part]).toEqual(scored.plan[part]);
    expect(plan.windows.map(({ name }) => name)).toEqual(['daily', 'ever']);
    expect(plan.models).toMatchObject([{ name: 'fares', missing: 'wait', features: { 'plane.seats': 'score' } }]);
    expect(plan.version).not.toBe(scored.plan.version);
    expect(Object.isFrozen(plan.aggregates[0])).toBe(true);
  });

  it('gives what it counts names that nobody else has', () => {
    expect(plan.groupBy).toEqual(['version_2']);
    expect(driftPlanOf(plan)).toEqual({
      model: 'fares',
      version: 'version_2',
      records: 'records',
      bins: [
        { aggregate: 'score', feature: null },
        { aggregate: 'fare', feature: 'fare' },
        { aggregate: 'plane_seats', feature: 'plane.seats' },
        { aggregate: 'records_2', feature: 'records' },
        { aggregate: 'plane_seats_2', feature: 'plane_seats' },
      ],
    });
  });

  it('takes a name, windows and storage of its own', () => {
    const own = drift(scored, fares, { name: 'watched', windows: { hourly: tumbling('1h') }, storage: { buckets: 1 } });
    expect(own.plan).toMatchObject({ name: 'watched', storage: { segmentSize: 32, buckets: 1 } });
    expect(own.plan.windows.map(({ name }) => name)).toEqual(['hourly']);
  });

  it('has a relay of its own where other topics make the log', () => {
    const moved = definePipeline({
      name: 'moved',
      from: repartition(
        topic('rides', { schema: Ride, schemaVersion: 1, partitionBy: 'city', eventTime: { field: 'at', unit: 'ms' } }),
        { by: 'score' },
      ),
      scores: { expected: model('fares') },
      groupBy: ['city'],
      windows: { ever: running() },
      aggregates: { total: sum('expected') },
    });
    const own = drift(moved, { name: 'fares', features: ['fare'] });
    expect(own.plan.relay).toEqual(moved.plan.relay);
    expect([own.plan.topic, own.schemas]).toEqual([expect.stringMatching(/^moved-drift-relay-/), moved.schemas]);
  });

  it('is refused where the model does not score, and where an option is none', () => {
    const refused = (code: string) => expect.objectContaining({ code });
    expect(() => drift(scored, { name: 'wages', features: ['fare'] })).toThrow(refused('BIFOLD_NOT_SCORED'));
    expect(() => drift(scored, fares, { window: {} } as never)).toThrow(refused('BIFOLD_UNKNOWN_OPTION'));
  });

  it('is known by its key, its count and its histograms', () => {
    expect(driftPlanOf(scored.plan)).toBeNull();
    const byHand = definePipeline({
      name: 'by-hand',
      from: topic('rides', {
        schema: Ride,
        schemaVersion: 1,
        partitionBy: 'city',
        eventTime: { field: 'at', unit: 'ms' },
      }),
      scores: { by: model('fares', { output: 'version' }), bin: model('fares', { output: 'bin', of: 'fare' }) },
      groupBy: ['by'],
      windows: { ever: running() },
      aggregates: { n: count() },
    });
    expect(driftPlanOf(byHand.plan)).toEqual({ model: 'fares', version: 'by', records: 'n', bins: [] });
  });
});

const distributions = {
  features: [{ type: 'number', nulls: 10, edges: [1, 2.5], counts: [30, 30, 30] }],
  score: { type: 'category', nulls: 0, values: ['dear'], counts: [40, 10] },
};
const file = (change: object = {}): object => ({
  ...{
    format: 1,
    name: 'fares',
    version: 'v1',
    task: 'classification',
    classes: ['cheap', 'dear'],
    featurePlan: 'plan',
  },
  features: [{ field: 'fare', type: 'number', impute: 0, mean: 0, scale: 1 }],
  model: { kind: 'linear', coefficients: [[1]], intercepts: [0] },
  distributions,
  ...change,
});
const bytesOf = (value: object) => Buffer.from(JSON.stringify(value));
const read = (value: object): ModelFile => readModel(bytesOf(value), 'fares', 'v1');

describe('distributions in a version', () => {
  const changed = (part: 'features' | 'score', change: object) => ({
    distributions: {
      ...distributions,
      ...(part === 'score'
        ? { score: { ...distributions.score, ...change } }
        : { features: [{ ...distributions.features[0], ...change }] }),
    },
  });

  it('are read as training writes them, and may be absent', () => {
    expect(read(file()).distributions).toEqual(distributions);
    expect(read(file({ distributions: undefined })).distributions).toBeUndefined();
  });

  it.each<[string, object]>([
    ['of fewer features', { distributions: { ...distributions, features: [] } }],
    ['without scores', { distributions: { features: distributions.features } }],
    ['with edges in disorder', changed('features', { edges: [2.5, 1] })],
    ['with too few counts', changed('features', { counts: [1, 2] })],
    ['with counts that are none', changed('features', { counts: [1, -2, 3] })],
    ['with half a null', changed('features', { nulls: 0.5 })],
    ['of an unknown type', changed('score', { type: 'text' })],
    ['with a value twice', changed('score', { values: ['a', 'a'], counts: [1, 2, 3] })],
    [
      'of more bins than are counted',
      changed('score', { values: Array.from({ length: 20 }, (_, one) => one), counts: Array(21).fill(1) }),
    ],
  ])('are refused %s', (_, change) => {
    expect(() => read(file(change))).toThrow(expect.objectContaining({ code: 'BIFOLD_MODEL_DAMAGED' }));
  });
});

describe('a report of drift', () => {
  const watched = drift(scored, { name: 'fares', features: ['fare'] });
  const zeros = (counts: readonly number[]) => [...counts, ...Array(20 - counts.length).fill(0)];
  const row = (start: string, fare: readonly number[], score: readonly number[], version = 'v1'): AnswerRow => ({
    key: { version_2: version },
    window: { name: 'daily', start, end: null },
    values: { records: 1_000, fare: zeros(fare), score: zeros(score) },
  });
  const [older, newer] = [
    row('2026-11-21T00:00:00.000Z', [300, 300, 300], [800, 200]),
    row('2026-11-22T00:00:00.000Z', [10, 90, 900], [790, 210]),
  ];
  const ports = (current: string | null, rows: readonly AnswerRow[], held: object = file()) => {
    const asked: unknown[] = [];
    return {
      asked,
      registry: {
        readPointer: async () => ({ generation: 1, current, previous: null, challenger: null }),
        read: async (_: string, version: string) => bytesOf({ ...held, version }),
      },
      ask: async (question: unknown) => {
        asked.push(question);
        return rows;
      },
    };
  };

  it('holds each feature and the score against the version that the row names', () => {
    const plan = driftPlanOf(watched.plan);
    if (plan === null) throw new Error('no drift is told');
    const report = driftOf(plan, newer, read(file()));
    expect(report).toMatchObject({
      ...{ model: 'fares', version: 'v1', records: 1_000, verdict: 'drifted', rows: { features: 100, score: 50 } },
      drifts: [
        { feature: null, type: 'category', bins: ['dear'], trained: [40, 10], now: [790, 210], verdict: 'stable' },
        { feature: 'fare', type: 'number', bins: [1, 2.5], now: [10, 90, 900], nulls: { trained: 0.1, now: 0 } },
      ],
    });
    expect(driftOf(plan, older, read(file())).verdict).toBe('stable');
  });

  it('is of the newest window of the current version, unless a range is asked for', async () => {
    const open = ports('v1', [newer, older]);
    expect((await latestDrift(watched.plan, open))?.report?.window.start).toBe('2026-11-22T00:00:00.000Z');
    await latestDrift(watched.plan, open, { version: 'v0', window: 'ever' });
    await latestDrift(watched.plan, open, { from: '2026-11-21T00:00:00Z' });
    expect(open.asked).toEqual([
      { window: 'daily', keys: [{ version_2: 'v1' }] },
      { window: 'ever', keys: [{ version_2: 'v0' }] },
      { window: 'daily', keys: [{ version_2: 'v1' }], from: '2026-11-21T00:00:00Z', total: true },
    ]);
  });

  it('says why there is none', async () => {
    const reason = async (...given: Parameters<typeof ports>) =>
      (await latestDrift(watched.plan, ports(...given)))?.reason;
    expect(await reason(null, [])).toBe('no-version');
    expect(await reason('v1', [])).toBe('nothing-scored');
    expect(await reason('v1', [older], file({ distributions: undefined }))).toBe('no-distributions');
    expect(await reason('v1', [older])).toBeNull();
    expect(await latestDrift(scored.plan, ports('v1', [older]))).toBeNull();
  });
});
