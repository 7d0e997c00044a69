import { describe, expect, it } from '@jest/globals';
import { MODEL_LIMITS, readModel, scorerOf } from '../engine.ts';
import { bytesOf, GOLDEN_VERSION, goldenOf, rows } from './golden.fixture.ts';

describe('a model file', () => {
  const { model: whole } = goldenOf('forest-two');
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
    const read = () => readModel(bytesOf(changed(path, change)), 'forest-two', GOLDEN_VERSION);
    expect(read).toThrow(expect.objectContaining({ code }));
    expect(read).toThrow(/got .*; expected: .*; fix: /);
  });

  it('is read when a tree is as deep as allowed', () => {
    const file = changed('model.trees.0', () => deep(MODEL_LIMITS.depth));
    expect(scorerOf(readModel(bytesOf(file), 'forest-two', GOLDEN_VERSION)).score(rows[0] ?? []).chosen).not.toBe(-1);
  });

  it('is refused when it is cut off, no JSON, or too large', () => {
    const bytes = bytesOf(whole);
    const read = (some: Uint8Array) => () => readModel(some, 'forest-two', GOLDEN_VERSION);
    expect(read(bytes.subarray(0, bytes.length / 2))).toThrow(
      expect.objectContaining({ code: 'BIFOLD_MODEL_DAMAGED' }),
    );
    expect(read(Buffer.from('[]'))).toThrow(expect.objectContaining({ code: 'BIFOLD_MODEL_DAMAGED' }));
    const large = { byteLength: MODEL_LIMITS.sizeBytes + 1 } as Uint8Array;
    expect(read(large)).toThrow(expect.objectContaining({ code: 'BIFOLD_MODEL_TOO_LARGE' }));
  });
});
