import { expect, it } from '@jest/globals';
import { challenged, NOTHING_PROMOTED, promoted, rolledBack } from '../engine.ts';

it('the pointer of a model goes forward, also back', () => {
  const first = promoted(NOTHING_PROMOTED, 'v1');
  expect(() => rolledBack('fares', first)).toThrow(expect.objectContaining({ code: 'BIFOLD_MODEL_NO_PREVIOUS' }));
  const second = promoted(challenged(first, 'v2'), 'v2');
  expect(second).toEqual({ generation: 3, current: 'v2', previous: 'v1', challenger: null });
  expect(rolledBack('fares', second)).toEqual({ generation: 4, current: 'v1', previous: 'v2', challenger: null });
});
