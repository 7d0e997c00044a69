import {
  type FragmentRow,
  interpret,
  interpretEach,
  type LogRecord,
  QUARANTINE_WINDOW,
  SegmentFold,
} from '@bifold/core/engine';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fold, lookupsAt, type PlainFold, partitionLog, plainFold, SEGMENT_SIZE, trips } from './trips.ts';

const idOf = ({ key, window, startMs }: FragmentRow): string =>
  JSON.stringify([window, startMs, JSON.parse(key || 'null')]);

function foldInto(segment: SegmentFold, records: readonly LogRecord[]): void {
  for (const { partition, offset, value } of records) {
    const decoded = fold.decode(value);
    if (decoded.kind === 'poison') {
      segment.addPoison(offset, decoded.reason);
      continue;
    }
    segment.addEvents(offset, decoded.timeMs, fold.enrich(decoded.values, lookupsAt(partition, offset)));
  }
}

/**
 * The store of one segment: the most complete writer wins, and equal log positions must come with
 * equal bytes.
 */
class Store {
  readonly rows = new Map<string, FragmentRow>();

  write(row: FragmentRow): void {
    const known = this.rows.get(idOf(row));
    if (known?.lastOffset === row.lastOffset) expect(Buffer.compare(known.cell, row.cell)).toBe(0);
    if (known === undefined || row.lastOffset > known.lastOffset) this.rows.set(idOf(row), row);
  }
}

/**
 * An invocation: it starts anywhere at or below progress, from the rows stored now or earlier, and
 * may die during its writes.
 */
const invocation = fc.record({
  from: fc.nat(),
  to: fc.nat(),
  chunks: fc.integer({ min: 1, max: 3 }),
  written: fc.option(fc.nat()),
  stale: fc.boolean(),
});
const SEGMENT = 3;
const FIRST = SEGMENT * SEGMENT_SIZE;
const segmentLog = partitionLog(1, SEGMENT_SIZE).map((records) =>
  records.map((record) => ({ ...record, offset: record.offset + FIRST })),
);

function expectPlain(rows: Iterable<FragmentRow>, plain: PlainFold): void {
  let seen = 0;
  for (const row of rows) {
    const { states, lastOffset } = fold.rows.of(row.window).decodeFragment(row.cell);
    expect(lastOffset).toBe(row.lastOffset);
    const shown = fold.rows.of(row.window).present(states);
    if (row.window === QUARANTINE_WINDOW) {
      expect(new Map(Object.entries(shown).filter(([, count]) => count !== 0))).toEqual(plain.quarantined);
      continue;
    }
    seen++;
    expect(shown).toEqual(plain.rows.get(idOf(row)));
    expect(lastOffset).toBe(plain.lastOffsets.get(`1/${SEGMENT}/${idOf(row)}`));
  }
  expect(seen).toBe(plain.rows.size);
}

describe('the fold of a segment', () => {
  it('is the plain fold, whatever batches, redeliveries, crashes, restarts and zombies wrote it', () => {
    fc.assert(
      fc.property(segmentLog, fc.array(invocation, { maxLength: 6 }), (log, invocations) => {
        const store = new Store();
        let progress = FIRST;
        let stale: { rows: readonly FragmentRow[]; progress: number } = { rows: [], progress: FIRST };
        for (const { from, to, chunks, written, stale: isStale } of [
          ...invocations,
          { from: 0, to: SEGMENT_SIZE, chunks: 1, written: null, stale: false },
        ]) {
          const known = isStale ? stale : { rows: [...store.rows.values()], progress };
          const start = known.progress - (from % (known.progress - FIRST + 1));
          const end = Math.min(start + (to % (SEGMENT_SIZE + 1)), FIRST + SEGMENT_SIZE);
          const batch = log.filter(({ offset }) => offset >= start && offset < Math.max(end, start));
          const segment = new SegmentFold(fold, 0, SEGMENT, start === FIRST ? [] : known.rows);
          if (to % 2 === 0) stale = { rows: [...store.rows.values()], progress };
          // A warm function folds what follows into the same object.
          const size = Math.ceil(batch.length / chunks) || 1;
          let complete = true;
          for (let index = 0; index < batch.length && complete; index += size) {
            foldInto(segment, batch.slice(index, index + size));
            segment.takeTouched().forEach((row, position) => {
              if (written === null || ((written >> (position % 30)) & 1) === 1) store.write(row);
              else complete = false;
            });
          }
          if (complete) progress = Math.max(progress, end);
        }
        const last = new SegmentFold(fold, 0, SEGMENT, [...store.rows.values()]);
        foldInto(
          last,
          log.filter(({ offset }) => offset >= progress),
        );
        for (const row of last.takeTouched()) store.write(row);

        const once = new SegmentFold(fold, 0, SEGMENT, []);
        foldInto(once, log);
        const expected = once.takeTouched();
        expect([...store.rows].sort()).toEqual(expected.map((row) => [idOf(row), row]).sort());
        expectPlain(
          expected,
          plainFold(log, () => true),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('gives only rows that changed, and none twice', () => {
    fc.assert(
      fc.property(segmentLog, fc.nat({ max: SEGMENT_SIZE }), (log, cut) => {
        const segment = new SegmentFold(fold, 0, SEGMENT, []);
        foldInto(segment, log.slice(0, cut));
        const before = new Map(segment.takeTouched().map((row) => [idOf(row), row]));
        foldInto(segment, log.slice(0, cut));
        expect(segment.takeTouched()).toEqual([]);
        foldInto(segment, log);
        for (const row of segment.takeTouched())
          expect(row.lastOffset).toBeGreaterThan(before.get(idOf(row))?.lastOffset ?? -1);
      }),
    );
  });
});

describe('the memory interpreter', () => {
  it('is the plain fold over the offsets that are named', async () => {
    await fc.assert(
      fc.asyncProperty(
        partitionLog(0, 40),
        partitionLog(1, 40),
        fc.array(fc.tuple(fc.nat({ max: 1 }), fc.nat({ max: 40 }), fc.nat({ max: 40 })), { maxLength: 3 }),
        async (zero, one, named) => {
          const log = [...zero, ...one];
          const coverage: Record<string, [number, number][]> = { 0: [[0, 17]], 1: [] };
          for (const [partition, start, length] of named) coverage[partition] = [[start, start + length]];
          const isNamed = (partition: number, offset: number): boolean =>
            (coverage[partition] ?? []).some(([start, end]) => offset >= start && offset < end);
          const result = await interpret(trips, log, coverage, lookupsAt);
          const plain = plainFold(log, isNamed);
          expect(result.records).toBe(log.filter(({ partition, offset }) => isNamed(partition, offset)).length);
          expect(new Map(Object.entries(result.quarantined))).toEqual(plain.quarantined);
          const shown = Array.from(result.rows.values(), ({ key, window, startMs, states }) => [
            JSON.stringify([window, startMs, JSON.parse(key)]),
            fold.rows.view.present(states),
          ]);
          expect(new Map(shown as [string, never][])).toEqual(plain.rows);
          const some = new Set([...result.rows.keys()].filter((_, index) => index % 2 === 0));
          const only = await interpret(trips, log, coverage, lookupsAt, some);
          expect([...only.rows]).toEqual([...result.rows].filter(([id]) => some.has(id)));
          // Each fold in a common pass equals the fold on its own.
          const foldings = [
            { coverage, only: some, range: null },
            { coverage: { 0: [[5, 30]] } as const, only: null, range: null },
            { coverage, only: null, range: { window: 'sevens', fromMs: 0, toMs: null } },
          ].map((folding) => ({ ...folding, isTotal: folding.range !== null, asOf: null }));
          const each = await interpretEach(trips, log, foldings, lookupsAt);
          const apart = foldings.map((one) => interpret(trips, log, one.coverage, lookupsAt, one.only, one.range));
          expect(each).toEqual(await Promise.all(apart));
        },
      ),
    );
  });
});
