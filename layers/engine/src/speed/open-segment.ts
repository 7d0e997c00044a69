import {
  cutOf,
  type Fold,
  type Log,
  type LogRecord,
  NO_WATERMARK_MS,
  openingOf,
  ProtocolError,
  SegmentFold,
  type SpeedStore,
  segmentOf,
  segmentStart,
} from '@bifold/core/engine';
import { contiguousEndOf } from './contiguous-end.ts';
import type { SpeedPorts } from './ports.ts';
import type { WarmPartition } from './warm-state.ts';
import { readWatermark } from './watermark.ts';

/** The fetch size that the broker applies, in compressed bytes. */
const FETCH_BYTES = 1024 * 1024;

/** The segment in which a batch starts, ready for folding. */
export interface OpenedSegment {
  /**
   * The offset at which the fold starts: the start of the batch, or of the missing records below
   * it.
   */
  readonly from: number;
  /**
   * The segment with all its fragments below the batch. Null if the segment is closed to the speed
   * layer.
   */
  readonly current: SegmentFold | null;
  /** Records below the batch that were never folded. They are folded before the batch. */
  readonly missing: readonly LogRecord[];
  /**
   * Progress to write for an earlier segment that is complete because it ends in a hole
   * (transaction markers or aborted records).
   */
  readonly completed: readonly (readonly [segment: number, next: number])[];
  readonly askedLog: boolean;
  /** The watermark at `from`, if the view drops late events. */
  readonly watermarkMs?: number;
}

const closedAt = (from: number): OpenedSegment => ({ from, current: null, missing: [], completed: [], askedLog: true });

export async function openFirstSegment(
  fold: Fold,
  partition: number,
  start: number,
  ports: SpeedPorts,
  known: WarmPartition | undefined,
): Promise<OpenedSegment> {
  const { segmentSize } = fold.pipeline.plan.storage;
  const segment = segmentOf(start, segmentSize);
  if (known !== undefined) {
    const current = known.current.segment === segment ? known.current : new SegmentFold(fold, partition, segment, []);
    return { from: start, current, missing: [], completed: [], askedLog: false, watermarkMs: known.watermarkMs };
  }
  const stored = await ports.store.readProgress(partition, Math.max(0, segment - 1), segment + 1);
  const next = stored.get(segment) ?? segmentStart(segment, segmentSize);
  const previous = segment === 0 ? null : (stored.get(segment - 1) ?? segmentStart(segment - 1, segmentSize));
  const opening = openingOf(start, segmentSize, next, previous);
  const completes = (isHole: boolean): OpenedSegment['completed'] =>
    isHole ? [[segment - 1, segmentStart(segment, segmentSize)]] : [];
  switch (opening.kind) {
    case 'open':
      return {
        from: start,
        current: await loadSegment(fold, partition, segment, start, ports.store),
        missing: [],
        completed: [],
        askedLog: false,
      };
    case 'open-after-hole': {
      const between = await askLog(ports.log, partition, opening.from, start);
      const current = await loadSegment(fold, partition, segment, start, ports.store);
      return { from: start, current, missing: [], completed: completes(between?.length === 0), askedLog: true };
    }
    case 'ask': {
      const missing = await askLog(ports.log, partition, opening.from, start);
      if (missing === null) return closedAt(start);
      const current = await loadSegment(fold, partition, segment, opening.from, ports.store);
      const earlier =
        missing.length === 0 && opening.earlier !== null
          ? await askLog(ports.log, partition, opening.earlier, opening.from)
          : null;
      return { from: start, current, missing, completed: completes(earlier?.length === 0), askedLog: true };
    }
  }
}

/**
 * Rule 10: a view with stateful operators never folds an offset before all lower ones. Missing
 * records come from the log. If the log no longer has them, the speed layer folds nothing until the
 * batch layer's cut has passed them.
 */
export async function openPrefix(
  fold: Fold,
  partition: number,
  start: number,
  ports: SpeedPorts,
  known: WarmPartition | undefined,
): Promise<OpenedSegment> {
  const { segmentSize } = fold.pipeline.plan.storage;
  if (known !== undefined) return openFirstSegment(fold, partition, start, ports, known);
  const { current: run } = await ports.batch.readPointer('quorum');
  const firstOpen = cutOf(run, partition);
  const cut = segmentStart(firstOpen, segmentSize);
  const end = await contiguousEndOf(partition, firstOpen, start, segmentSize, ports.store);
  const seen = Math.max(cut, Math.min(end, start));
  const { next: from, watermarkMs } =
    fold.statefulStage?.late == null
      ? { next: seen, watermarkMs: NO_WATERMARK_MS }
      : await readWatermark(partition, cut, seen, segmentSize, ports.operatorState);
  const missing = from < start ? await askLog(ports.log, partition, from, start) : [];
  // Infinity drops the whole batch: the batch layer will cover it.
  if (missing === null) return closedAt(Number.POSITIVE_INFINITY);
  const segment = segmentOf(from, segmentSize);
  const current = await loadSegment(fold, partition, segment, from, ports.store);
  return { from, current, missing, completed: [], askedLog: from < start, watermarkMs };
}

/**
 * Every stored fragment of a segment. A batch that starts at the segment's first offset reads none,
 * because it folds the segment from the start. If another writer has folded more, that one wins by
 * its timestamp.
 */
async function loadSegment(
  fold: Fold,
  partition: number,
  segment: number,
  from: number,
  store: SpeedStore,
): Promise<SegmentFold> {
  const fresh = from === segmentStart(segment, fold.pipeline.plan.storage.segmentSize);
  return new SegmentFold(fold, partition, segment, fresh ? [] : await store.readSegment(partition, segment));
}

/**
 * All records of `[from, to)`. Null if the log starts above `from`, because deleted records cannot
 * be distinguished from holes then.
 */
async function askLog(log: Log, partition: number, from: number, to: number): Promise<readonly LogRecord[] | null> {
  const records: LogRecord[] = [];
  for (let position = from; position < to; ) {
    const slice = await log.read(partition, position, to, FETCH_BYTES);
    if (slice.logStart > position) return null;
    if (slice.end <= position) throw notReadable(partition, position, to);
    for (const record of slice.records) records.push(record);
    position = slice.end;
  }
  return records;
}

function notReadable(partition: number, from: number, to: number): ProtocolError {
  return new ProtocolError('BIFOLD_LOG_BEHIND', {
    failed: `Kafka returned no records below the delivered batch of partition ${partition}`,
    received: `nothing from offset ${from}`,
    allowed: `records or holes up to ${to}`,
    remedy: 'nothing: the batch is retried',
  });
}
