import { count, definePipeline, field, running, topic } from '@bifold/core';
import { describe, expect, it } from '@jest/globals';
import * as z from 'zod';
import { learnsFromArchive } from '../engine.ts';
import { category, defineModel, gradientBoosting, linear, logistic, numeric, randomForest } from '../index.ts';

const people = topic('people', {
  schema: z.object({ id: z.int(), at: z.iso.datetime(), age: z.int().nullable(), city: z.string() }),
  schemaVersion: 1,
  partitionBy: 'id',
  eventTime: 'at',
});
const pipeline = definePipeline({
  name: 'people',
  from: people,
  derive: { old: field('age').gt(45) },
  groupBy: ['id'],
  windows: { all: running() },
  aggregates: { n: count() },
});

const good = {
  name: 'wage',
  from: pipeline,
  features: ['age', category('city', { impute: 'mostFrequent' }), 'old'],
  target: 'wage',
  task: 'regression',
  estimator: randomForest({ trees: 50 }),
  grid: { maxDepth: [4, 8] },
} as const;

describe('a definition of a model', () => {
  it('is frozen plain data, with what was left out decided', () => {
    const model = defineModel(good);
    expect(model).toMatchObject({ folds: 5, split: 'time', heldOutShare: 0.2, seed: 1, plan: { name: 'people' } });
    expect(model.features).toEqual([
      { field: 'age', type: null },
      { field: 'city', type: 'category', impute: 'mostFrequent' },
      { field: 'old', type: null },
    ]);
    expect(Object.isFrozen(model.features[0])).toBe(true);
    expect(JSON.parse(JSON.stringify(model))).toEqual(model);
  });

  it('learns from the archive what the events say', () => {
    expect(learnsFromArchive(defineModel(good))).toBe(false);
    expect(learnsFromArchive(defineModel({ ...good, features: ['city'], target: 'age' }))).toBe(true);
    const { from: _, ...rest } = good;
    expect(learnsFromArchive(defineModel({ ...rest, target: 'age', features: ['city'] }))).toBe(false);
  });

  it('divides the rows of a file at random', () => {
    const { from: _, ...rest } = good;
    expect(defineModel(rest)).toMatchObject({ plan: null, split: 'random' });
  });

  it.each([
    ['BIFOLD_BAD_NAME', { name: '../wage' }],
    ['BIFOLD_UNKNOWN_OPTION', { fold: 3 }],
    ['BIFOLD_NO_FEATURE', { features: [] }],
    ['BIFOLD_NAME_TAKEN', { features: ['age', numeric('age')] }],
    ['BIFOLD_TARGET_IS_FEATURE', { target: 'age' }],
    ['BIFOLD_UNKNOWN_FIELD', { features: ['agee'] }],
    ['BIFOLD_BAD_TASK', { task: 'guess' }],
    ['BIFOLD_BAD_ESTIMATOR', { estimator: logistic(), grid: {} }],
    ['BIFOLD_BAD_ESTIMATOR', { estimator: linear(), grid: {}, task: 'classification' }],
    ['BIFOLD_BAD_ESTIMATOR', { estimator: { kind: 'magic' } }],
    ['BIFOLD_UNKNOWN_OPTION', { grid: { depth: [3] } }],
    ['BIFOLD_UNKNOWN_OPTION', { estimator: linear({ penalty: 1 }), grid: { trees: [1] } }],
    ['BIFOLD_BAD_GRID', { grid: { trees: [] } }],
    ['BIFOLD_BAD_GRID', { grid: { trees: Array(60).fill(9), maxDepth: Array(9).fill(9) } }],
    ['BIFOLD_BAD_SETTING', { grid: { trees: [0] } }],
    ['BIFOLD_BAD_SETTING', { estimator: gradientBoosting({ rate: 2 }) }],
    ['BIFOLD_BAD_SETTING', { folds: 1 }],
    ['BIFOLD_BAD_SETTING', { heldOutShare: 1 }],
    ['BIFOLD_BAD_SETTING', { seed: -1 }],
    ['BIFOLD_BAD_SPLIT', { split: 'half' }],
  ])('is refused with %s for %j', (code, wrong) => {
    expect(() => defineModel({ ...good, ...(wrong as object) } as never)).toThrow(expect.objectContaining({ code }));
  });
});
