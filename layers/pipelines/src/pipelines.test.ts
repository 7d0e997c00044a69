import { describe, expect, it } from '@jest/globals';
import { thawedParts } from '../../core/src/definition/rides.fixture.ts';
import { pipelines } from './index.ts';

describe.each(pipelines.map(({ plan }) => [plan.name, plan] as const))('the pipeline %s', (_, plan) => {
  it('has a plan of plain data', () => {
    expect(structuredClone(plan)).toEqual(plan);
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
  });

  it('has a plan that is frozen all the way down', () => {
    expect(thawedParts(plan)).toEqual([]);
  });
});
