import { describe, expect, it } from '@jest/globals';
import { differences, foldPlainly, type ResultRow } from './oracle.ts';
import { readings, WINDOW_MS } from './readings.ts';

const small = { seed: 7, pace: 1_000, count: 20_000 };

describe('the oracle of W1', () => {
  const event = (key: string, ts: number, v: number) => ({ key, ts, v });

  it('counts, adds up and takes the maximum of each key in each window', () => {
    const rows = foldPlainly([event('a', 0, 1.5), event('b', 0, 2), event('a', 9_999, 0.25), event('a', 10_000, 4)]);
    expect([...rows.values()]).toEqual([
      { key: 'a', startMs: 0, n: 2, s: 1.75, mx: 1.5 },
      { key: 'b', startMs: 0, n: 1, s: 2, mx: 2 },
      { key: 'a', startMs: WINDOW_MS, n: 1, s: 4, mx: 4 },
    ]);
  });

  it('rounds an exact sum once, where adding doubles one by one goes wrong', () => {
    const sumOf = (...values: number[]) =>
      [...foldPlainly(values.map((value) => event('a', 0, value))).values()].map(({ s }) => s)[0];
    const tenths = new Array(10).fill(0.1);
    expect(tenths.reduce((sum, tenth) => sum + tenth, 0)).not.toBe(1);
    expect(sumOf(...tenths)).toBe(1);
    expect(sumOf(0.1, 0.2)).toBe(0.30000000000000004);
    expect(sumOf(2 ** 53, 1, 1)).toBe(2 ** 53 + 2);
    // A tie goes to the even mantissa.
    expect(sumOf(2 ** 53, 1)).toBe(2 ** 53);
    expect(sumOf(-5.5, 5.5)).toBe(0);
    expect(sumOf(-1.25, -1)).toBe(-2.25);
  });

  it('refuses a value that it could not add up exactly', () => {
    expect(() => foldPlainly([event('a', 0, Number.MIN_VALUE)])).toThrow(/oracle cannot hold/);
  });

  it('tells a result that is right from one that is wrong', () => {
    const expected = foldPlainly(readings(small));
    const rows = [...expected.values()];
    const changed = (change: Partial<ResultRow>) => [{ ...(rows[0] as ResultRow), ...change }, ...rows.slice(1)];
    const [first] = rows as [ResultRow];
    expect(differences(expected, rows, 0)).toEqual([]);
    expect(differences(expected, rows.slice(1), 0)).toEqual([expect.stringContaining('1 of')]);
    expect(differences(expected, [...rows, first], 0)).toEqual([expect.stringContaining('twice')]);
    expect(differences(expected, changed({ n: first.n + 1 }), 0)).toEqual([expect.stringContaining('count')]);
    expect(differences(expected, changed({ mx: first.mx + 1 }), 0)).toEqual([expect.stringContaining('maximum')]);
    const near = changed({ s: first.s * (1 + 1e-12) });
    expect(differences(expected, near, 0)).toEqual([expect.stringContaining('sum')]);
    expect(differences(expected, near, 1e-9)).toEqual([]);
    expect(differences(expected, changed({ s: Number.NaN }), 1e-9)).toEqual([expect.stringContaining('sum')]);
    expect(differences(expected, changed({ key: 'nobody' }), 0)).toEqual([
      expect.stringContaining('should not be there'),
    ]);
  });
});
