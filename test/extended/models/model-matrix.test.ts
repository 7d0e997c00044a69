/**
 * Every kind of model with every kind of label: scikit-learn, ONNX Runtime and our scorer must give
 * the same scores.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { memoryBucket, memoryModelPointers, modelRegistry } from '@bifold/adapters';
import { openDuckDb } from '@bifold/adapters/duckdb';
import { ensureTrainingPython, onnxRuntimeOf } from '@bifold/cli';
import { type Metrics, makeVersion, trainingRequest, type Version } from '@bifold/functions/training';
import { defineModel, gradientBoosting, linear, logistic, type ModelDefinition, randomForest } from '@bifold/models';
import { checkGolden, readModel, scorerOf } from '@bifold/models/engine';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { COLUMNS, FEATURES, folderWhileTesting, paths, root, TARGET } from './training.fixture.ts';

const folder = folderWhileTesting('matrix');
const table = join(folder, 'rows.parquet');
const models = join(folder, 'models');
const checkOnnx = onnxRuntimeOf(paths, () => {});

const ROWS = `
  SELECT *, ${TARGET} AS t
  FROM (SELECT ${COLUMNS}, 1763856000000 + (hash(i * 17) % 31536000000)::BIGINT AS time FROM range(500) r(i))`;
/** Labels of each type, of two classes and of three. */
const LABELS = {
  text2: `CASE WHEN t > 12 THEN 'high' ELSE 'low' END`,
  text3: `CASE WHEN t > 18 THEN 'größe' WHEN t > 9 THEN '' ELSE 'Größe' END`,
  whole2: `CASE WHEN t > 12 THEN 1 ELSE 0 END`,
  whole3: `CASE WHEN t > 18 THEN -3 WHEN t > 9 THEN 2 ELSE 70000000000 END`,
  boolean2: `t > 12`,
  float2: `CASE WHEN t > 12 THEN 1::DOUBLE ELSE 0.5::DOUBLE END`,
  float3: `CASE WHEN t > 18 THEN 0.1::DOUBLE WHEN t > 9 THEN 2::DOUBLE ELSE -7.25::DOUBLE END`,
};
const CLASSES: Readonly<Record<keyof typeof LABELS, readonly (string | number)[]>> = {
  text2: ['high', 'low'],
  text3: ['', 'Größe', 'größe'],
  whole2: [0, 1],
  whole3: [-3, 2, 70_000_000_000],
  boolean2: ['false', 'true'],
  float2: ['0.5', '1'],
  float3: ['-7.25', '0.1', '2'],
};
const NUMBERS = { number: 't', wholeNumber: 'floor(t)::BIGINT', boolean: 't > 12' };

const base = {
  features: [...FEATURES, 'time'],
  folds: 2,
  seed: 7,
} as const;
const forest = randomForest({ trees: 12, maxDepth: 6 });
const boosting = gradientBoosting({ trees: 10 });
const regression = { ...base, task: 'regression' } as const;
const classification = { ...base, task: 'classification' } as const;
const MODELS: readonly ModelDefinition[] = [
  ...Object.keys(NUMBERS).flatMap((target) => [
    defineModel({ ...regression, name: `linear-${target}`, target, estimator: linear() }),
    defineModel({ ...regression, name: `forest-${target}`, target, estimator: forest }),
    defineModel({ ...regression, name: `boosting-${target}`, target, estimator: boosting }),
  ]),
  ...Object.keys(LABELS).flatMap((target) => [
    defineModel({ ...classification, name: `logistic-${target}`, target, estimator: logistic() }),
    defineModel({ ...classification, name: `forest-${target}`, target, estimator: forest }),
    defineModel({ ...classification, name: `boosting-${target}`, target, estimator: boosting }),
  ]),
];

/**
 * Trains all in one process, which loads scikit-learn once. `before` runs first: Python that puts a
 * fault back.
 */
async function learn(definitions: readonly ModelDefinition[], drafts: string, before = ''): Promise<readonly string[]> {
  const requests = await Promise.all(
    definitions.map(async (definition) => {
      const out = join(drafts, definition.name);
      mkdirSync(out, { recursive: true });
      return { ...(await trainingRequest(definition, table)), table, out };
    }),
  );
  writeFileSync(join(drafts, 'requests.json'), JSON.stringify(requests));
  const program = `
import json, sys, onnx_form, train
from refusal import Refusal
${before}
with open(sys.argv[1], encoding="utf-8") as file:
    for request in json.load(file):
        try:
            train.train(request)
        except Refusal as refusal:
            train.tell(kind="refused", **refusal.parts)
`;
  const { python, libraries } = await ensureTrainingPython(paths, () => {});
  const PYTHONPATH = [join(root, 'functions/src/train/learner'), libraries].join(':');
  const env = { ...process.env, PYTHONPATH, PYTHONDONTWRITEBYTECODE: '1', PYTHONHASHSEED: '0' };
  const args = ['-W', 'ignore', '-c', program, join(drafts, 'requests.json')];
  const { stdout } = await promisify(execFile)(python, args, { env, maxBuffer: 1 << 26 });
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter(({ kind }) => kind === 'done' || kind === 'refused')
    .map(({ kind, code }) => code ?? kind);
}

const TRAINED_ON = { kind: 'file', name: 'rows.parquet', sizeBytes: 1, sha256: '0' } as const;
const made = (definition: ModelDefinition, draft: string): Version =>
  makeVersion(definition, TRAINED_ON, draft, models, new Date(0), null);

let outcomes: ReadonlyMap<string, string>;
beforeAll(async () => {
  const database = await openDuckDb();
  const columns = Object.entries({ ...LABELS, ...NUMBERS }).map(([name, sql]) => `${sql} AS "${name}"`);
  await database.run(`COPY (SELECT *, ${columns.join(', ')} FROM (${ROWS})) TO '${table}' (FORMAT parquet)`);
  database.close();
  const ended = await learn(MODELS, join(folder, 'drafts'));
  outcomes = new Map(MODELS.map(({ name }, index) => [name, ended[index] as string]));
});

/** docs/models.md states these bounds. */
const ONNX_BOUNDS = { linear: 1e-4, forest: 1e-5, boosting: 1e-4 };

it.each(MODELS)('$name: our scorer and ONNX Runtime score 2,000 golden rows as scikit-learn does', (definition) => {
  expect(outcomes.get(definition.name)).toBe('done');
  const { name, version, folder: of, metrics } = made(definition, join(folder, 'drafts', definition.name));
  const model = readModel(readFileSync(join(of, 'model.json')), name, version);
  const golden = checkGolden(scorerOf(model), readFileSync(join(of, 'golden.json')));
  expect(golden).toEqual({ rows: 2_000, different: 0, first: null });
  expect(metrics.onnx).toMatchObject({ rows: 2_000, different: 0, runtime: expect.stringMatching(/^1\./) });
  expect(metrics.onnx.maxDifference).toBeLessThan(ONNX_BOUNDS[model.model.kind]);
  const expected = definition.task === 'regression' ? null : CLASSES[definition.target as keyof typeof LABELS];
  expect(model.classes).toEqual(expected);
});

describe('a wrong ONNX Runtime', () => {
  // ONNX Runtime 1.26.0 and 1.27.0 gave 1 - p for both classes of a forest, and so other labels.
  const inverted = `
run_onnx = onnx_form.run_onnx
def wrong(model, features, rows):
    predictions, probabilities = run_onnx(model, features, rows)
    return predictions, 1 - probabilities
onnx_form.run_onnx = wrong
`;
  const definition = MODELS.find(({ name }) => name === 'forest-text2') as ModelDefinition;

  it('is found by training, which makes no version', async () => {
    const drafts = join(folder, 'wrong');
    expect(await learn([definition], drafts, inverted)).toEqual(['BIFOLD_ONNX_DIFFERS']);
    expect(() => made(definition, join(drafts, definition.name))).toThrow('ENOENT');
  });

  it('of a learner that does not refuse is found by what makes the version', () => {
    const draft = join(folder, 'lenient');
    cpSync(join(folder, 'drafts', definition.name), draft, { recursive: true });
    const metrics = JSON.parse(readFileSync(join(draft, 'metrics.json'), 'utf8')) as Metrics;
    const onnx = { rows: 2_000, maxDifference: 1, different: 2_000 };
    writeFileSync(join(draft, 'metrics.json'), JSON.stringify({ ...metrics, onnx }));
    expect(() => made(definition, draft)).toThrow(expect.objectContaining({ code: 'BIFOLD_ONNX_DIFFERS' }));
  });
});

describe('the ONNX file of a version', () => {
  const registry = modelRegistry(memoryBucket(), memoryModelPointers());
  let number = 0;
  /** Stores a version whose ONNX file was exchanged, with a manifest that agrees. */
  async function exchanged(name: string, onnx: Uint8Array): Promise<readonly [string, string]> {
    const definition = MODELS.find((one) => one.name === name) as ModelDefinition;
    const { version, folder: of } = made(definition, join(folder, 'drafts', name));
    const own = join(folder, `exchanged-${number++}`);
    cpSync(of, own, { recursive: true });
    writeFileSync(join(own, 'model.onnx'), onnx);
    const manifest = JSON.parse(readFileSync(join(own, 'manifest.json'), 'utf8'));
    manifest.files['model.onnx'] = createHash('sha256').update(onnx).digest('hex');
    writeFileSync(join(own, 'manifest.json'), JSON.stringify(manifest));
    await registry.create(name, version, own);
    return [name, version];
  }
  const onnxOf = (name: string): Uint8Array => readFileSync(join(folder, 'drafts', name, 'model.onnx'));

  it.each(['linear-number', 'forest-text2', 'boosting-whole3', 'logistic-boolean2'])(
    'of %s is judged anew as training judged it',
    async (name) => {
      const [model, version] = await exchanged(name, onnxOf(name));
      expect(await checkOnnx(registry, model, version)).toMatchObject({ rows: 2_000, different: 0 });
    },
  );

  it('of another model is found, whatever its manifest says', async () => {
    const [name, version] = await exchanged('boosting-number', onnxOf('forest-number'));
    expect(await checkOnnx(registry, name, version)).toMatchObject({ different: expect.any(Number), wrongLabels: 0 });
    expect(await checkOnnx(registry, name, version)).not.toMatchObject({ different: 0 });
  });

  it('with other labels is found', async () => {
    const [name, version] = await exchanged('logistic-float2', onnxOf('logistic-text2'));
    expect(await checkOnnx(registry, name, version)).toMatchObject({ different: 2_000, wrongLabels: 2_000 });
  });

  it('that is cut off cannot be run', async () => {
    const [name, version] = await exchanged('forest-whole2', onnxOf('forest-whole2').subarray(0, 100));
    expect(await checkOnnx(registry, name, version)).toEqual({ failed: expect.any(String) });
  });
});
