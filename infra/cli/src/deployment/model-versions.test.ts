import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryBucket, memoryModelPointers, modelRegistry } from '@bifold/adapters';
import type { ModelRegistry } from '@bifold/core/engine';
import { NOTHING_PROMOTED, promoted } from '@bifold/models/engine';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { exitStatusOf } from '../errors.ts';
import type { OnnxCheck } from '../training/onnx.ts';
import { checkGate, checkVersion, describeVersion, gateOf, versionMeant, worse } from './model-versions.ts';

let folder: string;
let registry: ModelRegistry;

/** `y = 2x + intercept`, measured with an error. */
const create = async (
  version: string,
  intercept: number,
  rmse: number,
  predictions: readonly number[],
  onnx?: OnnxCheck,
) => {
  const files: Record<string, unknown> = {
    'model.json': {
      format: 1,
      name: 'line',
      version,
      task: 'regression',
      classes: null,
      featurePlan: 'plan',
      features: [{ field: 'x', type: 'number', impute: 1, mean: 0, scale: 1 }],
      model: { kind: 'linear', coefficients: [[2]], intercepts: [intercept] },
    },
    'golden.json': { rows: [{ x: 3 }, { x: null }, {}], predictions, probabilities: null },
    'metrics.json': { heldOut: { rmse, r2: 0.5, confusion: [[1]] }, onnx },
  };
  const draft = join(folder, version);
  await mkdir(draft);
  const texts = Object.entries(files).map(([file, value]) => [file, JSON.stringify(value)] as const);
  const sums = texts.map(([file, text]) => [file, createHash('sha256').update(text).digest('hex')] as const);
  const manifest = ['manifest.json', JSON.stringify({ files: Object.fromEntries(sums), seed: 7 })] as const;
  for (const [file, text] of [...texts, manifest]) await writeFile(join(draft, file), text);
  await registry.create('line', version, draft);
};

const EQUAL = { rows: 3, maxDifference: 2e-7, different: 0 };
const DIFFERENT = { rows: 2_000, maxDifference: 1, different: 2_000, wrongLabels: 753, runtime: '1.27.0' };
/** The result for a version whose ONNX file scores correctly. */
const checkOnnx = async () => EQUAL;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bifold-models-'));
  registry = modelRegistry(memoryBucket(), memoryModelPointers());
  await create('v1', 1, 4, [7, 3, 3]);
  await create('v2', 1, 5, [7, 3, 3]);
  await create('v3', 1, 3, [7, 3, 3.1]);
  await create('v4', 1, 3, [7, 3, 3], DIFFERENT);
});
afterAll(() => rm(folder, { recursive: true }));

/** The code of a refusal and the exit code of the command. */
const refusalOf = (check: () => void): readonly [string, number] | null => {
  try {
    check();
    return null;
  } catch (error) {
    return [(error as { code: string }).code, exitStatusOf(error)];
  }
};

it('shows a version with what training said of it', async () => {
  expect(await describeVersion(registry, 'line', 'v1')).toMatchObject({
    task: 'regression',
    kind: 'linear',
    features: ['x'],
    measures: { rmse: 4, r2: 0.5 },
    manifest: { seed: 7 },
  });
});

it('lets a version pass when it scores as in training, and is not worse than the current one', async () => {
  const first = await gateOf(registry, 'line', 'v1', NOTHING_PROMOTED, checkOnnx);
  expect(first).toEqual({ golden: { rows: 3, different: 0, first: null }, onnx: EQUAL, measure: null });
  const current = promoted(NOTHING_PROMOTED, 'v1');
  const behind = await gateOf(registry, 'line', 'v2', current, checkOnnx);
  expect(refusalOf(() => checkGate('line', 'v2', behind))).toBeNull();
  expect(worse('line', 'v2', behind)).toMatchObject({ code: 'BIFOLD_MODEL_WORSE' });
  expect(behind.measure).toEqual({ name: 'rmse', own: 5, current: 4, isWorse: true });
  const better = await gateOf(registry, 'line', 'v1', promoted(current, 'v2'), checkOnnx);
  expect(better.measure).toMatchObject({ isWorse: false });
});

it('holds a version back that is scored otherwise than in training', async () => {
  const gate = await gateOf(registry, 'line', 'v3', NOTHING_PROMOTED, checkOnnx);
  expect(gate.golden).toEqual({ rows: 3, different: 1, first: { row: 2, expected: 3.1, given: 3 } });
  expect(refusalOf(() => checkGate('line', 'v3', gate))).toEqual(['BIFOLD_GOLDEN_DIFFERS', 1]);
});

it.each([
  ['training found that its ONNX file is wrong', 'v4', EQUAL, '753 of them in their class'],
  ['its ONNX file scores otherwise', 'v1', DIFFERENT, '2000 of 2000 golden rows differ under ONNX Runtime 1.27.0'],
  ['its ONNX file cannot be run', 'v1', { failed: 'invalid protobuf' }, 'invalid protobuf'],
] as const)('holds a version back when %s', async (_, version, onnx, received) => {
  const gate = await gateOf(registry, 'line', version, NOTHING_PROMOTED, async () => onnx);
  const check = () => checkGate('line', version, gate);
  expect(refusalOf(check)).toEqual(['BIFOLD_ONNX_DIFFERS', 1]);
  expect(check).toThrow(received);
});

it('means the current version when none is named, then the newest', async () => {
  expect(await versionMeant(registry, 'line', undefined)).toBe('v4');
  await registry.movePointer('line', NOTHING_PROMOTED, promoted(NOTHING_PROMOTED, 'v2'));
  expect(await versionMeant(registry, 'line', undefined)).toBe('v2');
  await expect(checkVersion(registry, 'line', 'v9')).rejects.toThrow('v1, v2, v3, v4');
  await expect(versionMeant(registry, 'lines', undefined)).rejects.toThrow('line');
});
