import { describe, expect, it } from '@jest/globals';
import { spreadOf } from './report.ts';

describe('the report of W1', () => {
  it('takes the middle of the runs', () => {
    expect(spreadOf([3, 1, 2])).toEqual({ min: 1, median: 2, max: 3 });
    expect(spreadOf([4, 1])).toEqual({ min: 1, median: 2.5, max: 4 });
  });
});
