import { definePipeline, last, model, running, topic } from '@bifold/core';
import { defineModel, drift, gradientBoosting, logistic, numeric } from '@bifold/models';
import * as z from 'zod';

/**
 * Chemical measures of a wine, as scikit-learn's load_wine has them; which of three cultivars it is
 * made of is not among them.
 */
const Wine = z.object({
  id: z.int(),
  at: z.iso.datetime(),
  alcohol: z.number().nullable(),
  malic_acid: z.number().nullable(),
  ash: z.number().nullable(),
  alcalinity_of_ash: z.number().nullable(),
  magnesium: z.number().nullable(),
  total_phenols: z.number().nullable(),
  flavanoids: z.number().nullable(),
  nonflavanoid_phenols: z.number().nullable(),
  proanthocyanins: z.number().nullable(),
  color_intensity: z.number().nullable(),
  hue: z.number().nullable(),
  od280_od315_of_diluted_wines: z.number().nullable(),
  proline: z.number().nullable(),
});

export const wines = topic('wines', { schema: Wine, schemaVersion: 1, partitionBy: 'id', eventTime: 'at' });

/** The cultivar of each wine, scored as it arrives: one row per wine. */
export const wine = definePipeline({
  name: 'wine',
  from: wines,
  scores: {
    cultivar: model('wine', { output: 'text', missing: 'wait' }),
    certainty: model('wine', { output: 'probability', missing: 'wait' }),
  },
  groupBy: ['id'],
  windows: { all: running() },
  aggregates: { cultivar: last('cultivar'), certainty: last('certainty') },
  storage: { segmentSize: 16, buckets: 4 },
});

/** Predicts the cultivar of a wine from its measures. */
export const wineModel = defineModel({
  name: 'wine',
  from: wine,
  features: [
    'alcohol',
    'malic_acid',
    'ash',
    'alcalinity_of_ash',
    numeric('magnesium', { impute: 'mean' }),
    'total_phenols',
    'flavanoids',
    'nonflavanoid_phenols',
    'proanthocyanins',
    'color_intensity',
    'hue',
    'od280_od315_of_diluted_wines',
    'proline',
  ],
  target: 'cultivar',
  task: 'classification',
  estimator: logistic(),
  grid: { penalty: [0.1, 1, 10] },
  split: 'random',
});

/** The drift of the stream's wines from those of the training data. */
export const wineDrift = drift(wine, wineModel);

/**
 * Predicts the alcohol of a wine from its other measures. It learns from the archive of the stream
 * itself.
 */
export const alcoholModel = defineModel({
  name: 'alcohol',
  from: wine,
  features: ['color_intensity', 'proline', 'flavanoids', 'hue', 'alcalinity_of_ash'],
  target: 'alcohol',
  task: 'regression',
  estimator: gradientBoosting({ trees: 60, maxDepth: 2 }),
  grid: { rate: [0.05, 0.1] },
  // The data set is sorted by cultivar: the latest wines are all of one.
  split: 'random',
});
