import { describe, expect, it } from '@jest/globals';
import { retentionWarnings } from './archive-report.ts';

const minuteMs = 60_000;
const archive = (lagMs: number, logStart: number, frontier: number, end: number) => ({
  lagMs,
  behind: Math.max(0, end - frontier),
  partitions: { 0: { logStart, frontier, end } },
});

describe('a retention', () => {
  it('is no danger when it is unlimited, or much longer than the archive lags', () => {
    expect(retentionWarnings('t', archive(5 * minuteMs, 0, 0, 100), { ms: null, bytes: null })).toEqual([]);
    expect(retentionWarnings('t', archive(5 * minuteMs, 0, 0, 100), { ms: 600 * minuteMs, bytes: null })).toEqual([]);
  });

  it('is named when it is shorter than the lag, before anything is lost', () => {
    const [warning] = retentionWarnings('t', archive(50 * minuteMs, 0, 0, 100), { ms: 40 * minuteMs, bytes: null });
    expect(warning).toMatch(/keeps records for 40 min, and the archive is 50 min behind/);
  });

  it('is named when no run of the archive may fail', () => {
    expect(retentionWarnings('t', archive(0, 0, 100, 100), { ms: minuteMs, bytes: null })).toHaveLength(1);
  });

  it('is named when the log start closes in, and when it was faster', () => {
    const long = { ms: 6_000 * minuteMs, bytes: null };
    expect(retentionWarnings('t', archive(minuteMs, 80, 90, 200), long)[0]).toMatch(/closes in/);
    expect(retentionWarnings('t', archive(minuteMs, 95, 90, 200), long)[0]).toMatch(/LOST: offsets \[90, 95\) of t\/0/);
  });
});
