import { describe, expect, it } from '@jest/globals';
import { type CpuProfile, stageSeconds } from './sampling.ts';

describe('the stages of a profile', () => {
  it('gives a sample to the innermost frame that has a stage', () => {
    const frame = (functionName: string, url = '') => ({ functionName, url, lineNumber: 0, columnNumber: 0 });
    const profile: CpuProfile = {
      nodes: [
        { id: 1, callFrame: frame('(root)'), children: [2, 5] },
        { id: 2, callFrame: frame('outer', 'node:outer'), children: [3] },
        { id: 3, callFrame: frame('inner', 'node:inner'), children: [4] },
        { id: 4, callFrame: frame('toString') },
        { id: 5, callFrame: frame('(idle)') },
      ],
      samples: [2, 3, 4, 5, 1],
      timeDeltas: [1e6, 1e6, 1e6, 1e6, 1e6],
    };
    const stages = new Map([
      ['node:outer', 'first'],
      ['node:inner', 'second'],
    ]);
    expect(stageSeconds(profile, (file) => stages.get(file) ?? null)).toEqual({
      first: 1,
      second: 2,
      wait: 1,
      'runtime, sockets': 1,
    });
  });
});
