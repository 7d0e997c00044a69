import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryBucket, memoryModelPointers, modelRegistry } from '@bifold/adapters';
import { type ModelRegistry, NOTHING_PROMOTED, promoted } from '@bifold/core';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { checkVersion, describeVersion, gateOf, versionMeant } from './model-versions.ts';

let folder: string;
let registry: ModelRegistry;

/** `y = 2x + intercept`, measured with an error. */
const create = async (version: string, intercept: number, rmse: number, predictions: readonly number[]) => {
  const files: Record<string, unknown> = {
    'model.json': {
      ...{ format: 1, name: 'line', version, task: 'regression', classes: null, featurePlan: 'plan' },
      features: [{ field: 'x', type: 'number', impute: 1, mean: 0, scale: 1 }],
      model: { kind: 'linear', coefficients: [[2]], intercepts: [intercept] },
    },
    'golden.json': { rows: [{ x: 3 }, { x: null }, {}], predictions, probabilities: null },
    'metrics.json': { heldOut: { rmse, r2: 0.5, confusion: [[1]] } },
  };
  const own = join(folder, version);
  await mkdir(own);
  const texts = Object.entries(files).map(([file, value]) => [file, JSON.stringify(value)] as const);
  const sums = texts.map(([file, text]) => [file, createHash('sha256').update(text).digest('hex')] as const);
  const manifest = ['manifest.json', JSON.stringify({ files: Object.fromEntries(sums), seed: 7 })] as const;
  for (const [file, text] of [...texts, manifest]) await writeFile(join(own, file), text);
  await registry.create('line', version, own);
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bifold-models-'));
  registry = modelRegistry(memoryBucket(), memoryModelPointers());
  await create('v1', 1, 4, [7, 3, 3]);
  await create('v2', 1, 5, [7, 3, 3]);
  await create('v3', 1, 3, [7, 3, 3.1]);
});
afterAll(() => rm(folder, { recursive: true }));

it('shows a version with what training said of it', async () => {
  expect(await describeVersion(registry, 'line', 'v1')).toMatchObject({
    ...{ task: 'regression', kind: 'linear', features: ['x'], measures: { rmse: 4, r2: 0.5 }, manifest: { seed: 7 } },
  });
});

it('lets a version pass when it scores as in training, and is not worse than the current one', async () => {
  const first = await gateOf(registry, 'line', 'v1', NOTHING_PROMOTED);
  expect(first).toEqual({ golden: { rows: 3, different: 0, first: null }, measure: null });
  const current = promoted(NOTHING_PROMOTED, 'v1');
  const worse = await gateOf(registry, 'line', 'v2', current);
  expect(worse.measure).toEqual({ name: 'rmse', own: 5, current: 4, isWorse: true });
  const better = await gateOf(registry, 'line', 'v1', promoted(current, 'v2'));
  expect(better.measure).toMatchObject({ isWorse: false });
});

it('holds a version back that is scored otherwise than in training', async () => {
  const gate = await gateOf(registry, 'line', 'v3', NOTHING_PROMOTED);
  expect(gate.golden).toEqual({ rows: 3, different: 1, first: { row: 2, expected: 3.1, given: 3 } });
});

it('means the current version when none is named, then the newest', async () => {
  expect(await versionMeant(registry, 'line', undefined)).toBe('v3');
  await registry.movePointer('line', NOTHING_PROMOTED, promoted(NOTHING_PROMOTED, 'v2'));
  expect(await versionMeant(registry, 'line', undefined)).toBe('v2');
  await expect(checkVersion(registry, 'line', 'v9')).rejects.toThrow('v1, v2, v3');
  await expect(versionMeant(registry, 'lines', undefined)).rejects.toThrow('line');
});
