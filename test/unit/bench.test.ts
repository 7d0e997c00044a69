import { describe, expect, it } from '@jest/globals';
import { differences, foldPlainly, type ResultRow } from '../bench/oracle.ts';
import { EVENT_BYTES, KEYS, PARTITIONS, partitionOf, reading, readings, textOf, WINDOW_MS } from '../bench/readings.ts';
import { spreadOf } from '../bench/report.ts';
import { type CpuProfile, stageSeconds } from '../bench/sampling.ts';

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

describe('the report of W1', () => {
  it('takes the middle of the runs', () => {
    expect(spreadOf([3, 1, 2])).toEqual({ min: 1, median: 2, max: 3 });
    expect(spreadOf([4, 1])).toEqual({ min: 1, median: 2.5, max: 4 });
  });

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
