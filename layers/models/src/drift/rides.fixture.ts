import { definePipeline, field, model, running, sum, topic } from '@bifold/core';
import type { AnswerRow } from '@bifold/core/engine';
import { z } from 'zod';
import type { ModelFile } from '../engine.ts';
import { readModel } from '../model-file/model-file.ts';
import { drift } from './define-drift.ts';

export const Ride = z.object({
  at: z.int(),
  city: z.string(),
  fare: z.number().nullable(),
  version: z.string(),
  score: z.int(),
});
/** A pipeline that scores rides by the model `fares`. */
export const scored = definePipeline({
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

/** The drift of the features of `fares` that it knows by its one field. */
export const watched = drift(scored, { name: 'fares', features: ['fare'] });

export const distributions = {
  features: [{ type: 'number', nulls: 10, edges: [1, 2.5], counts: [30, 30, 30] }],
  score: { type: 'category', nulls: 0, values: ['dear'], counts: [40, 10] },
};

/** A version of `fares`, as `model.json` holds it. */
export const versionFile = (change: object = {}): object => ({
  format: 1,
  name: 'fares',
  version: 'v1',
  task: 'classification',
  classes: ['cheap', 'dear'],
  featurePlan: 'plan',
  features: [{ field: 'fare', type: 'number', impute: 0, mean: 0, scale: 1 }],
  model: { kind: 'linear', coefficients: [[1]], intercepts: [0] },
  distributions,
  ...change,
});
export const bytesOf = (value: object) => Buffer.from(JSON.stringify(value));
export const readVersion = (value: object): ModelFile => readModel(bytesOf(value), 'fares', 'v1');

const zeros = (counts: readonly number[]) => [...counts, ...Array(20 - counts.length).fill(0)];
const row = (start: string, fare: readonly number[], score: readonly number[], version = 'v1'): AnswerRow => ({
  key: { version_2: version },
  window: { name: 'daily', start, end: null },
  values: { records: 1_000, fare: zeros(fare), score: zeros(score) },
});
/** Two days of `watched`: as the model was trained, and a day later. */
export const [older, newer] = [
  row('2026-11-21T00:00:00.000Z', [300, 300, 300], [800, 200]),
  row('2026-11-22T00:00:00.000Z', [10, 90, 900], [790, 210]),
];
