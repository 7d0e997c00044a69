import { describe, expect, it } from '@jest/globals';
import type { Plan } from '../plan/plan.ts';
import type { WindowPlan } from '../plan/window.ts';
import { TIME_LIMIT_MS } from '../records/value.ts';
import { NO_WATERMARK_MS } from '../stateful/watermark.ts';
import type { ReadSnapshot } from './answer.ts';
import type { Coverage } from './coverage.ts';
import { contiguousEnd, finalBeforeOf, isFinal, withFinality } from './finality.ts';

const late = { allowedLatenessMs: 10, maxClockSkewMs: 1000 };
const joined = (within: { readonly beforeMs: number; readonly afterMs: number } | null): Pick<Plan, 'late' | 'relay'> =>
  ({ late, relay: { topic: 'pairs', partitions: 1, sources: [], join: { within } } }) as unknown as Plan;
const relayed = { late, relay: { topic: 'both', partitions: 1, sources: [] } } as unknown as Plan;
const covered: Coverage = { 0: [[0, 5]], 3: [[0, 7]] };
const watermarks = (first: number, second: number) =>
  new Map([
    [0, first],
    [3, second],
    // A watermark of a partition that the answer does not cover.
    [7, -5],
  ]);

describe('how far a partition is covered without a gap', () => {
  it.each([
    ['nothing', [], 0],
    ['its beginning', [[0, 4]], 4],
    [
      'more behind a gap',
      [
        [0, 4],
        [6, 9],
      ],
      4,
    ],
    ['not its beginning', [[2, 9]], 0],
  ] as const)('%s', (_, ranges, expected) => expect(contiguousEnd(ranges)).toBe(expected));
});

describe('finalBefore', () => {
  it.each([
    ['is absent where late events are counted', {}, covered, watermarks(500, 400), undefined],
    ['follows the slowest partition', { late }, covered, watermarks(500, 400), 390],
    ['follows the slowest partition, whichever it is', { late }, covered, watermarks(300, 400), 290],
    ['is null when nothing is covered', { late }, {}, watermarks(500, 400), null],
    ['is null while a covered partition has no event', { late }, covered, new Map([[0, 500]]), null],
    [
      'is null until every covered partition has a watermark',
      { late },
      covered,
      watermarks(500, NO_WATERMARK_MS),
      null,
    ],
    ['is null at the earliest time', { late }, covered, watermarks(500, NO_WATERMARK_MS + 10), null],
    [
      'is set just above the earliest time',
      { late },
      covered,
      watermarks(500, NO_WATERMARK_MS + 11),
      NO_WATERMARK_MS + 1,
    ],
    ['a relay alone waits for nothing', relayed, covered, watermarks(500, 400), 390],
    ['a pair waits for its right event', joined({ beforeMs: 7, afterMs: 40 }), covered, watermarks(500, 400), 350],
    ['which may come at any time', joined(null), covered, watermarks(TIME_LIMIT_MS, TIME_LIMIT_MS), null],
  ] as const)('%s', (_, plan, coverage, at, expected) => expect(finalBeforeOf(plan, coverage, at)).toBe(expected));
});

describe('a read snapshot', () => {
  const readSnapshot: ReadSnapshot = { generation: 1, run: null, segments: [], coverage: covered, batchBelow: {} };

  it('says what is final from there', () =>
    expect(withFinality({ late }, readSnapshot, watermarks(500, 400))).toEqual({
      ...readSnapshot,
      finalBeforeMs: 390,
    }));

  it('says so while nothing is', () =>
    expect(withFinality({ late }, readSnapshot, new Map())).toEqual({ ...readSnapshot, finalBeforeMs: null }));

  it('does not speak of it where every event counts', () =>
    expect(withFinality({}, readSnapshot, watermarks(500, 400))).toStrictEqual(readSnapshot));
});

describe('a row is final', () => {
  const tumbling = { name: 'tens', kind: 'tumbling' } as unknown as WindowPlan;
  const session = { name: 'rests', kind: 'session' } as unknown as WindowPlan;
  const behind = [{ partition: 0, range: [2, 3] }] as const;
  it.each([
    ['when its window ends by then', tumbling, { endMs: 100, behind: [] }, 100, true],
    ['or before', tumbling, { endMs: 99, behind: [] }, 100, true],
    ['and not later', tumbling, { endMs: 101, behind: [] }, 100, false],
    ['a session when its gap is over', session, { endMs: 99, behind: [] }, 100, true],
    ['and not as it ends', session, { endMs: 100, behind: [] }, 100, false],
    ['never without an end', tumbling, { endMs: null, behind: [] }, 100, false],
    ['nor while nothing is certain', tumbling, { endMs: -100, behind: [] }, null, false],
    ['nor while it is behind its receipt', tumbling, { endMs: 99, behind }, 100, false],
  ] as const)('%s', (_, window, row, beforeMs, expected) => expect(isFinal(window, row, beforeMs)).toBe(expected));
});
