import { describe, expect, it } from '@jest/globals';
import { readModel, scorerOf } from '../engine.ts';
import { bytesOf, GOLDEN_VERSION, goldenOf, rows } from '../model-file/golden.fixture.ts';

const withinRelative = (given: number, expected: number, relative: number): boolean =>
  Math.abs(given - expected) <= relative * Math.abs(expected);

describe.each([
  ['linear', 'within'],
  ['forest', 'bits'],
  ['boosting', 'bits'],
] as const)('%s regression', (name, exactness) => {
  it(`says of 2,000 rows what scikit-learn says: ${exactness === 'bits' ? 'the same bits' : 'within 1e-12'}`, () => {
    const { model, predictions } = goldenOf(name);
    const scorer = scorerOf(readModel(bytesOf(model), name, GOLDEN_VERSION));
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
    const { model, predictions, probabilities } = goldenOf(name);
    const read = readModel(bytesOf(model), name, GOLDEN_VERSION);
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
