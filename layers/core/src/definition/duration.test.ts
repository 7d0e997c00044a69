import { describe, expect, it } from '@jest/globals';
import { tumbling } from '../index.ts';
import { durationMs } from './duration.ts';
import { itRefuses } from './rides.fixture.ts';

describe('a duration', () => {
  itRefuses([
    ...['2 min', '1hour', '1.5h', '0s', '-1h', '', '1w', '1H', ' 1h', '999999999999d', 'Infinityms', undefined, 5].map(
      (duration) => ({
        code: 'BIFOLD_BAD_DURATION',
        what: `the duration ${duration}`,
        names: JSON.stringify(duration) ?? 'undefined',
        allowed: 'ms, s, m, h or d',
        make: () => tumbling(duration as never),
      }),
    ),
  ]);
});

describe('durationMs()', () => {
  it.each([
    ['1ms', 1],
    ['90s', 90_000],
    ['10m', 600_000],
    ['1h', 3_600_000],
    ['7d', 604_800_000],
    ['007d', 604_800_000],
  ] as const)('%s', (duration, sizeMs) => {
    expect(durationMs(duration)).toBe(sizeMs);
  });
});
