import { describe, expect, it } from '@jest/globals';
import { driftMeasures, ksOf, psiOf, rareChiSquare } from '../engine.ts';

describe('measures of drift', () => {
  // Values of SciPy 1.17: entropy(p, q) + entropy(q, p) of the counts plus a half, and ks_2samp of
  // the bin numbers.
  it.each<[readonly number[], readonly number[], number, number]>([
    [[10, 20, 30, 40], [10, 20, 30, 40], 0, 0],
    [[100, 100, 100, 100], [90, 110, 105, 95], 0.006205423456881723, 0.025],
    [[50, 30, 20], [20, 30, 50], 0.532935044415932, 0.3],
    [[0, 5, 95], [95, 5, 0], 9.831841885013397, 0.95],
    [[7], [3], 0, 0],
    [[142, 0, 1, 17, 5, 60], [1, 2, 3, 4, 5, 600], 4.552794251486118, 0.7089430894308943],
  ])('of %j and %j are those of SciPy', (then, now, psi, ks) => {
    expect(psiOf(then, now)).toBeCloseTo(psi, 12);
    expect(ksOf(then, now)).toBeCloseTo(ks, 12);
  });

  // chi2.ppf(0.999, k)
  it.each([
    [1, 10.827566170662733],
    [2, 13.815510557964274],
    [5, 20.515005652432873],
    [20, 45.31474661812586],
  ])('chi-square of %i degrees is as rare as it says, within 4 %%', (degrees, exact) => {
    expect(Math.abs(rareChiSquare(degrees) / exact - 1)).toBeLessThan(0.04);
  });

  it('count nulls as a bin of the PSI, and not for the KS', () => {
    const { psi, ks, nulls } = driftMeasures({ nulls: 0, counts: [50, 50] }, { nulls: 50, counts: [25, 25] }, true);
    expect(psi).toBeCloseTo(psiOf([50, 50, 0], [25, 25, 50]), 12);
    expect([ks, nulls]).toEqual([0, { trained: 0, now: 0.5 }]);
  });

  it('have no KS of categories, and nothing of nothing', () => {
    expect(driftMeasures({ nulls: 0, counts: [5, 5] }, { nulls: 0, counts: [9, 1] }, false).ks).toBeNull();
    const nothing = { psi: null, psiByChance: null, ks: null, ksByChance: null, verdict: 'unknown' };
    expect(driftMeasures({ nulls: 0, counts: [5, 5] }, { nulls: 0, counts: [0, 0] }, true)).toMatchObject(nothing);
    expect(driftMeasures({ nulls: 0, counts: [0] }, { nulls: 0, counts: [5] }, true)).toMatchObject(nothing);
    expect(driftMeasures({ nulls: 0, counts: [5, 5] }, { nulls: 9, counts: [0, 0] }, true)).toMatchObject({ ks: null });
  });

  it.each<[string, readonly number[], object | undefined]>([
    ['stable', [1_050, 950], undefined],
    ['moved', [1_400, 600], undefined],
    ['drifted', [1_600, 400], undefined],
    ['drifted', [1_400, 600], { moved: 0.05, drifted: 0.1 }],
    ['stable', [1_400, 600], { moved: 0.3, drifted: 0.4 }],
    // The same distance as the second one, but with ten records.
    ['stable', [7, 3], undefined],
  ])('say "%s" of %j against as many of each', (verdict, counts, thresholds) => {
    const measures = driftMeasures(
      { nulls: 0, counts: [1_000, 1_000] },
      { nulls: 0, counts },
      true,
      thresholds as never,
    );
    expect(measures.verdict).toBe(verdict);
  });
});
