import { describe, expect, it } from '@jest/globals';
import { zoneClock } from './zone-clock.ts';

const MINUTE_MS = 60_000;
const BEGIN_MS = Date.UTC(1899, 11, 30);

describe('the clock of a zone', () => {
  it.each<[zone: string, changes: readonly (readonly [at: string, aheadMs: number])[]]>([
    ['UTC', [['1899-12-30T00:00:00Z', 0]]],
    ['Etc/GMT+3', [['1899-12-30T00:00:00Z', -180 * MINUTE_MS]]],
    [
      'Asia/Kathmandu',
      [
        // Local mean time, to the second.
        ['1899-12-30T00:00:00Z', (5 * 60 + 41) * MINUTE_MS + 16_000],
        ['1919-12-31T18:18:44Z', (5 * 60 + 30) * MINUTE_MS],
        ['1985-12-31T18:30:00Z', (5 * 60 + 45) * MINUTE_MS],
      ],
    ],
  ])('%s', (zone, changes) => {
    expect(zoneClock(zone)).toEqual(changes.map(([at, aheadMs]) => [Date.parse(at), aheadMs]));
  });

  it('is read once, frozen, and of that zone', () => {
    const clock = zoneClock('Asia/Kathmandu');
    expect(zoneClock('Asia/Kathmandu')).toBe(clock);
    expect(Object.isFrozen(clock) && clock.every((change) => Object.isFrozen(change))).toBe(true);
    expect(zoneClock('UTC')).toEqual([[BEGIN_MS, 0]]);
  });
});
