import { describe, expect, it } from '@jest/globals';
import { EVENT_BYTES, KEYS, PARTITIONS, partitionOf, reading, readings, textOf } from './readings.ts';

const small = { seed: 7, pace: 1_000, count: 20_000 };

describe('the events of W1', () => {
  it('are the same for the same seed, and others for another', () => {
    expect([...readings({ ...small, count: 50 })]).toEqual([...readings({ ...small, count: 50 })]);
    expect([...readings({ ...small, count: 50 })]).not.toEqual([...readings({ ...small, seed: 8, count: 50 })]);
  });

  it('are JSON of one size, also at the largest index and value', () => {
    for (const index of [0, 1, 999, 999_999, 4_999_999]) {
      const event = reading(small, index);
      expect(Buffer.byteLength(textOf(event))).toBe(EVENT_BYTES);
      expect(JSON.parse(textOf(event))).toMatchObject(event);
    }
    expect(Buffer.byteLength(textOf({ key: 'k999', ts: 1_700_000_000_000, v: 999.99 }))).toBe(EVENT_BYTES);
  });

  it('spread evenly over keys and partitions, in the order of their times', () => {
    const keys = new Map<string, number>();
    const partitions = new Array(PARTITIONS).fill(0);
    let before = 0;
    for (const { key, ts } of readings(small)) {
      keys.set(key, (keys.get(key) ?? 0) + 1);
      partitions[partitionOf(key)] += 1;
      expect(ts).toBeGreaterThanOrEqual(before);
      before = ts;
    }
    expect(keys.size).toBe(KEYS);
    for (const count of partitions) expect(Math.abs(count / (small.count / PARTITIONS) - 1)).toBeLessThan(0.05);
  });

  it('come at the pace that was asked for', () => {
    const span = (pace: number) => reading({ seed: 1, pace }, 30_000).ts - reading({ seed: 1, pace }, 0).ts;
    expect(span(1_000)).toBe(30_000);
    expect(span(10_000)).toBe(3_000);
  });
});
