import { describe, expect, it } from '@jest/globals';
import { driftOf, driftPlanOf } from '../engine.ts';
import { newer, older, readVersion, versionFile, watched } from './rides.fixture.ts';

describe('a report of drift', () => {
  it('holds each feature and the score against the version that the row names', () => {
    const plan = driftPlanOf(watched.plan);
    if (plan === null) throw new Error('no drift is told');
    const report = driftOf(plan, newer, readVersion(versionFile()));
    expect(report).toMatchObject({
      model: 'fares',
      version: 'v1',
      records: 1_000,
      verdict: 'drifted',
      rows: { features: 100, score: 50 },
      drifts: [
        { feature: null, type: 'category', bins: ['dear'], trained: [40, 10], now: [790, 210], verdict: 'stable' },
        { feature: 'fare', type: 'number', bins: [1, 2.5], now: [10, 90, 900], nulls: { trained: 0.1, now: 0 } },
      ],
    });
    expect(driftOf(plan, older, readVersion(versionFile())).verdict).toBe('stable');
  });
});
