import { describe, expect, it } from '@jest/globals';
import { distributions, readVersion, versionFile } from '../drift/rides.fixture.ts';

describe('distributions in a version', () => {
  const changed = (part: 'features' | 'score', change: object) => ({
    distributions: {
      ...distributions,
      ...(part === 'score'
        ? { score: { ...distributions.score, ...change } }
        : { features: [{ ...distributions.features[0], ...change }] }),
    },
  });

  it('are read as training writes them, and may be absent', () => {
    expect(readVersion(versionFile()).distributions).toEqual(distributions);
    expect(readVersion(versionFile({ distributions: undefined })).distributions).toBeUndefined();
  });

  it.each<[string, object]>([
    ['of fewer features', { distributions: { ...distributions, features: [] } }],
    ['without scores', { distributions: { features: distributions.features } }],
    ['with edges in disorder', changed('features', { edges: [2.5, 1] })],
    ['with too few counts', changed('features', { counts: [1, 2] })],
    ['with counts that are none', changed('features', { counts: [1, -2, 3] })],
    ['with half a null', changed('features', { nulls: 0.5 })],
    ['of an unknown type', changed('score', { type: 'text' })],
    ['with a value twice', changed('score', { values: ['a', 'a'], counts: [1, 2, 3] })],
    [
      'of more bins than are counted',
      changed('score', { values: Array.from({ length: 20 }, (_, one) => one), counts: Array(21).fill(1) }),
    ],
  ])('are refused %s', (_, change) => {
    expect(() => readVersion(versionFile(change))).toThrow(expect.objectContaining({ code: 'BIFOLD_MODEL_DAMAGED' }));
  });
});
