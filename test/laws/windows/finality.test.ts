import { count, definePipeline, dropLate, running, session, sliding, sum, topic, tumbling } from '@bifold/core';
import {
  type AnswerRow,
  type FoldedRow,
  fillPage,
  foldOf,
  InMemoryStatefulStage,
  interpret,
  type LogRecord,
  rowId,
  type ViewQuery,
  withFinality,
} from '@bifold/core/engine';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { placed } from '../operators/placed.ts';

/** The final rows, computed from the covered log alone. */

const Tap = z.object({ at: z.int(), user: z.string() });
const taps = definePipeline({
  name: 'taps',
  from: topic('taps', {
    schema: Tap,
    schemaVersion: 1,
    partitionBy: 'user',
    eventTime: { field: 'at', unit: 'ms' },
  }),
  dropLate: dropLate('4ms', { maxClockSkew: '6ms' }),
  groupBy: ['user'],
  windows: { fives: tumbling('5ms'), slides: sliding('6ms', '2ms'), rests: session('3ms'), ever: running() },
  aggregates: { n: count(), times: sum('at') },
});
const { plan } = taps;
const WINDOWS = plan.windows.map(({ name }) => name);
const noLookups = () => () => null;

const recordOf = (tap: {
  partition: number;
  offset: number;
  at: number;
  user: string;
  takenMs: number;
}): LogRecord => ({
  partition: tap.partition,
  offset: tap.offset,
  timestampMs: tap.takenMs,
  key: null,
  headers: [],
  value: Buffer.from(JSON.stringify({ at: tap.at, user: tap.user })),
});

const logs = fc
  .array(
    fc.record({
      partition: fc.constantFrom(0, 1),
      at: fc.integer({ min: 0, max: 24 }),
      user: fc.constantFrom('ann', 'bob'),
      takenMs: fc.integer({ min: 10, max: 30 }),
      skipped: fc.integer({ min: 0, max: 1 }),
    }),
    { minLength: 6, maxLength: 40 },
  )
  .map((drawn) => placed(drawn).map(recordOf));

/** The rows of one window over the first offsets of both partitions, as they are shown. */
async function rowsOver(
  log: readonly LogRecord[],
  ends: readonly number[],
  window: string,
): Promise<readonly AnswerRow[]> {
  const fold = foldOf(taps);
  const coverage = Object.fromEntries(ends.flatMap((end, each) => (end === 0 ? [] : [[each, [[0, end]] as const]])));
  const earlier = new InMemoryStatefulStage(fold.statefulStage as NonNullable<typeof fold.statefulStage>);
  for (const record of log)
    if (record.offset < (ends[record.partition] as number)) earlier.process(record, fold.decode(record.value, []));
  const clocks = new Map(ends.map((_, partition) => [partition, earlier.watermarkMs(partition)]));
  const folded = await interpret(taps, log, coverage, noLookups);
  const query: ViewQuery = {
    window,
    keys: null,
    fromMs: null,
    toMs: null,
    total: false,
    snapshot: false,
    parts: false,
    limit: 1_000,
    cursor: null,
  };
  const merged = [...folded.rows.values()]
    .filter((row: FoldedRow) => row.window === window)
    .map((row) => ({ ...row, batch: null, speed: row.states, ahead: [], behind: [] }));
  const covering = { generation: 0, run: null, segments: [], coverage, batchBelow: {} };
  const readSnapshot = withFinality(plan, covering, clocks);
  return (await fillPage(plan, fold.rows.view, readSnapshot, query, merged, () => true)).rows;
}

const idOf = ({ key, window }: AnswerRow): string =>
  rowId(window.name, Date.parse(window.start as string), `${key.user}`);

describe('a row that is final', () => {
  it('stays as it is, whatever comes after it, and is so as soon as nothing can change it', async () => {
    let [runs, finals] = [0, 0];
    await fc.assert(
      fc.asyncProperty(logs, fc.nat({ max: 40 }), fc.nat({ max: 40 }), async (log, first, second) => {
        const length = (partition: number) =>
          1 + Math.max(0, ...log.flatMap((one) => (one.partition === partition ? one.offset : [])));
        // Both partitions have records, because a partition without any holds nothing back.
        const begun = [0, 1].map((partition) => log.find((one) => one.partition === partition)?.offset ?? -1);
        fc.pre(begun.every((offset) => offset >= 0));
        runs++;
        const ends = [first, second].map((end, partition) => Math.max((begun[partition] as number) + 1, end));
        for (const window of WINDOWS) {
          const later = new Map((await rowsOver(log, [length(0), length(1)], window)).map((row) => [idOf(row), row]));
          for (const row of await rowsOver(log, ends, window)) {
            if (window === 'ever') expect(row.final).toBeUndefined();
            if (row.final !== true) continue;
            finals++;
            expect(later.get(idOf(row))).toEqual(row);
          }
        }
      }),
      { numRuns: 400 },
    );
    // Each log has at least one final row. Mutation testing draws fewer logs.
    expect(finals).toBeGreaterThan(runs);
  });

  it.each([
    ['fives', 14, 10, true],
    ['fives', 13, 10, false],
    // An event at 10 would still belong to the session that ends there.
    ['rests', 14, 10, false],
    ['rests', 15, 10, true],
  ])('of %s, with a clock at %d, ends by %d: %s', async (window, clock, end, expected) => {
    const at = window === 'fives' ? 5 : end - 3;
    const log = [at, clock].map((time, offset) =>
      recordOf({ partition: 0, offset, at: time, user: 'ann', takenMs: 30 }),
    );
    const rows = await rowsOver(log, [2, 0], window);
    expect(rows.find((row) => row.window.end === new Date(end).toISOString())?.final).toBe(expected);
  });
});
