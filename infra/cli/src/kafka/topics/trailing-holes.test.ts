import type { Log, LogRecord } from '@bifold/core/engine';
import { describe, expect, it } from '@jest/globals';
import { lagOf } from './log-bounds.ts';
import { endOfRecords, withoutTrailingHoles } from './trailing-holes.ts';

/**
 * A partition with records at these offsets; everything else below the end is a hole. A read passes
 * two offsets.
 */
function logWith(offsets: readonly number[]): Pick<Log, 'read'> {
  return {
    read: async (partition, from, to) => {
      const end = Math.min(from + 2, to);
      const records = offsets
        .filter((offset) => from <= offset && offset < end)
        .map(
          (offset): LogRecord => ({
            partition,
            offset,
            timestampMs: 0,
            key: null,
            value: null,
            headers: [],
          }),
        );
      return { records, end, logStart: 0 };
    },
  };
}

describe('the end of the records', () => {
  it('leaves out the markers of transactions behind the last record', async () => {
    expect(await endOfRecords(logWith([0, 1, 2]), 0, 3, 8)).toBe(3);
  });

  it('is the end of the log where a record follows the hole', async () => {
    expect(await endOfRecords(logWith([0, 7]), 0, 1, 8)).toBe(8);
    expect(await endOfRecords(logWith([0]), 0, 1, 1)).toBe(1);
  });
});

it('answers that cover every record lag by nothing, though a marker follows', async () => {
  const bounds = new Map([[0, { start: 0, end: 4 }]]);
  const coverage = { 0: [[0, 3]] as const };
  expect(lagOf(bounds, coverage)).toBe(1);
  expect(lagOf(await withoutTrailingHoles(logWith([0, 1, 2]), bounds, coverage), coverage)).toBe(0);
});
