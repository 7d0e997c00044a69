import {
  type Answer,
  answerOf,
  type Coverage,
  type CoverageDelta,
  digestOf,
  fillPage,
  interpret,
  type LogRecord,
  type MergedRow,
  normalRanges,
  offsetsOf,
  type Range,
  replayAnswer,
  resolveSources,
  rowCoverage,
  type Source,
  type ViewQuery,
  type WindowPlan,
  windowEndMs,
} from '@bifold/core/engine';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { choices } from './numbers.ts';
import { fold, lookupsAt, partitionLog, plainFold, SEGMENT_SIZE, trips } from './trips.ts';

/** An old answer, and where it is read from, against plain Maps. */

const PARTITIONS = ['0', '1'] as const;
const LOG_END = 56;
const logs = fc.tuple(partitionLog(0, LOG_END), partitionLog(1, LOG_END)).map(([zero, one]) => [...zero, ...one]);
const named =
  (coverage: Coverage) =>
  (partition: number, offset: number): boolean =>
    (coverage[partition] ?? []).some(([start, end]) => start <= offset && offset < end);

const ranges = fc
  .array(fc.tuple(fc.nat(60), fc.nat(20)), { maxLength: 4 })
  .map((pairs) => normalRanges(pairs.map(([start, size]): Range => [start, start + size])));
const coverages: fc.Arbitrary<Coverage> = fc
  .record({ 0: ranges, 1: ranges }, { requiredKeys: [] })
  .map((each) => Object.fromEntries(Object.entries(each).filter(([, some]) => some.length > 0)));

describe('where offsets are kept', () => {
  it('is one place for each: the first that has it, in the order of the source', () => {
    const sources = fc.constantFrom<Source>('log', 'archive', 'either');
    fc.assert(
      fc.property(coverages, coverages, coverages, sources, (wanted, log, archive, source) => {
        const located = resolveSources(wanted, source, log, archive);
        for (const partition of PARTITIONS.map(Number)) {
          for (let offset = 0; offset < 90; offset++) {
            const inLog = named(log)(partition, offset);
            const inArchive = source !== 'log' && named(archive)(partition, offset);
            const first =
              source === 'archive' && inArchive ? 'archive' : inLog ? 'log' : inArchive ? 'archive' : 'missing';
            const expected = named(wanted)(partition, offset) ? [first] : [];
            const given = (['log', 'archive', 'missing'] as const).filter((place) =>
              named(located[place])(partition, offset),
            );
            expect(given).toEqual(expected);
          }
        }
        for (const places of [located.log, located.archive, located.missing])
          for (const some of Object.values(places)) expect(some.length).toBeGreaterThan(0);
      }),
    );
  });
});

/**
 * A possible source of an answer: whole segments from the run, others from the speed layer, some
 * rows ahead or behind.
 */
function readSnapshotFor(seed: number) {
  const choose = choices(seed);
  const coverage: Record<string, Range[]> = {};
  const batchBelow: Record<string, number> = {};
  const segments: { partition: number; segment: number; start: number; next: number }[] = [];
  for (const partition of PARTITIONS) {
    const cut = choose(3);
    if (cut > 0) batchBelow[partition] = cut * SEGMENT_SIZE;
    const covered: Range[] = [[0, cut * SEGMENT_SIZE]];
    for (let segment = cut; segment < 4; segment++) {
      if (choose(3) === 0) continue;
      const start = segment * SEGMENT_SIZE;
      const next = choose(2) === 0 ? start + SEGMENT_SIZE : start + 1 + choose(SEGMENT_SIZE);
      segments.push({ partition: Number(partition), segment, start, next });
      covered.push([start, next]);
    }
    const some = normalRanges(covered);
    if (some.length > 0) coverage[partition] = [...some];
  }
  return { choose, readSnapshot: { generation: 3, run: 'r', coverage, batchBelow, segments } };
}

const isIn = (query: ViewQuery, startMs: number): boolean =>
  (query.fromMs === null || startMs >= query.fromMs) && (query.toMs === null || startMs < query.toMs);

/** An answer, page by page, whose every row is folded by itself from the offsets that it names. */
async function pagesOf(log: readonly LogRecord[], seed: number, query: ViewQuery): Promise<readonly Answer[]> {
  const { choose, readSnapshot } = readSnapshotFor(seed);
  const { coverage, batchBelow } = readSnapshot;
  const { view } = fold.rows;
  const ids = new Map<string, { key: string; startMs: number }>();
  const everything = { 0: [[0, LOG_END]], 1: [[0, LOG_END]] } as const;
  const statesOver = async (over: Coverage, key: string, startMs: number) => {
    const { rows } = await interpret(trips, log, over, lookupsAt);
    const some = [...rows.values()].filter(
      (row) =>
        row.key === key &&
        row.window === query.window &&
        (query.total ? isIn(query, row.startMs) : row.startMs === startMs),
    );
    return some.length === 0 ? null : some.map(({ states }) => states).reduce((left, right) => view.merge(left, right));
  };
  for (const { key, window, startMs } of (await interpret(trips, log, everything, lookupsAt)).rows.values()) {
    if (window !== query.window || !isIn(query, startMs)) continue;
    if (query.keys !== null && !query.keys.includes(key)) continue;
    ids.set(query.total ? key : `${key} ${startMs}`, { key, startMs: query.total ? 0 : startMs });
  }
  const windowPlan = trips.plan.windows.find(({ name }) => name === query.window) as WindowPlan;
  const merged: MergedRow[] = [];
  for (const { key, startMs } of ids.values()) {
    const ahead: CoverageDelta[] = [];
    const behind: CoverageDelta[] = [];
    for (const { partition, start, next } of readSnapshot.segments) {
      const room = start + SEGMENT_SIZE - next;
      if (query.total && choose(5) === 0) behind.push({ partition, range: [start, next] });
      if (!query.total && room > 0 && choose(5) === 0)
        ahead.push({ partition, range: [next, next + 1 + choose(room)] });
    }
    const own = rowCoverage(coverage, ahead, behind);
    const share = (isBatch: boolean): Coverage =>
      Object.fromEntries(
        Object.entries(own).map(([partition, some]) => {
          const cut = batchBelow[partition] ?? 0;
          const clipped = some.map(
            ([start, end]): Range => (isBatch ? [start, Math.min(end, cut)] : [Math.max(start, cut), end]),
          );
          return [partition, normalRanges(clipped)];
        }),
      );
    const [batch, speed] = [await statesOver(share(true), key, startMs), await statesOver(share(false), key, startMs)];
    if (batch === null && speed === null && ahead.length + behind.length === 0) continue;
    const states = batch && speed ? view.merge(batch, speed) : (batch ?? speed ?? view.empty);
    merged.push({
      key,
      window: query.window,
      startMs,
      endMs: query.total ? null : windowEndMs(windowPlan, startMs),
      states,
      batch,
      speed,
      ahead,
      behind,
    });
  }
  const { plan } = trips;
  // The order of the tables is that of UTF-8; one bucket of two holds a key.
  const bytes = ({ key }: MergedRow) => Buffer.from(key);
  const bucketed = await Promise.all(
    merged.map(async (row) => ({
      row,
      bucket: (await fillPage(plan, view, readSnapshot, query, [row], () => true)).end?.bucket ?? 0,
    })),
  );
  bucketed.sort(
    (left, right) =>
      left.bucket - right.bucket ||
      Buffer.compare(bytes(left.row), bytes(right.row)) ||
      left.row.startMs - right.row.startMs,
  );
  const rows = bucketed.map(({ row }) => row);
  const plain = plainFold(log, named(coverage));
  const quarantined = {
    reasons: Object.fromEntries(
      ['tombstone', 'not-utf8', 'not-json', 'not-an-object', 'invalid', 'wrong-type', 'bad-event-time'].flatMap(
        (reason) => {
          const records = plain.quarantined.get(reason);
          return records === undefined ? [] : [[reason, records]];
        },
      ),
    ),
    behind: [],
  };
  const scope = { version: plan.version, topicId: 'i' };
  const pages: Answer[] = [];
  for (let from = 0, start: Answer['receipt']['page']['start'] = null; from === 0 || from < rows.length; ) {
    const filled = await fillPage(
      plan,
      view,
      readSnapshot,
      query,
      rows.slice(from),
      (_, before) => before < query.limit,
    );
    pages.push(answerOf(plan, scope, readSnapshot, query, { quarantined, models: null }, start, filled));
    from += filled.rows.length;
    start = filled.end;
    if (filled.rows.length === 0) break;
  }
  return pages;
}

const questions = fc.record({
  window: fc.constantFrom('minutely', 'sevens'),
  keys: fc.option(fc.constant(['["rome",true]', '["oslo",false]', '["z\u{1f600}",null]'])),
  fromMs: fc.option(fc.integer({ min: -20, max: 5 })),
  toMs: fc.option(fc.integer({ min: -5, max: 20 })),
  total: fc.boolean(),
  snapshot: fc.boolean(),
  parts: fc.boolean(),
  limit: fc.constantFrom(1, 3, 1000),
  cursor: fc.constant(null),
});

describe('an old answer', () => {
  it('is given again from its receipt and the rows that deviate, page by page, to the byte', async () => {
    await fc.assert(
      fc.asyncProperty(logs, fc.integer(), questions, async (log, seed, query) => {
        for (const page of await pagesOf(log, seed, query)) {
          const read: Answer = JSON.parse(JSON.stringify(page));
          const kept = {
            query,
            receipt: read.receipt,
            rows: read.rows.filter(({ ahead, behind }) => ahead ?? behind),
          };
          const wanted = offsetsOf(kept);
          const records = log.filter(({ partition, offset }) => named(wanted)(partition, offset)).reverse();
          const again = await replayAnswer(trips, kept, records, lookupsAt);
          expect(JSON.stringify(again)).toBe(JSON.stringify(page));
          expect(again.receipt.digest).toBe(digestOf(page.receipt, page.rows));
          // Records that the answer does not name have no effect, from either source.
          expect(JSON.stringify(await replayAnswer(trips, kept, log, lookupsAt))).toBe(JSON.stringify(page));
        }
      }),
      { numRuns: 60 },
    );
  });
});
