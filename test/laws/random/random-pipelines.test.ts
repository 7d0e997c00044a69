import { AGGREGATES, type AggregateKind } from '@bifold/core/engine';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RANDOM_KINDS, randomCase } from './random-pipelines.ts';
import { type Compared, runRandomPipeline } from './run-random-pipeline.ts';

describe('random pipelines over random logs', () => {
  it('have aggregates of every kind', () => {
    expect([...RANDOM_KINDS].sort()).toEqual((Object.keys(AGGREGATES) as AggregateKind[]).sort());
  });

  it('give what the plain fold gives: speed alone, batch and speed merged, batch alone', async () => {
    const all: Compared[] = [];
    await fc.assert(
      fc.asyncProperty(randomCase, async (random) => {
        all.push(await runRandomPipeline(random));
      }),
      { numRuns: 60 },
    );
    const total = (of: keyof Compared): number => all.reduce((sum, each) => sum + each[of], 0);
    // Some of them must publish a generation.
    expect([total('rows') > 600, total('generations') > 20, total('poison') > 60]).toEqual([true, true, true]);
  });
});
