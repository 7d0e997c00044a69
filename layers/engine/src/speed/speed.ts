import {
  type Decoded,
  type Fold,
  type LogRecord,
  NO_WATERMARK_MS,
  type Pointer,
  publicationOf,
  type SegmentFold,
  type SegmentSize,
  segmentEnd,
  segmentOf,
  stillReadable,
  type TimedValues,
  withModels,
} from '@bifold/core/engine';
import { steadyReads } from '../query/published.ts';
import { verifyTopicId } from '../topic-id.ts';
import { foldRecords } from './fold-records.ts';
import { type BoundLookups, bindLookups } from './lookups.ts';
import { bindModels } from './models.ts';
import { type OpenedSegment, openFirstSegment, openPrefix } from './open-segment.ts';
import type { SpeedPorts } from './ports.ts';
import { PASS_THROUGH, runStatefulOperators, type StatefulResult } from './stateful-operators.ts';
import type { WarmPartition, WarmState } from './warm-state.ts';

/** The result of an invocation for a partition. */
export interface FoldedPartition {
  readonly partition: number;
  readonly records: number;
  /** The number of records that were missing below the batch and were read from the log. */
  readonly recovered: number;
  readonly quarantined: number;
  readonly rows: number;
  /**
   * True if the segment in which the batch starts was left to the batch layer. For a view with
   * stateful operators: the whole batch.
   */
  readonly closed: boolean;
}

/** A range of offsets to fold. */
interface Span {
  readonly start: number;
  readonly end: number;
  /** Every record in the range. */
  readonly records: readonly LogRecord[];
}

/**
 * Folds one delivery into fragments (rules 1 to 5, 13 and 14 of docs/exactness.md). Everything that
 * it writes is a pure function of the log up to some offset. So it may run twice, late, or
 * concurrently with itself.
 */
export function foldDelivery(
  fold: Fold,
  delivery: ReadonlyMap<number, readonly LogRecord[]>,
  ports: SpeedPorts,
  warm: WarmState,
): Promise<readonly FoldedPartition[]> {
  const spans = Array.from(delivery, ([partition, records]): readonly [number, Span] => {
    const [first, last] = [records[0] as LogRecord, records.at(-1) as LogRecord];
    return [partition, { start: first.offset, end: last.offset + 1, records }];
  });
  return foldSpans(fold, new Map(spans), ports, warm);
}

/**
 * Folds records that are in the log but not folded yet, up to the given offset of each partition. A
 * catch-up request triggers it, for views with stateful operators. Like a delivery, it may run at
 * any time.
 */
export function catchUpTo(
  fold: Fold,
  upTo: ReadonlyMap<number, number>,
  ports: SpeedPorts,
  warm: WarmState,
): Promise<readonly FoldedPartition[]> {
  const behind = [...upTo].filter(([partition, end]) => (warm.partitions.get(partition)?.end ?? 0) < end);
  const spans = behind.map(([partition, end]) => [partition, { start: end, end, records: [] }] as const);
  return foldSpans(fold, new Map(spans), ports, warm);
}

async function foldSpans(
  fold: Fold,
  spans: ReadonlyMap<number, Span>,
  ports: SpeedPorts,
  warm: WarmState,
): Promise<readonly FoldedPartition[]> {
  // The topic id is read in parallel with fragments, and checked before the first write.
  const verified = verifyTopicId(ports);
  verified.catch(() => undefined);
  const results = await Promise.allSettled(
    Array.from(spans, ([partition, span]) => foldPartition(fold, partition, span, ports, warm, verified)),
  );
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}

async function foldPartition(
  fold: Fold,
  partition: number,
  { start, end, records: batch }: Span,
  ports: SpeedPorts,
  warm: WarmState,
  verified: Promise<void>,
): Promise<FoldedPartition> {
  const { segmentSize } = fold.pipeline.plan.storage;
  const cached = warm.partitions.get(partition);
  warm.partitions.delete(partition);
  const continued = cached?.end === start ? cached : undefined;
  const reads = continued === undefined || fold.statefulStage !== null ? await steadyReads(ports) : null;
  const known = reads === null || isOfDatabase(continued, reads.before) ? continued : undefined;

  const opened = await (fold.statefulStage === null ? openFirstSegment : openPrefix)(
    fold,
    partition,
    start,
    ports,
    known,
  );
  const firstSegment = segmentOf(opened.from, segmentSize);
  // Skip offsets that the batch layer covers.
  const uncovered = opened.from > start ? batch.filter(({ offset }) => offset >= opened.from) : batch;
  const records = opened.missing.length > 0 ? [...opened.missing, ...uncovered] : uncovered;
  const folding =
    opened.current === null ? records.filter(({ offset }) => segmentOf(offset, segmentSize) > firstSegment) : records;
  const decoded = folding.map(({ value, headers }) => fold.decode(value, headers));
  // Check the topic id after reading the log: the topic may have been recreated.
  await (opened.askedLog ? verifyTopicId(ports) : verified);
  // Check after the reads that the database was not emptied in between.
  await reads?.check();
  const { watermarkMs = NO_WATERMARK_MS } = opened;
  const run = { partition, segmentSize, records: folding, decoded, watermarkMs };
  const earlier =
    fold.statefulStage === null
      ? PASS_THROUGH
      : await runStatefulOperators(fold.statefulStage, run, ports.operatorState, warm.operatorState);
  const lookups = await bind(fold, partition, folding, decoded, earlier, ports, warm);
  if (fold.statefulStage !== null) await reads?.check();
  const { segments, quarantine } = foldRecords(fold, partition, folding, decoded, earlier, opened.current, lookups);

  const [rows] = await Promise.all([
    writeTouched(partition, segments, ports),
    ports.store.writeQuarantine(quarantine),
    known === undefined ? ports.store.registerPartition(partition) : undefined,
  ]);

  // Write progress only after the fragments that it covers are acknowledged (rule 5).
  const progress = progressOf(opened, end, segmentSize);
  await Promise.all(Array.from(progress, ([segment, next]) => ports.store.writeProgress(partition, segment, next)));

  const last = segments.at(-1);
  if (last && last.segment === segmentOf(end - 1, segmentSize)) {
    const publication = fold.statefulStage === null || reads === null ? null : publicationOf(reads.before);
    warm.partitions.set(partition, { end, current: last, watermarkMs: earlier.watermarkMs, publication });
  }
  return {
    partition,
    records: batch.length,
    recovered: opened.missing.length,
    quarantined: quarantine.length,
    rows,
    closed: opened.current === null,
  };
}

/** Writes the fragments that changed. Returns their number. */
async function writeTouched(
  partition: number,
  segments: readonly SegmentFold[],
  { store }: SpeedPorts,
): Promise<number> {
  const touched = segments.map((segment) => [segment.segment, segment.takeTouched()] as const);
  await Promise.all(touched.map(([segment, rows]) => store.writeFragments(partition, segment, rows)));
  return touched.reduce((sum, [, rows]) => sum + rows.length, 0);
}

/** The offset up to which each segment is complete, once the records below `end` are folded. */
function progressOf(
  { completed, current, from }: OpenedSegment,
  end: number,
  segmentSize: SegmentSize,
): ReadonlyMap<number, number> {
  const progress = new Map(completed);
  const firstSegment = segmentOf(from, segmentSize);
  for (let segment = firstSegment; segment <= segmentOf(end - 1, segmentSize); segment++) {
    if (segment > firstSegment || current !== null)
      progress.set(segment, Math.min(end, segmentEnd(segment, segmentSize)));
  }
  return progress;
}

/** Whether the cached state belongs to this database, and not to one from before a restore. */
function isOfDatabase(known: WarmPartition | undefined, pointer: Pointer): boolean {
  return known !== undefined && known.publication !== null && stillReadable(known.publication, pointer);
}

/** Rule 13: finds the bound versions of lookup tables and models for these records. */
async function bind(
  fold: Fold,
  partition: number,
  records: readonly LogRecord[],
  decoded: readonly Decoded[],
  { pairs }: StatefulResult,
  ports: SpeedPorts,
  warm: WarmState,
): Promise<BoundLookups> {
  const { plan } = fold.pipeline;
  const eventsOf = (index: number): readonly TimedValues[] => {
    const record = decoded[index] as Decoded;
    if (record.kind === 'poison') return [];
    return pairs === null ? [record] : (pairs.get((records[index] as LogRecord).offset) ?? []);
  };
  const lookups = await bindLookups(fold, partition, records, eventsOf, ports, warm.lookups);
  if (plan.models === undefined) return lookups;
  const segments = new Set(records.map(({ offset }) => segmentOf(offset, plan.storage.segmentSize)));
  const models = await bindModels(plan, partition, segments, ports, warm.models);
  return { of: (segment) => withModels(lookups.of(segment), models.get(segment) ?? []) };
}
