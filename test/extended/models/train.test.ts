/**
 * Training itself, by the real scikit-learn: what it leaves is scored here as it was scored there,
 * and what cannot be learned is refused.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDuckDb } from '@bifold/adapters/duckdb';
import { type Trained, trainFromFile } from '@bifold/cli';
import {
  defineModel,
  gradientBoosting,
  linear,
  logistic,
  type ModelDefinition,
  numeric,
  randomForest,
} from '@bifold/models';
import { checkFile, checkGolden, type ModelFile, readManifest, readModel, scorerOf } from '@bifold/models/engine';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { COLUMNS, FEATURES, folderWhileTesting, paths, share, TARGET } from './training.fixture.ts';

const folder = folderWhileTesting('train');
const rowsFile = join(folder, 'rows.parquet');

const ROWS = `
  SELECT *, ${TARGET} + n * 0.3 AS t
  FROM (SELECT ${COLUMNS},
    CASE WHEN ${share(3)} < 0.05 THEN NULL ELSE (${share(4)} * 40)::BIGINT END AS n,
    5.0 AS same, NULL::DOUBLE AS nothing, NULL::VARCHAR AS unlabelled, 'one' AS single
  FROM range(600) r(i))`;

beforeAll(async () => {
  const database = await openDuckDb();
  const labelled = `SELECT *, CASE WHEN t > 12 THEN 'high' ELSE 'low' END AS two, CASE WHEN t > 18 THEN 3 WHEN t > 9 THEN 2 ELSE 1 END AS three FROM (${ROWS})`;
  await database.run(`COPY (${labelled}) TO '${rowsFile}' (FORMAT parquet)`);
  await database.run(`COPY (${labelled} LIMIT 9) TO '${join(folder, 'few.parquet')}' (FORMAT parquet)`);
  database.close();
});

const base = {
  features: [...FEATURES, numeric('n', { impute: 0 })],
  folds: 3,
  seed: 7,
} as const;
const trained = (definition: ModelDefinition, file = rowsFile, models = join(folder, 'models')): Promise<Trained> =>
  trainFromFile(definition, file, { paths, onProgress: () => {}, models, onEvent: () => {} });

const MODELS = [
  defineModel({ ...base, name: 'linear', target: 't', task: 'regression', estimator: linear() }),
  defineModel({ ...base, name: 'logistic', target: 'two', task: 'classification', estimator: logistic() }),
  defineModel({
    ...base,
    name: 'forest',
    target: 't',
    task: 'regression',
    estimator: randomForest({ trees: 12 }),
    grid: { maxDepth: [3, 6] },
  }),
  defineModel({
    ...base,
    name: 'boosting',
    target: 'three',
    task: 'classification',
    estimator: gradientBoosting({ trees: 10 }),
  }),
];

/**
 * Every row is in a bin or null; bins of numbers that differ all are about equal; what is rare or
 * null is counted apart.
 */
function checkDistributions(
  { distributions, classes, features }: ModelFile,
  rows: { readonly learned: number; readonly heldOut: number },
  { task }: ModelDefinition,
): void {
  if (distributions === undefined) throw new Error('no distributions were kept');
  const sum = (counts: readonly number[]) => counts.reduce((total, each) => total + each, 0);
  const of = Object.fromEntries(features.map(({ field }, index) => [field, distributions.features[index]]));
  for (const each of distributions.features) expect(each.nulls + sum(each.counts)).toBe(rows.learned);
  expect(distributions.score.nulls + sum(distributions.score.counts)).toBe(rows.heldOut);
  for (const name of ['x', 'y']) {
    const counts = of[name]?.counts ?? [];
    expect(counts.length).toBeGreaterThanOrEqual(rows.learned / 30);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
  }
  for (const name of ['x', 'colour']) expect(of[name]?.nulls).toBeGreaterThan(0);
  expect(of.flag).toMatchObject({ type: 'number', nulls: 0, edges: [1] });
  expect(of.colour).toMatchObject({ values: expect.arrayContaining(['red', 'green', 'größe']) });
  expect(of.size).toMatchObject({ type: 'category', values: expect.arrayContaining([0, 1, 2, 3]) });
  expect(of.colour?.counts.at(-1)).toBe(0);
  if (distributions.score.type === 'number') expect(task).toBe('regression');
  else expect(classes).toEqual(expect.arrayContaining([...distributions.score.values]));
}

describe('a version that was trained', () => {
  it.each(MODELS)(
    '$name is scored here as scikit-learn scored it, and its files are those of its manifest',
    async (definition) => {
      const { name, version, folder: of, metrics } = await trained(definition);
      const file = (one: string) => readFileSync(join(of, one));
      const model = readModel(file('model.json'), name, version);
      expect(checkGolden(scorerOf(model), file('golden.json'))).toEqual({ rows: 2_000, different: 0, first: null });
      const rows = (JSON.parse(file('golden.json').toString()) as { rows: Record<string, unknown>[] }).rows;
      for (const field of ['x', 'n', 'colour', 'size']) expect(rows.some((row) => row[field] === null)).toBe(true);
      expect(rows.some(({ colour }) => colour !== null && !['red', 'green', 'größe'].includes(colour as string))).toBe(
        true,
      );
      checkDistributions(model, metrics.rows, definition);
      const manifest = readManifest(file('manifest.json'), name, version);
      expect(Object.keys(manifest.files).sort()).toEqual([
        'golden.json',
        'metrics.json',
        'model.json',
        'model.onnx',
        'report.html',
      ]);
      for (const one of Object.keys(manifest.files)) checkFile(manifest, name, version, one, file(one));
      const [measure, isBetter] =
        definition.task === 'regression' ? (['rmse', -1] as const) : (['accuracy', 1] as const);
      const { heldOut, baseline } = metrics as unknown as Record<string, Record<string, number>>;
      expect(isBetter * ((heldOut?.[measure] ?? 0) - (baseline?.[measure] ?? 0))).toBeGreaterThan(0);
      expect(metrics.onnx).toMatchObject({ rows: 2_000, different: 0 });
      expect(file('report.html').toString()).toMatch(/<svg/);
      expect(file('report.html').toString()).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org)/);
    },
  );

  it('is the same to the byte when it is trained again, but for its name', async () => {
    const [definition] = MODELS.slice(2) as [ModelDefinition];
    const twice = await Promise.all(['a', 'b'].map((shelf) => trained(definition, rowsFile, join(folder, shelf))));
    const texts = twice.map(({ folder: of, version }) =>
      readFileSync(join(of, 'model.json'), 'utf8').replace(version, ''),
    );
    expect(texts[0]).toBe(texts[1]);
    expect(twice[0]?.version.slice(-8)).toBe(twice[1]?.version.slice(-8));
  });
});

const forest = { ...base, task: 'regression', target: 't', estimator: randomForest({ trees: 2 }) } as const;
describe('what cannot be learned', () => {
  it.each([
    ['BIFOLD_NO_LABELS', { target: 'unlabelled', task: 'classification' }, 'rows'],
    ['BIFOLD_ONE_CLASS', { target: 'single', task: 'classification' }, 'rows'],
    ['BIFOLD_FEATURE_CONSTANT', { features: ['x', 'same'] }, 'rows'],
    ['BIFOLD_FEATURE_EMPTY', { features: ['x', 'nothing'] }, 'rows'],
    ['BIFOLD_TOO_FEW_ROWS', {}, 'few'],
    ['BIFOLD_TARGET_NOT_NUMERIC', { target: 'two' }, 'rows'],
    ['BIFOLD_FEATURE_NOT_NUMERIC', { features: [numeric('colour')] }, 'rows'],
    ['BIFOLD_CLASS_TOO_RARE', { target: 'x', task: 'classification', features: ['y'] }, 'rows'],
    ['BIFOLD_TRAINING_COLUMN_MISSING', { target: 'wage' }, 'rows'],
  ] as const)('is refused with %s, and leaves no version', async (code, wrong, file) => {
    const definition = defineModel({ ...forest, name: code.toLowerCase(), ...wrong });
    await expect(trained(definition, join(folder, `${file}.parquet`))).rejects.toMatchObject({ code });
    expect(readdirSync(join(folder, 'models'))).not.toContain(definition.name);
  });
});
