import {
  type BatchRow,
  batchRanges,
  type Coverage,
  coverageGaps,
  type FragmentRow,
  interpret,
  type LogRecord,
  mergePane,
  mergeTotal,
  NOTHING_PUBLISHED,
  type OpenSegment,
  POISON_REASONS,
  type Pointer,
  QUARANTINE_POSITION,
  QUARANTINE_WINDOW,
  type Range,
  type RowParts,
  type RowPosition,
  readSnapshotOf,
  rowCoverage,
  SegmentFold,
  stillReadable,
} from '@bifold/core/engine';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { choices } from './numbers.ts';
import { fold, lookupsAt, partitionLog, plainFold, SEGMENT_SIZE, trips } from './trips.ts';

const PARTITIONS = [0, 1] as const;
const LOG_END = 56;
const idOf = ({ key, window, startMs }: RowPosition): string =>
  JSON.stringify([window, startMs, JSON.parse(key || 'null')]);

/** The rows of `[start, end)` of a segment, folded from its first offset. */
function fragmentsOf(log: readonly LogRecord[], partition: number, segment: number, end: number): FragmentRow[] {
  const folding = new SegmentFold(fold, partition, segment, []);
  for (const record of log) {
    if (record.partition !== partition || record.offset < segment * SEGMENT_SIZE || record.offset >= end) continue;
    const decoded = fold.decode(record.value);
    if (decoded.kind === 'poison') folding.addPoison(record.offset, decoded.reason);
    else
      folding.addEvents(
        record.offset,
        decoded.timeMs,
        fold.enrich(decoded.values, lookupsAt(partition, record.offset)),
      );
  }
  return [...folding.takeTouched()];
}

/** The rows that the batch layer would have written for a coverage. */
async function batchRowsOf(log: readonly LogRecord[], coverage: Coverage): Promise<BatchRow[]> {
  const { rows, quarantined } = await interpret(trips, log, coverage, lookupsAt);
  const view = Array.from(rows.values(), ({ key, window, startMs, states }) => ({
    key,
    window,
    startMs,
    cell: fold.rows.view.encode(states),
  }));
  if (Object.keys(quarantined).length === 0) return view;
  const counts = POISON_REASONS.map((reason) => quarantined[reason] ?? 0);
  return [...view, { ...QUARANTINE_POSITION, cell: fold.rows.quarantine.encode(counts) }];
}

interface World {
  readonly log: readonly LogRecord[];
  readonly pointer: Pointer;
  readonly progress: Map<number, Map<number, number>>;
  readonly fragments: Map<string, FragmentRow[]>;
  readonly batch: readonly BatchRow[];
}

/**
 * Any state that the protocol can leave behind: cuts, lost ranges, progress here and there, rows
 * ahead of it, leftovers below the cuts and without progress.
 */
async function worldOf(log: readonly LogRecord[], seed: number): Promise<World> {
  const choose = choices(seed);
  const cuts: Record<string, number> = {};
  const lost: Record<string, Range[]> = {};
  const progress = new Map<number, Map<number, number>>();
  const fragments = new Map<string, FragmentRow[]>();
  for (const partition of PARTITIONS) {
    if (choose(4) > 0) cuts[partition] = choose(4);
    const cutOffset = (cuts[partition] ?? 0) * SEGMENT_SIZE;
    if (choose(3) === 0 && cutOffset > 0) {
      const start = choose(cutOffset);
      lost[partition] = [[start, start + 1 + choose(cutOffset - start)]];
    }
    const known = new Map<number, number>();
    for (const segment of [3, 0, 2, 1]) {
      const first = segment * SEGMENT_SIZE;
      const end = Math.min(first + SEGMENT_SIZE, LOG_END);
      const next = choose(3) === 0 ? end : first + choose(end - first + 1);
      const further = next + choose(end - next + 1);
      if (next > first || choose(2) === 0) known.set(segment, next);
      // Rows are written one by one, so some lie beyond the stored progress.
      const rows = new Map(fragmentsOf(log, partition, segment, next).map((row) => [idOf(row), row]));
      for (const row of fragmentsOf(log, partition, segment, further)) if (choose(2) === 0) rows.set(idOf(row), row);
      fragments.set(`${partition}/${segment}`, [...rows.values()]);
    }
    if (choose(5) > 0) progress.set(partition, known);
  }
  const run = { run: 'r', runGeneration: 1, cuts, lost, publishedAtMs: 0 };
  const pointer: Pointer =
    Object.keys(cuts).length === 0 ? NOTHING_PUBLISHED : { generation: 1, current: run, previous: null };
  const covered = Object.fromEntries(
    PARTITIONS.map((partition) => [partition, batchRanges(pointer.current, partition, SEGMENT_SIZE)]),
  );
  return { log, pointer, progress, fragments, batch: await batchRowsOf(log, covered) };
}

const named =
  (coverage: Coverage) =>
  (partition: number, offset: number): boolean =>
    (coverage[partition] ?? []).some(([start, end]) => start <= offset && offset < end);

/** Every row that has any part, with its parts. */
function partsOf(world: World, segments: readonly OpenSegment[]): Map<string, RowParts> {
  const all = new Map<
    string,
    { position: RowPosition; batch: BatchRow | null; fragments: [OpenSegment, FragmentRow][] }
  >();
  const at = ({ key, window, startMs }: RowPosition) => {
    const position = { key, window, startMs };
    const known = all.get(idOf(position)) ?? { position, batch: null, fragments: [] };
    all.set(idOf(position), known);
    return known;
  };
  for (const row of world.batch) at(row).batch = row;
  for (const segment of segments)
    for (const row of world.fragments.get(`${segment.partition}/${segment.segment}`) ?? [])
      at(row).fragments.push([segment, row]);
  return new Map(Array.from(all, ([id, { position, ...parts }]) => [id, { ...position, ...parts }]));
}

const logs = fc.tuple(partitionLog(0, LOG_END), partitionLog(1, LOG_END)).map(([zero, one]) => [...zero, ...one]);
/** The values of a plain row, for comparing with one that has no records. */
const shownNothing = fold.rows.view.present(fold.rows.view.empty);

describe('an answer', () => {
  it('covers what its parts hold, offset by offset', async () => {
    await fc.assert(
      fc.asyncProperty(logs, fc.integer(), async (log, seed) => {
        const { pointer, progress } = await worldOf(log, seed);
        const { coverage, segments, batchBelow, ...published } = readSnapshotOf(
          pointer,
          [...progress.keys()].reverse(),
          progress,
          SEGMENT_SIZE,
          false,
        );
        expect(published).toEqual({ generation: pointer.generation, run: pointer.current?.run ?? null });
        expect(segments).toEqual(
          PARTITIONS.flatMap((partition) =>
            [0, 1, 2, 3].flatMap((segment) => {
              const start = segment * SEGMENT_SIZE;
              const next = progress.get(partition)?.get(segment) ?? 0;
              const isOpen = segment >= (pointer.current?.cuts[partition] ?? 0) && next > start;
              return isOpen ? [{ partition, segment, start, next }] : [];
            }),
          ),
        );
        for (const ranges of Object.values(coverage)) expect(ranges).not.toEqual([]);
        for (const partition of PARTITIONS) {
          const cut = (pointer.current?.cuts[partition] ?? 0) * SEGMENT_SIZE;
          expect(batchBelow[partition]).toBe(cut === 0 ? undefined : cut);
          const lost = pointer.current?.lost[partition] ?? [];
          for (let offset = 0; offset <= LOG_END; offset++) {
            const inBatch = offset < cut && !lost.some(([start, end]) => start <= offset && offset < end);
            const segment = Math.floor(offset / SEGMENT_SIZE);
            const next = progress.get(partition)?.get(segment) ?? 0;
            const inSpeed = offset >= cut && offset < next;
            expect(named(coverage)(partition, offset)).toBe(inBatch || inSpeed);
            const last = (coverage[partition] ?? []).at(-1)?.[1] ?? 0;
            expect(named(coverageGaps(coverage))(partition, offset)).toBe(offset < last && !(inBatch || inSpeed));
          }
        }
      }),
    );
  });

  it('equals the plain fold over the offsets that each row names', async () => {
    await fc.assert(
      fc.asyncProperty(logs, fc.integer(), async (log, seed) => {
        const world = await worldOf(log, seed);
        const { coverage, segments } = readSnapshotOf(
          world.pointer,
          [...world.progress.keys()],
          world.progress,
          SEGMENT_SIZE,
          false,
        );
        const parts = partsOf(world, segments);
        const receipt = plainFold(log, named(coverage));
        for (const id of receipt.rows.keys()) expect(parts.has(id)).toBe(true);
        if (receipt.quarantined.size > 0) expect(parts.has(idOf(QUARANTINE_POSITION))).toBe(true);
        for (const [id, row] of parts) {
          const algebra = fold.rows.of(row.window);
          const merged = mergePane(algebra, row);
          const shown = algebra.present(merged.states);
          const plain = plainFold(log, named(rowCoverage(coverage, merged.ahead, merged.behind)));
          if (row.window === QUARANTINE_WINDOW)
            expect(new Map(Object.entries(shown).filter(([, count]) => count !== 0))).toEqual(plain.quarantined);
          else expect(shown).toEqual(plain.rows.get(id));
          // Fragments arrive in any order.
          const { fragments } = row;
          expect(mergePane(algebra, { ...row, fragments: fragments.toReversed() })).toEqual(merged);
          const halves = [merged.batch, merged.speed].filter((half) => half !== null);
          expect(algebra.encode(halves.reduce(algebra.merge, algebra.empty))).toEqual(algebra.encode(merged.states));
        }
      }),
      { numRuns: 150 },
    );
  });

  it('adds up windows into a total over the offsets that it names', async () => {
    await fc.assert(
      fc.asyncProperty(
        logs,
        fc.integer(),
        fc.integer({ min: -30, max: 0 }),
        fc.integer({ min: 7, max: 60 }),
        async (log, seed, from, size) => {
          const world = await worldOf(log, seed);
          const { coverage, segments } = readSnapshotOf(
            world.pointer,
            [...world.progress.keys()],
            world.progress,
            SEGMENT_SIZE,
            false,
          );
          const inRange = (start: number): boolean => start >= from && start < from + size;
          const byKey = Map.groupBy(
            [...partsOf(world, segments).values()].filter(
              ({ window, startMs }) => window === 'sevens' && inRange(startMs),
            ),
            ({ key }) => key,
          );
          for (const [key, rows] of byKey) {
            const total = mergeTotal(fold.rows.view, key, 'sevens', from, rows);
            const plain = plainFold(log, named(rowCoverage(coverage, total.ahead, total.behind)), (window, start) =>
              window === 'sevens' && inRange(start) ? from : null,
            );
            const id = idOf({ key, window: 'sevens', startMs: from });
            expect(fold.rows.view.present(total.states)).toEqual(plain.rows.get(id) ?? shownNothing);
            const turned = rows.toReversed().map((row) => ({ ...row, fragments: row.fragments.toReversed() }));
            expect(mergeTotal(fold.rows.view, key, 'sevens', from, turned)).toEqual(total);
            expect(total).toMatchObject({ key, window: 'sevens', startMs: from, ahead: [] });
            // A total is behind only where one of its rows is ahead.
            const ahead = rows.flatMap((row) => mergePane(fold.rows.view, row).ahead);
            const where = (coverageDeltas: readonly { partition: number; range: Range }[]): Set<string> =>
              new Set(
                coverageDeltas.map(
                  ({ partition, range }) => `${partition}/${Math.floor((range[1] - 1) / SEGMENT_SIZE)}`,
                ),
              );
            expect(where(total.behind)).toEqual(where(ahead));
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  it('as a snapshot covers the same offsets for all rows, and no segment after a gap', async () => {
    await fc.assert(
      fc.asyncProperty(logs, fc.integer(), async (log, seed) => {
        const world = await worldOf(log, seed);
        const { coverage, segments } = readSnapshotOf(
          world.pointer,
          [...world.progress.keys()],
          world.progress,
          SEGMENT_SIZE,
          true,
        );
        for (const partition of PARTITIONS) {
          let end = world.pointer.current?.cuts[partition] ?? 0;
          const complete = (segment: number): boolean =>
            (world.progress.get(partition)?.get(segment) ?? 0) === (segment + 1) * SEGMENT_SIZE;
          while (complete(end)) end++;
          const lost = world.pointer.current?.lost[partition] ?? [];
          for (let offset = 0; offset <= LOG_END; offset++)
            expect(named(coverage)(partition, offset)).toBe(
              offset < end * SEGMENT_SIZE && !lost.some(([start, stop]) => start <= offset && offset < stop),
            );
        }
        const plain = plainFold(log, named(coverage));
        const parts = [...partsOf(world, segments).values()].filter(({ window }) => window !== QUARANTINE_WINDOW);
        const shown = parts.map((row) => {
          const merged = mergePane(fold.rows.view, row);
          expect(merged.ahead).toEqual([]);
          return [idOf(row), fold.rows.view.present(merged.states)] as const;
        });
        expect(new Map<string, unknown>(shown)).toEqual(plain.rows);
      }),
    );
  });
});

describe('the coverage deltas of a row', () => {
  it('stand by partition, then by offset, in whatever order its fragments come', () => {
    const { view } = fold.rows;
    const segments = [
      { partition: 1, segment: 0, start: 0, next: 4 },
      { partition: 0, segment: 1, start: 16, next: 20 },
      { partition: 0, segment: 0, start: 0, next: 4 },
    ];
    const position = { key: '["rome",true]', window: 'sevens', startMs: 0 };
    const parts: RowParts = {
      ...position,
      batch: null,
      // Each is ahead by one offset.
      fragments: segments.map((segment) => {
        const { next: lastOffset } = segment;
        return [segment, { ...position, lastOffset, cell: view.encodeFragment(lastOffset, view.empty) }] as const;
      }),
    };
    expect(mergePane(view, parts).ahead).toEqual([
      { partition: 0, range: [4, 5] },
      { partition: 0, range: [20, 21] },
      { partition: 1, range: [4, 5] },
    ]);
    expect(mergeTotal(view, position.key, position.window, 0, [parts]).behind).toEqual([
      { partition: 0, range: [0, 4] },
      { partition: 0, range: [16, 20] },
      { partition: 1, range: [0, 4] },
    ]);
  });
});

describe('the coverage of a row', () => {
  const coverageDelta = (partition: number, start: number, end: number) => ({
    partition,
    range: [start, end] as const,
  });

  it('is that of its receipt, with what it is ahead and without what it is behind', () => {
    const coverage: Coverage = { 0: [[0, 10]], 1: [[4, 8]] };
    expect(rowCoverage(coverage, [], [])).toEqual(coverage);
    expect(rowCoverage(coverage, [coverageDelta(0, 10, 12), coverageDelta(2, 0, 3)], [coverageDelta(1, 6, 8)])).toEqual(
      {
        0: [[0, 12]],
        1: [[4, 6]],
        2: [[0, 3]],
      },
    );
    expect(rowCoverage(coverage, [], [coverageDelta(2, 0, 3)])).toEqual({ ...coverage, 2: [] });
    expect(coverage).toEqual({ 0: [[0, 10]], 1: [[4, 8]] });
  });
});

describe('gaps', () => {
  it('are named for the partitions that have any', () => {
    expect(coverageGaps({ 0: [[0, 5]], 1: [[3, 5]], 10: [] })).toEqual({ 1: [[0, 3]] });
  });
});

describe('a reader', () => {
  const published = (run: string) => ({ run, runGeneration: 1, cuts: {}, lost: {}, publishedAtMs: 0 });

  it.each([
    { moved: 0, current: 'read', previous: null, stands: true },
    { moved: 1, current: 'newer', previous: 'read', stands: true },
    { moved: 2, current: 'newest', previous: 'newer', stands: false },
    { moved: -1, current: 'older', previous: null, stands: false },
    { moved: 0, current: 'of a database filled anew', previous: null, stands: false },
    { moved: 1, current: 'newer', previous: 'of a database filled anew', stands: false },
  ])('whose pointer moved by $moved, to runs $current and $previous: what it read stands: $stands', (row) => {
    const { moved, current, previous, stands } = row;
    const after = {
      generation: 5 + moved,
      current: published(current),
      previous: previous === null ? null : published(previous),
    };
    expect(stillReadable({ generation: 5, run: 'read' }, after)).toBe(stands);
  });
});
