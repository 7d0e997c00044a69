import { describe, expect, it } from '@jest/globals';
import { checkGolden, readModel, scorerOf } from '../engine.ts';
import { bytesOf, fields, GOLDEN_VERSION, goldenOf, rows } from './golden.fixture.ts';

describe('golden vectors', () => {
  const records = rows.map((row) => Object.fromEntries(row.map((value, index) => [fields[index], value])));
  const golden = (name: string, change: (predictions: unknown[], probabilities: number[][]) => void = () => {}) => {
    const { predictions, probabilities } = structuredClone(goldenOf(name));
    change(predictions as unknown[], (probabilities ?? []) as number[][]);
    return bytesOf({ rows: records, predictions, probabilities });
  };
  const scorer = (name: string) => scorerOf(readModel(bytesOf(goldenOf(name).model), name, GOLDEN_VERSION));

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
