import { count, definePipeline, model } from '@bifold/core';
import { foldOf, type Plan, slotIndex, type Value, withModels } from '@bifold/core/engine';
import { describe, expect, it } from '@jest/globals';
import { fitModel, type ModelFile } from '../engine.ts';
import { base, linear, scored } from './fares.fixture.ts';

const read = (file: object): ModelFile => file as ModelFile;
const slotOf = ({ plan }: { plan: Plan }) => {
  const index = slotIndex(plan);
  return (name: string) => index.get(name) as number;
};
const fitted = (pipeline: { plan: Plan }, file: object) =>
  fitModel(pipeline.plan, pipeline.plan.models?.[0] as never, read(file), slotOf(pipeline));

describe('a pipeline that scores', () => {
  const fold = foldOf(scored);
  const enriched = (values: Readonly<Record<string, Value>>, models: Parameters<typeof withModels>[1] | null) => {
    const resolve = (_: number, key: string) => (key === 'oslo' ? { city: 'oslo', rank: 3 } : null);
    const columns = scored.plan.columns.map(({ name }) => values[name] ?? null);
    const [slots] = fold.enrich(columns, models === null ? resolve : withModels(resolve, models));
    const names = ['dear', 'expected', 'high', 'highest'];
    return slots === undefined ? null : Object.fromEntries(names.map((name) => [name, slots[slotOf(scored)(name)]]));
  };
  const models = [fitted(scored, linear('v1'))];

  it('fills its columns between the derived columns that it may read and those that read it', () => {
    expect(scored.plan.derived.map(({ name }) => name)).toEqual(['dear', 'high', 'highest']);
    expect(enriched({ city: 'oslo', fare: 2.5 }, models)).toEqual({
      dear: true,
      expected: 8,
      high: true,
      highest: true,
    });
    expect(enriched({ city: 'rome', fare: null }, models)).toMatchObject({ dear: null, expected: 20, high: true });
  });

  it('leaves them null while there is no version, and holds conditions on scores against the score', () => {
    expect(enriched({ city: 'oslo', fare: 2.5 }, [null])).toMatchObject({ expected: null, high: null });
    expect(enriched({ city: 'rome', fare: -0.5 }, models)).toBeNull();
  });

  it('folds nothing without being told its versions', () => {
    expect(() => enriched({ city: 'oslo' }, null)).toThrow(
      expect.objectContaining({
        code: 'BIFOLD_MODELS_NOT_BOUND',
        explanation: {
          failed: expect.stringContaining('cannot be folded'),
          received: 'a segment without models',
          allowed: expect.stringContaining('the version that the segment is bound to'),
          remedy: expect.stringContaining('report it'),
        },
      }),
    );
  });

  it('shows only what a number may be: finite, and never -0', () => {
    const score = (coefficient: number, fare: number) =>
      enriched({ city: 'rome', fare }, [
        fitted(scored, linear('v', { model: { kind: 'linear', coefficients: [[coefficient, 0]], intercepts: [-0] } })),
      ])?.expected;
    expect(score(1e308, 1e308)).toBeNull();
    expect(Object.is(score(-1, 0), 0)).toBe(true);
  });

  it('is another version than one without the score', () => {
    const plain = definePipeline({ ...base, aggregates: { n: count() } });
    const withScore = definePipeline({ ...base, scores: { expected: model('fares') }, aggregates: { n: count() } });
    expect(plain.plan).not.toHaveProperty('models');
    expect(withScore.plan.version).not.toBe(plain.plan.version);
  });
});

describe('a version that is not made for a pipeline', () => {
  const classes = { task: 'classification', classes: ['dear', 'cheap'] };
  const classifier = (output: object) =>
    definePipeline({ ...base, scores: { grade: model('fares', output as never) }, aggregates: { n: count() } });
  const numbers = { features: [{ field: 'fare', type: 'number', impute: 0, mean: 0, scale: 1 }] };

  it.each<[string, { plan: Plan }, object, string]>([
    ['reads a field that is not there', scored, { features: [{ ...numbers.features[0], field: 'age' }] }, '"age"'],
    ['reads a text as a number', scored, { features: [{ ...numbers.features[0], field: 'city' }] }, '"city" (text)'],
    [
      'reads a double as a category',
      scored,
      { features: [{ field: 'fare', type: 'category', impute: null, categories: ['1'] }] },
      '"fare" (double)',
    ],
    [
      'reads a list',
      scored,
      { features: [{ field: 'tags', type: 'category', impute: null, categories: ['1'] }] },
      '"tags" (json)',
    ],
    ['reads what comes after scoring', scored, { features: [{ ...numbers.features[0], field: 'high' }] }, '"high"'],
    ['tells classes apart where a number is wanted', scored, classes, 'a classification'],
    ['gives a number where a class is wanted', classifier({ output: 'text' }), numbers, 'a regression'],
    [
      'gives texts where whole numbers are wanted',
      classifier({ output: 'integer' }),
      { ...numbers, ...classes },
      '"dear"',
    ],
    [
      'lacks the class of a probability',
      classifier({ output: 'probability', of: 'fair' }),
      { ...numbers, ...classes },
      '"fair"',
    ],
  ])('%s', (_, pipeline, change, named) => {
    const fit = () => fitted(pipeline, linear('v1', change));
    expect(fit).toThrow(expect.objectContaining({ code: 'BIFOLD_MODEL_UNFIT' }));
    expect(fit).toThrow(named);
  });
});
