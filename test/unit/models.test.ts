import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Value } from '@bifold/core/engine';
import { checkGolden, MODEL_LIMITS, readModel, scorerOf } from '@bifold/models/engine';
import { describe, expect, it } from '@jest/globals';

/**
 * Golden vectors: what scikit-learn says of 2,000 rows, with nulls and categories that training
 * never saw (`test/fixtures/models/generate.py`).
 */

interface Golden {
  readonly model: Record<string, unknown>;
  readonly predictions: readonly (number | string)[];
  readonly probabilities: readonly (readonly number[])[] | null;
}

const FIXTURES = join(import.meta.dirname, '..', 'fixtures', 'models');
const fixture = <T>(name: string): T =>
  JSON.parse(gunzipSync(readFileSync(join(FIXTURES, `${name}.json.gz`))).toString('utf8'));
const { rows } = fixture<{ readonly rows: readonly (readonly Value[])[] }>('rows');
const bytesOf = (file: unknown): Uint8Array => Buffer.from(JSON.stringify(file));
const VERSION = '20261122-000000-00000000';

const withinRelative = (given: number, expected: number, relative: number): boolean =>
  Math.abs(given - expected) <= relative * Math.abs(expected);

describe.each([
  ['linear', 'within'],
  ['forest', 'bits'],
  ['boosting', 'bits'],
] as const)('%s regression', (name, exactness) => {
  it(`says of 2,000 rows what scikit-learn says: ${exactness === 'bits' ? 'the same bits' : 'within 1e-12'}`, () => {
    const { model, predictions } = fixture<Golden>(name);
    const scorer = scorerOf(readModel(bytesOf(model), name, VERSION));
    expect(rows).toHaveLength(2000);
    const different = rows.flatMap((row, index) => {
      const { value } = scorer.score(row);
      const expected = predictions[index] as number;
      const equal = exactness === 'bits' ? Object.is(value, expected) : withinRelative(value, expected, 1e-12);
      return equal ? [] : [{ index, value, expected }];
    });
    expect(different).toEqual([]);
  });
});

describe.each([
  ['logistic-two', 'within'],
  ['logistic-three', 'within'],
  ['forest-two', 'bits'],
  ['forest-three', 'bits'],
  ['boosting-two', 'within'],
  ['boosting-three', 'within'],
] as const)('%s classification', (name, exactness) => {
  it(`chooses the classes that scikit-learn chooses, with probabilities of ${exactness === 'bits' ? 'the same bits' : 'at most 1e-12 off'}`, () => {
    const { model, predictions, probabilities } = fixture<Golden>(name);
    const read = readModel(bytesOf(model), name, VERSION);
    const scorer = scorerOf(read);
    const different = rows.flatMap((row, index) => {
      const score = scorer.score(row);
      const expected = probabilities?.[index] as readonly number[];
      const chosen = read.classes?.[score.chosen];
      const equal =
        chosen === predictions[index] &&
        expected.every((probability, position) =>
          exactness === 'bits'
            ? Object.is(score.probabilities[position], probability)
            : withinRelative(score.probabilities[position] as number, probability, 1e-12),
        );
      return equal ? [] : [{ index, chosen, probabilities: [...score.probabilities], expected }];
    });
    expect(different).toEqual([]);
  });
});

describe('a model file', () => {
  const { model: whole } = fixture<Golden>('forest-two');
  /** The file with one thing changed: `a.b.0.c` names it. */
  const changed = (path: string, change: (value: never) => unknown): unknown => {
    const file = structuredClone(whole);
    const names = path.split('.');
    const last = names.pop() as string;
    const owner = names.reduce((value, name) => value[name] as Record<string, unknown>, file);
    owner[last] = change(owner[last] as never);
    return file;
  };
  const deep = (depth: number) => {
    const nodes = Array.from({ length: 2 * depth + 1 }, (_, node) => node);
    const isLeaf = (node: number) => node % 2 === 1 || node === 2 * depth;
    return {
      feature: nodes.map((node) => (isLeaf(node) ? -1 : 0)),
      threshold: nodes.map(() => 0.5),
      left: nodes.map((node) => (isLeaf(node) ? -1 : node + 1)),
      right: nodes.map((node) => (isLeaf(node) ? -1 : node + 2)),
      value: nodes.map(() => [0.25, 0.75]),
    };
  };

  it.each<[string, string, (value: never) => unknown, string]>([
    ['another format', 'format', () => 2, 'BIFOLD_MODEL_FORMAT'],
    ['another name', 'name', () => 'other', 'BIFOLD_MODEL_FOREIGN'],
    ['another version', 'version', () => 'v2', 'BIFOLD_MODEL_FOREIGN'],
    ['an unknown task', 'task', () => 'clustering', 'BIFOLD_MODEL_DAMAGED'],
    ['one class', 'classes', () => ['late'], 'BIFOLD_MODEL_DAMAGED'],
    ['a class twice', 'classes', () => ['late', 'late'], 'BIFOLD_MODEL_DAMAGED'],
    ['no features', 'features', () => [], 'BIFOLD_MODEL_DAMAGED'],
    ['a feature of an unknown type', 'features.1.type', () => 'image', 'BIFOLD_MODEL_DAMAGED'],
    ['a scale of zero', 'features.1.scale', () => 0, 'BIFOLD_MODEL_DAMAGED'],
    ['an imputed value that is no number', 'features.1.impute', () => null, 'BIFOLD_MODEL_DAMAGED'],
    ['a category twice', 'features.0.categories', () => ['a', 'a'], 'BIFOLD_MODEL_DAMAGED'],
    ['a category less than its trees know', 'features.0.categories', () => ['a'], 'BIFOLD_MODEL_DAMAGED'],
    ['an unknown kind', 'model.kind', () => 'network', 'BIFOLD_MODEL_DAMAGED'],
    ['no trees', 'model.trees', () => [], 'BIFOLD_MODEL_DAMAGED'],
    ['an input that does not exist', 'model.trees.0.feature.0', () => 10_000, 'BIFOLD_MODEL_DAMAGED'],
    ['a node that leads back', 'model.trees.0.left.1', () => 0, 'BIFOLD_MODEL_DAMAGED'],
    ['a node that leads nowhere', 'model.trees.0.right.0', () => 99_999, 'BIFOLD_MODEL_DAMAGED'],
    ['a threshold that is no number', 'model.trees.0.threshold.0', () => '1', 'BIFOLD_MODEL_DAMAGED'],
    ['fewer thresholds than nodes', 'model.trees.0.threshold', (all: number[]) => all.slice(1), 'BIFOLD_MODEL_DAMAGED'],
    ['values of another number of classes', 'model.trees.0.value.0', () => [1], 'BIFOLD_MODEL_DAMAGED'],
    ['a tree that is too deep', 'model.trees.0', () => deep(MODEL_LIMITS.depth + 1), 'BIFOLD_MODEL_DAMAGED'],
    ['no feature plan', 'featurePlan', () => undefined, 'BIFOLD_MODEL_DAMAGED'],
  ])('is refused with %s', (_, path, change, code) => {
    const read = () => readModel(bytesOf(changed(path, change)), 'forest-two', VERSION);
    expect(read).toThrow(expect.objectContaining({ code }));
    expect(read).toThrow(/got .*; expected: .*; fix: /);
  });

  it('is read when a tree is as deep as allowed', () => {
    const file = changed('model.trees.0', () => deep(MODEL_LIMITS.depth));
    expect(scorerOf(readModel(bytesOf(file), 'forest-two', VERSION)).score(rows[0] ?? []).chosen).not.toBe(-1);
  });

  it('is refused when it is cut off, no JSON, or too large', () => {
    const bytes = bytesOf(whole);
    const read = (some: Uint8Array) => () => readModel(some, 'forest-two', VERSION);
    expect(read(bytes.subarray(0, bytes.length / 2))).toThrow(
      expect.objectContaining({ code: 'BIFOLD_MODEL_DAMAGED' }),
    );
    expect(read(Buffer.from('[]'))).toThrow(expect.objectContaining({ code: 'BIFOLD_MODEL_DAMAGED' }));
    const large = { byteLength: MODEL_LIMITS.sizeBytes + 1 } as Uint8Array;
    expect(read(large)).toThrow(expect.objectContaining({ code: 'BIFOLD_MODEL_TOO_LARGE' }));
  });
});

describe('golden vectors', () => {
  const { fields } = fixture<{ readonly fields: readonly string[] }>('rows');
  const records = rows.map((row) => Object.fromEntries(row.map((value, index) => [fields[index], value])));
  const golden = (name: string, change: (predictions: unknown[], probabilities: number[][]) => void = () => {}) => {
    const { predictions, probabilities } = structuredClone(fixture<Golden>(name));
    change(predictions as unknown[], (probabilities ?? []) as number[][]);
    return bytesOf({ rows: records, predictions, probabilities });
  };
  const scorer = (name: string) => scorerOf(readModel(bytesOf(fixture<Golden>(name).model), name, VERSION));

  it.each(['linear', 'boosting', 'forest-three', 'logistic-two'])('of a %s model are scored the same', (name) => {
    expect(checkGolden(scorer(name), golden(name))).toEqual({ rows: 2000, different: 0, first: null });
  });

  it('are told apart by one bit, and by one class', () => {
    const bit = golden('forest', (predictions) => {
      predictions[3] = (predictions[3] as number) * (1 + 2 ** -52);
    });
    expect(checkGolden(scorer('forest'), bit)).toMatchObject({ different: 1, first: { row: 3 } });
    const other = golden('logistic-two', (predictions, probabilities) => {
      predictions[5] = predictions[5] === 'late' ? 'in time' : 'late';
      (probabilities[6] as number[])[0] = 0.123;
    });
    expect(checkGolden(scorer('logistic-two'), other)).toMatchObject({ different: 2, first: { row: 5 } });
  });

  it('are refused when they are none', () => {
    for (const text of ['', '{}', '{"rows":[],"predictions":[]}', '{"rows":[{}],"predictions":[]}'])
      expect(() => checkGolden(scorer('forest'), Buffer.from(text))).toThrow(
        expect.objectContaining({ code: 'BIFOLD_MODEL_DAMAGED' }),
      );
  });
});
