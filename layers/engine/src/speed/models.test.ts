import { memoryBucket, memoryDatabase, memoryModelPointers, modelRegistry } from '@bifold/adapters';
import { count, definePipeline, model } from '@bifold/core';
import { bindingNameOf, boundModels, type ModelRegistry, type Plan, segmentEnd } from '@bifold/core/engine';
import { challenged, promoted, rolledBack } from '@bifold/models/engine';
import { describe, expect, it } from '@jest/globals';
import { storeVersion } from '../../../models/src/model-file/stored-version.fixture.ts';
import { base, linear, scored } from '../../../models/src/scoring/fares.fixture.ts';
import { bindModels, coldModels, type RefusedVersion } from '../index.ts';

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
    if (file !== null) await storeVersion(models, 'fares', version, file);
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
    await storeVersion(models, 'fares', 'v2', linear('v2'));
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
