import { memoryBucket, memoryDatabase, memoryModelPointers, modelRegistry } from '@bifold/adapters';
import { count, definePipeline, field, lookup, mean, model, table, topic, tumbling } from '@bifold/core';
import {
  bindingNameOf,
  boundModels,
  foldOf,
  type ModelRegistry,
  type Plan,
  segmentEnd,
  slotIndex,
  type Value,
  withModels,
} from '@bifold/core/engine';
import { bindModels, coldModels, type RefusedVersion } from '@bifold/engine';
import { challenged, fitModel, type ModelFile, NOTHING_PROMOTED, promoted, rolledBack } from '@bifold/models/engine';
import { delaysExpected } from '@bifold/pipelines';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { store } from '../laws/models.ts';

const Ride = z.object({ at: z.int(), city: z.string(), fare: z.number().nullable(), tags: z.array(z.string()) });
const Place = z.object({ city: z.string(), rank: z.int() });
const rides = topic('rides', {
  schema: Ride,
  schemaVersion: 1,
  partitionBy: 'city',
  eventTime: { field: 'at', unit: 'ms' },
});
const base = {
  name: 'base',
  from: rides,
  lookups: { place: lookup(table('places', { schema: Place, key: 'city' }), { on: 'city' }) },
  groupBy: ['city'],
  windows: { tens: tumbling('10ms') },
} as const;
const scored = definePipeline({
  ...base,
  derive: {
    high: field('expected').gt(5),
    dear: field('fare').gt(2),
    highest: field('high').eq(true).and(field('dear').eq(true)),
  },
  scores: { expected: model('fares', { features: { rank: 'place.rank' } }) },
  where: field('expected').ne(-1).or(field('expected').isNull()),
  aggregates: { n: count({ where: 'highest' }), expected: mean('expected') },
});

/** `2 fare + rank`, where a missing fare counts as 10. */
const linear = (version: string, change: object = {}): object => ({
  ...{ format: 1, name: 'fares', version, task: 'regression', classes: null, featurePlan: 'plan' },
  features: [
    { field: 'fare', type: 'number', impute: 10, mean: 0, scale: 1 },
    { field: 'rank', type: 'number', impute: 0, mean: 0, scale: 1 },
  ],
  model: { kind: 'linear', coefficients: [[2, 1]], intercepts: [0] },
  ...change,
});
const read = (file: object): ModelFile => file as ModelFile;
const slotOf = ({ plan }: { plan: Plan }) => {
  const index = slotIndex(plan);
  return (name: string) => index.get(name) as number;
};
const fitted = (pipeline: { plan: Plan }, file: object) =>
  fitModel(pipeline.plan, pipeline.plan.models?.[0] as never, read(file), slotOf(pipeline));

describe('a pipeline that scores', () => {
  const fold = foldOf(scored);
  const enriched = (values: Readonly<Record<string, Value>>, models: Parameters<typeof withModels>[1] | null) => {
    const resolve = (_: number, key: string) => (key === 'oslo' ? { city: 'oslo', rank: 3 } : null);
    const columns = scored.plan.columns.map(({ name }) => values[name] ?? null);
    const [slots] = fold.enrich(columns, models === null ? resolve : withModels(resolve, models));
    const names = ['dear', 'expected', 'high', 'highest'];
    return slots === undefined ? null : Object.fromEntries(names.map((name) => [name, slots[slotOf(scored)(name)]]));
  };
  const models = [fitted(scored, linear('v1'))];

  it('fills its columns between the derived columns that it may read and those that read it', () => {
    expect(scored.plan.derived.map(({ name }) => name)).toEqual(['dear', 'high', 'highest']);
    expect(enriched({ city: 'oslo', fare: 2.5 }, models)).toEqual({
      dear: true,
      expected: 8,
      high: true,
      highest: true,
    });
    expect(enriched({ city: 'rome', fare: null }, models)).toMatchObject({ dear: null, expected: 20, high: true });
  });

  it('leaves them null while there is no version, and holds conditions on scores against the score', () => {
    expect(enriched({ city: 'oslo', fare: 2.5 }, [null])).toMatchObject({ expected: null, high: null });
    expect(enriched({ city: 'rome', fare: -0.5 }, models)).toBeNull();
  });

  it('folds nothing without being told its versions', () => {
    expect(() => enriched({ city: 'oslo' }, null)).toThrow(
      expect.objectContaining({
        code: 'BIFOLD_MODELS_NOT_BOUND',
        explanation: {
          failed: expect.stringContaining('cannot be folded'),
          received: 'a segment without models',
          allowed: expect.stringContaining('the version that the segment is bound to'),
          remedy: expect.stringContaining('report it'),
        },
      }),
    );
  });

  it('shows only what a number may be: finite, and never -0', () => {
    const score = (coefficient: number, fare: number) =>
      enriched({ city: 'rome', fare }, [
        fitted(scored, linear('v', { model: { kind: 'linear', coefficients: [[coefficient, 0]], intercepts: [-0] } })),
      ])?.expected;
    expect(score(1e308, 1e308)).toBeNull();
    expect(Object.is(score(-1, 0), 0)).toBe(true);
  });

  it('is another version than one without the score', () => {
    const plain = definePipeline({ ...base, aggregates: { n: count() } });
    const withScore = definePipeline({ ...base, scores: { expected: model('fares') }, aggregates: { n: count() } });
    expect(plain.plan).not.toHaveProperty('models');
    expect(withScore.plan.version).not.toBe(plain.plan.version);
  });
});

describe('delays-expected', () => {
  const { plan } = delaysExpected;
  const fold = foldOf(delaysExpected);
  const index = slotIndex(plan);
  const shown = (expected: (hour: Value) => number | null) => {
    const { view } = fold.rows;
    const states = [...view.empty];
    const departures = [
      { at: Date.parse('2013-01-01T06:30:00Z'), dep_time: 640, dep_delay: 10 },
      { at: Date.parse('2013-01-01T18:00:00Z'), dep_time: 1801, dep_delay: 1 },
      { at: Date.parse('2013-01-01T18:00:00Z'), dep_time: null, dep_delay: null },
    ];
    departures.forEach((departure, offset) => {
      const record: Record<string, Value> = { ...departure, carrier: 'UA', origin: 'EWR', dest: 'IAH' };
      const score = (slots: readonly Value[]) => [expected(slots[index.get('hour') as number] as Value)];
      const columns = plan.columns.map(({ name }) => record[name] ?? null);
      const [slots] = fold.enrich(
        columns,
        withModels(() => null, [{ score }]),
      );
      if (slots) fold.addTo(states, slots, { timeMs: departure.at, partition: 0, offset });
    });
    return view.present(states);
  };

  it('expects nothing while there is no version, and counts all else', () => {
    expect(shown(() => null)).toEqual({ flights: 3, meanDelay: 5.5, expectedDelay: null, meanLater: null });
  });

  it('holds what was expected of each flight against what came', () => {
    expect(shown((hour) => (hour === 6 ? 4 : 2))).toEqual({
      flights: 3,
      meanDelay: 5.5,
      expectedDelay: 8 / 3,
      meanLater: 2.5,
    });
  });
});

describe('a version that is not made for a pipeline', () => {
  const classes = { task: 'classification', classes: ['dear', 'cheap'] };
  const classifier = (output: object) =>
    definePipeline({ ...base, scores: { grade: model('fares', output as never) }, aggregates: { n: count() } });
  const numbers = { features: [{ field: 'fare', type: 'number', impute: 0, mean: 0, scale: 1 }] };

  it.each<[string, { plan: Plan }, object, string]>([
    ['reads a field that is not there', scored, { features: [{ ...numbers.features[0], field: 'age' }] }, '"age"'],
    ['reads a text as a number', scored, { features: [{ ...numbers.features[0], field: 'city' }] }, '"city" (text)'],
    [
      'reads a double as a category',
      scored,
      { features: [{ field: 'fare', type: 'category', impute: null, categories: ['1'] }] },
      '"fare" (double)',
    ],
    [
      'reads a list',
      scored,
      { features: [{ field: 'tags', type: 'category', impute: null, categories: ['1'] }] },
      '"tags" (json)',
    ],
    ['reads what comes after scoring', scored, { features: [{ ...numbers.features[0], field: 'high' }] }, '"high"'],
    ['tells classes apart where a number is wanted', scored, classes, 'a classification'],
    ['gives a number where a class is wanted', classifier({ output: 'text' }), numbers, 'a regression'],
    [
      'gives texts where whole numbers are wanted',
      classifier({ output: 'integer' }),
      { ...numbers, ...classes },
      '"dear"',
    ],
    [
      'lacks the class of a probability',
      classifier({ output: 'probability', of: 'fair' }),
      { ...numbers, ...classes },
      '"fair"',
    ],
  ])('%s', (_, pipeline, change, named) => {
    const fit = () => fitted(pipeline, linear('v1', change));
    expect(fit).toThrow(expect.objectContaining({ code: 'BIFOLD_MODEL_UNFIT' }));
    expect(fit).toThrow(named);
  });
});

describe('the version of a segment', () => {
  const open = () => {
    const bindings = memoryDatabase().bindingStore({ version: scored.plan.version, topicId: 'i' });
    const models = modelRegistry(memoryBucket(), memoryModelPointers());
    const refused: RefusedVersion[] = [];
    const ports = { bindings, models, onRefused: (each: RefusedVersion) => refused.push(each) };
    const bound = async (segment: number, warm = coldModels(), plan: Plan = scored.plan) =>
      (await bindModels(plan, 0, [segment], ports, warm)).get(segment)?.[0]?.version ?? null;
    return { bindings, models, refused, bound };
  };
  const promote = async (models: ModelRegistry, version: string, file: object | null) => {
    if (file !== null) await store(models, 'fares', version, file);
    const pointer = await models.readPointer('fares');
    await models.movePointer('fares', pointer, promoted(pointer, version));
  };

  it('is the current one when it is first folded, and stays', async () => {
    const { bindings, models, bound } = open();
    expect(await bound(0)).toBeNull();
    await promote(models, 'v1', linear('v1'));
    expect([await bound(0), await bound(1)]).toEqual([null, 'v1']);
    await promote(models, 'v2', linear('v2'));
    expect([await bound(1), await bound(2)]).toEqual(['v1', 'v2']);
    const pointer = await models.readPointer('fares');
    await models.movePointer('fares', pointer, rolledBack('fares', pointer));
    expect([await bound(2), await bound(3)]).toEqual(['v2', 'v1']);
    const versions = await bindings.list(0, 0, null);
    expect([...versions.values()].map((names) => names.get('model:fares'))).toEqual(['none', 'v1', 'v2', 'v1']);
  });

  it.each<[string, object | null, string]>([
    ['missing', null, 'BIFOLD_MODEL_MISSING'],
    ['damaged', linear('v2', { model: { kind: 'linear', coefficients: [], intercepts: [0] } }), 'BIFOLD_MODEL_DAMAGED'],
    ['foreign', linear('v1'), 'BIFOLD_MODEL_FOREIGN'],
    [
      'made for something else',
      linear('v2', {
        features: [{ field: 'age', type: 'number', impute: 0, mean: 0, scale: 1 }],
        model: { kind: 'linear', coefficients: [[1]], intercepts: [0] },
      }),
      'BIFOLD_MODEL_UNFIT',
    ],
    ['of another format', linear('v2', { format: 9 }), 'BIFOLD_MODEL_FORMAT'],
  ])('is the last good one while the current one is %s, and that is told', async (_, file, code) => {
    const { models, refused, bound } = open();
    const warm = coldModels();
    await promote(models, 'v1', linear('v1'));
    expect(await bound(0, warm)).toBe('v1');
    await promote(models, 'v2', file);
    expect(await bound(1, warm)).toBe('v1');
    expect(await bound(2)).toBe('v1');
    expect(refused.map(({ model: name, version, used, error }) => [name, version, used, error.code])).toEqual(
      Array.from({ length: 2 }, () => ['fares', 'v2', 'v1', code]),
    );
    await promote(models, 'v3', linear('v3'));
    expect(await bound(3, warm)).toBe('v3');
  });

  it('is none while no version is good; or the records wait, where the definition says so', async () => {
    const { bindings, models, refused, bound } = open();
    const waiting = definePipeline({
      ...base,
      scores: { expected: model('fares', { features: { rank: 'place.rank' }, missing: 'wait' }) },
      aggregates: { n: count() },
    });
    const waits = expect.objectContaining({ code: 'BIFOLD_MODEL_WITHOUT_VERSION' });
    await expect(bound(0, coldModels(), waiting.plan)).rejects.toEqual(waits);
    await promote(models, 'v1', null);
    await expect(bound(0, coldModels(), waiting.plan)).rejects.toEqual(waits);
    expect((await bindings.list(0, 0, null)).size).toBe(0);
    expect(await bound(0)).toBeNull();
    expect(refused.at(-1)).toMatchObject({ version: 'v1', used: null });
    await promote(models, 'v2', linear('v2'));
    expect(await bound(1, coldModels(), waiting.plan)).toBe('v2');
  });

  it('of a column in shadow is the challenger, and no other', async () => {
    const { models, bound } = open();
    const shadow = definePipeline({
      ...base,
      scores: { expected: model('fares', { features: { rank: 'place.rank' }, shadow: true }) },
      aggregates: { n: count() },
    });
    await promote(models, 'v1', linear('v1'));
    expect(await bound(0, coldModels(), shadow.plan)).toBeNull();
    await store(models, 'fares', 'v2', linear('v2'));
    const pointer = await models.readPointer('fares');
    await models.movePointer('fares', pointer, challenged(pointer, 'v2'));
    expect(await bound(1, coldModels(), shadow.plan)).toBe('v2');
    expect(await bound(1)).toBe('v1');
    expect(bindingNameOf(shadow.plan.models?.[0] as never)).toBe('model:fares:shadow');
  });

  it('is named by the receipt, for every segment that it covers', () => {
    const end = (segment: number) => segmentEnd(segment, scored.plan.storage.segmentSize);
    const bindings = new Map([
      [0, new Map([['model:fares', 'v1']])],
      [
        1,
        new Map([
          ['model:fares', 'v2'],
          ['place', 'p1'],
        ]),
      ],
      [2, new Map([['model:fares', 'v3']])],
    ]);
    const byPartition = new Map([['0', bindings]]);
    const versions = (from: number, to: number) =>
      boundModels(scored.plan, { 0: [[from, to]], 1: [[0, 9]] }, byPartition);
    expect(versions(0, end(0))).toEqual({ expected: ['v1'] });
    expect(versions(0, end(0) + 1)).toEqual({ expected: ['v1', 'v2'] });
    expect(versions(end(1), end(2))).toEqual({ expected: ['v3'] });
  });
});

it('the pointer of a model goes forward, also back', () => {
  const first = promoted(NOTHING_PROMOTED, 'v1');
  expect(() => rolledBack('fares', first)).toThrow(expect.objectContaining({ code: 'BIFOLD_MODEL_NO_PREVIOUS' }));
  const second = promoted(challenged(first, 'v2'), 'v2');
  expect(second).toEqual({ generation: 3, current: 'v2', previous: 'v1', challenger: null });
  expect(rolledBack('fares', second)).toEqual({ generation: 4, current: 'v1', previous: 'v2', challenger: null });
});
