import type { RowAlgebra, States } from '../fold/row.ts';
import { segmentEnd, segmentStart } from '../fold/segment.ts';
import type { SegmentSize } from '../plan/storage.ts';
import type { BatchRow, Pointer, PublishedRun } from '../ports/batch-store.ts';
import type { RowPosition } from '../ports/scope.ts';
import type { FragmentRow } from '../ports/speed-store.ts';
import { type Coverage, gapsOf, normalRanges, type Range, withoutRange } from './coverage.ts';

/** A segment that the speed layer answers for: complete from its first offset up to `next`. */
export interface OpenSegment {
  readonly partition: number;
  readonly segment: number;
  readonly start: number;
  readonly next: number;
}

/**
 * The source of an answer: one published run, and the open segments above its cuts. It fixes what
 * the receipt claims.
 */
export interface ReadSnapshot {
  readonly generation: number;
  readonly run: string | null;
  readonly segments: readonly OpenSegment[];
  readonly coverage: Coverage;
  /** Per partition of the run: the cut, as an offset. Batch rows cover the offsets below it. */
  readonly batchBelow: Readonly<Record<string, number>>;
  /** See `finalBefore` of the receipt. Absent if every event counts. */
  readonly finalBeforeMs?: number | null;
}

/**
 * Rule 15: an answer covers `[0, cut)` of each partition, except ranges that retention deleted
 * before archiving. It also covers the open segments up to their progress. Fragments below the cut
 * are ignored, and so are segments without progress.
 *
 * `snapshot` keeps only complete segments that follow the cut without a gap: every row then covers
 * the same offsets.
 */
export function readSnapshotOf(
  pointer: Pointer,
  partitions: readonly number[],
  progress: ReadonlyMap<number, ReadonlyMap<number, number>>,
  segmentSize: SegmentSize,
  snapshot: boolean,
): ReadSnapshot {
  const { current } = pointer;
  const covered = new Map<number, Range[]>();
  const segments: OpenSegment[] = [];
  const batchBelow: Record<string, number> = {};
  for (const partition of [...new Set([...partitions, ...partitionsOf(current)])].sort((one, other) => one - other)) {
    const cut = cutOf(current, partition);
    if (cut > 0) batchBelow[partition] = segmentStart(cut, segmentSize);
    const ranges: Range[] = [...batchRanges(current, partition, segmentSize)];
    let contiguous = cut;
    for (const [segment, next] of [...(progress.get(partition) ?? [])].sort(([left], [right]) => left - right)) {
      const start = segmentStart(segment, segmentSize);
      if (segment < cut || next <= start) continue;
      if (snapshot && (segment !== contiguous || next < segmentEnd(segment, segmentSize))) continue;
      contiguous = segment + 1;
      segments.push({ partition, segment, start, next });
      ranges.push([start, next]);
    }
    covered.set(partition, ranges);
  }
  const { generation } = pointer;
  return { generation, run: current?.run ?? null, segments, coverage: coverageOf(covered), batchBelow };
}

/**
 * Omits partitions without covered offsets. JavaScript objects keep integer keys in ascending
 * order, so partitions are sorted.
 */
export function coverageOf(ranges: ReadonlyMap<number, readonly Range[]>): Coverage {
  return Object.fromEntries(
    [...ranges]
      .map(([partition, covered]) => [partition, normalRanges(covered)] as const)
      .filter(([, covered]) => covered.length > 0)
      .map(([partition, covered]) => [String(partition), covered]),
  );
}

/** First segment of a partition that a run does not cover. */
export function cutOf(run: PublishedRun | null, partition: number): number {
  return run?.cuts[String(partition)] ?? 0;
}

export function partitionsOf(run: PublishedRun | null): readonly number[] {
  return Object.keys(run?.cuts ?? {}).map(Number);
}

/** The ranges of a partition that a run covers. */
export function batchRanges(run: PublishedRun | null, partition: number, segmentSize: SegmentSize): readonly Range[] {
  const end = segmentStart(cutOf(run, partition), segmentSize);
  const lost = run?.lost[String(partition)] ?? [];
  return lost.reduce<readonly Range[]>((ranges, range) => withoutRange(ranges, range), normalRanges([[0, end]]));
}

/**
 * Offsets of one partition, half-open, in which one row's coverage differs from its receipt's. In
 * `ahead` the row covers more, in `behind` less.
 */
export interface CoverageDelta {
  readonly partition: number;
  readonly range: Range;
}

/**
 * A merged row: the fold over the receipt's coverage, plus the `ahead` offsets, minus the `behind`
 * offsets.
 */
export interface MergedRow extends MergedParts {
  /** The end of its window, exclusive; null for a total, and for a window without end. */
  readonly endMs: number | null;
}

/** The merged states of one or more panes. */
export interface MergedParts extends RowPosition {
  readonly states: States;
  readonly batch: States | null;
  readonly speed: States | null;
  readonly ahead: readonly CoverageDelta[];
  readonly behind: readonly CoverageDelta[];
}

/** The stored parts of one pane: its batch row, and its fragments by open segment. */
export interface RowParts extends RowPosition {
  readonly batch: BatchRow | null;
  readonly fragments: readonly (readonly [OpenSegment, FragmentRow])[];
}

/**
 * The merge of batch and speed for one pane. A fragment is complete up to its `lastOffset`. If that
 * lies beyond the segment's progress, the row is ahead of the receipt by the offsets between.
 */
export function mergePane(algebra: RowAlgebra, parts: RowParts): MergedParts {
  const ahead: CoverageDelta[] = [];
  let speed: States | null = null;
  for (const [segment, { lastOffset, cell }] of parts.fragments) {
    const { states } = algebra.decodeFragment(cell);
    speed = speed === null ? states : algebra.merge(speed, states);
    if (lastOffset >= segment.next) ahead.push({ partition: segment.partition, range: [segment.next, lastOffset + 1] });
  }
  const batch = parts.batch === null ? null : algebra.decode(parts.batch.cell);
  ahead.sort(compareCoverageDeltas);
  const { key, window, startMs } = parts;
  return { key, window, startMs, batch, speed, states: mergeStates(algebra, batch, speed), ahead, behind: [] };
}

/**
 * One total over many panes of one key. Panes that are ahead by different offsets have no common
 * coverage. So a segment in which any pane is ahead is excluded, and the total is `behind` its
 * receipt there.
 */
export function mergeTotal(
  algebra: RowAlgebra,
  key: string,
  window: string,
  fromMs: number,
  rows: readonly RowParts[],
): MergedParts {
  const running = new Map<OpenSegment, { states: States; ahead: boolean }>();
  let batch: States | null = null;
  for (const parts of rows) {
    if (parts.batch !== null) batch = mergeStates(algebra, batch, algebra.decode(parts.batch.cell));
    for (const [segment, { lastOffset, cell }] of parts.fragments) {
      const { states } = algebra.decodeFragment(cell);
      const known = running.get(segment);
      running.set(segment, {
        states: known ? algebra.merge(known.states, states) : states,
        ahead: (known?.ahead ?? false) || lastOffset >= segment.next,
      });
    }
  }
  let speed: States | null = null;
  const behind: CoverageDelta[] = [];
  for (const [segment, { states, ahead }] of running) {
    if (ahead) behind.push({ partition: segment.partition, range: [segment.start, segment.next] });
    else speed = mergeStates(algebra, speed, states);
  }
  behind.sort(compareCoverageDeltas);
  return { key, window, startMs: fromMs, batch, speed, states: mergeStates(algebra, batch, speed), ahead: [], behind };
}

/** Fragments arrive in any order, and equal answers must have equal bytes. */
function compareCoverageDeltas(left: CoverageDelta, right: CoverageDelta): number {
  return left.partition - right.partition || left.range[0] - right.range[0];
}

export function mergeStates(algebra: RowAlgebra, left: States | null, right: States | null): States {
  if (left === null) return right ?? algebra.empty;
  return right === null ? left : algebra.merge(left, right);
}

/** The offsets that a row covers: those of its receipt, plus `ahead`, minus `behind`. */
export function rowCoverage(
  coverage: Coverage,
  ahead: readonly CoverageDelta[],
  behind: readonly CoverageDelta[],
): Coverage {
  const changed: Record<string, readonly Range[]> = { ...coverage };
  for (const { partition, range } of ahead) changed[partition] = normalRanges([...(changed[partition] ?? []), range]);
  for (const { partition, range } of behind) changed[partition] = withoutRange(changed[partition] ?? [], range);
  return changed;
}

/** Only partitions that have gaps. */
export function coverageGaps(coverage: Coverage): Coverage {
  return Object.fromEntries(
    Object.entries(coverage)
      .map(([partition, ranges]) => [partition, gapsOf(ranges)] as const)
      .filter(([, gaps]) => gaps.length > 0),
  );
}

/**
 * Rule 8, for a reader. Rows that it read from a run are valid if the pointer has moved by at most
 * one generation since, because the runs of two generations are kept. The pointer must also name
 * that run: an emptied database may reach the same generation with another run.
 */
export function stillReadable({ generation, run }: Pick<ReadSnapshot, 'generation' | 'run'>, after: Pointer): boolean {
  const moved = after.generation - generation;
  if (moved !== 0 && moved !== 1) return false;
  const kept = moved === 0 ? after.current : after.previous;
  return (kept?.run ?? null) === run;
}

/** The part of a pointer that later readers need. */
export function publicationOf({ generation, current }: Pointer): Pick<ReadSnapshot, 'generation' | 'run'> {
  return { generation, run: current?.run ?? null };
}
