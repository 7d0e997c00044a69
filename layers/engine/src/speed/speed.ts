import { createHash } from 'node:crypto';
import {
  type BatchStore,
  type BindingStore,
  cutOf,
  type Decoded,
  type Fold,
  type Log,
  type LogRecord,
  type LookupStore,
  type ModelRegistry,
  NO_WATERMARK_MS,
  type OperatorStateStore,
  openingOf,
  type Pointer,
  ProtocolError,
  publicationOf,
  type QuarantineEntry,
  type ResolveLookup,
  SegmentFold,
  type SpeedStore,
  segmentEnd,
  segmentOf,
  segmentStart,
  stillReadable,
  type TimedValues,
  withModels,
} from '@bifold/core/engine';
import { type PublishedView, steadyReads } from '../query/published.ts';
import { type BoundLog, verifyTopicId } from '../topic-id.ts';
import { contiguousEndOf } from './contiguous-end.ts';
import { type BoundLookups, bindLookups, type WarmLookups } from './lookups.ts';
import { bindModels, coldModels, type RefusedVersion, type WarmModels } from './models.ts';
import {
  PASS_THROUGH,
  runStatefulOperators,
  type StatefulResult,
  type WarmOperatorState,
} from './stateful-operators.ts';
import { readWatermark } from './watermark.ts';

export interface SpeedPorts extends BoundLog {
  readonly store: SpeedStore;
  readonly bindings: BindingStore;
  readonly lookups: LookupStore;
  /** The operator state, and the frontier of the batch layer's part of it. */
  readonly operatorState: OperatorStateStore;
  readonly batch: Pick<BatchStore, 'readPointer'>;
  readonly published: Pick<PublishedView, 'check'>;
  /** Absent where the pipeline scores nothing. */
  readonly models?: ModelRegistry;
  /** Told of a version that cannot be used. */
  readonly onRefused?: (refused: RefusedVersion) => void;
}

/**
 * The cached state of a partition: every fragment of its last segment. Valid only for a batch that
 * starts at `end`.
 */
interface WarmPartition {
  readonly end: number;
  readonly current: SegmentFold;
  /** The watermark at `end`, for views that drop late events. */
  readonly watermarkMs: number;
  /**
   * The publication, for a view with stateful operators. A restored database names another one: the
   * cache is then invalid.
   */
  readonly publication: ReturnType<typeof publicationOf> | null;
}

/** The cache of a process between invocations, for one scope. The handler creates it once. */
export interface WarmState {
  /**
   * Rule 4: one entry per partition. An invocation takes an entry out, and puts the next one in
   * after its last acknowledgement: a failed one leaves none.
   */
  readonly partitions: Map<number, WarmPartition>;
  readonly lookups: WarmLookups;
  readonly models: WarmModels;
  readonly operatorState: WarmOperatorState;
}

export function coldState(): WarmState {
  return {
    partitions: new Map(),
    lookups: { rows: new Map(), bindings: new Map() },
    models: coldModels(),
    operatorState: new Map(),
  };
}

/** The result of an invocation for a partition. */
export interface FoldedPartition {
  readonly partition: number;
  readonly records: number;
  /** Records that were missing below the batch and were fetched from the log. */
  readonly recovered: number;
  readonly quarantined: number;
  readonly rows: number;
  /**
   * The segment in which the batch starts was left to the batch layer; of a view that looks back,
   * all of the batch.
   */
  readonly closed: boolean;
}

const PAYLOAD_LIMIT_BYTES = 8 * 1024;
/** The size as the broker counts it: compressed. */
const FETCH_BYTES = 1024 * 1024;

/** A span of a partition that is to be folded. */
interface Span {
  readonly start: number;
  readonly end: number;
  /** All that stands in it. */
  readonly records: readonly LogRecord[];
}

/**
 * Folds one delivery into fragments: rules 1 to 5, 13 and 14. Everything it writes is a pure
 * function of the log up to some offset, so it may run twice, late, or next to itself.
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
 * Folds the records of the log below some offsets that are not folded yet, without a new record.
 * For views with stateful operators. Like a delivery, it may run at any time.
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
  // Asked while fragments are read, awaited before anything is written.
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
  const kept = warm.partitions.get(partition);
  warm.partitions.delete(partition);
  const continued = kept?.end === start ? kept : undefined;
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
  // Offsets that the batch layer owns are left to it.
  const own = opened.from > start ? batch.filter(({ offset }) => offset >= opened.from) : batch;
  const records = opened.missing.length > 0 ? [...opened.missing, ...own] : own;
  const folding =
    opened.current === null ? records.filter(({ offset }) => segmentOf(offset, segmentSize) > firstSegment) : records;
  const decoded = folding.map(({ value, headers }) => fold.decode(value, headers));
  // The log must be that of the same topic: verified after the read.
  await (opened.askedLog ? verifyTopicId(ports) : verified);
  // The database must not have been emptied meanwhile: checked after the read.
  await reads?.check();
  const earlier =
    fold.statefulStage === null
      ? PASS_THROUGH
      : await runStatefulOperators(
          fold.statefulStage,
          { partition, segmentSize, records: folding, decoded, watermarkMs: opened.watermarkMs ?? NO_WATERMARK_MS },
          ports.operatorState,
          warm.operatorState,
        );
  const lookups = await bind(fold, partition, folding, decoded, earlier, ports, warm);
  if (fold.statefulStage !== null) await reads?.check();
  const { segments, quarantine } = foldRecords(fold, partition, folding, decoded, earlier, opened.current, lookups);

  let rows = 0;
  await Promise.all([
    ...segments.map((segment) => {
      const touched = segment.takeTouched();
      rows += touched.length;
      return ports.store.writeFragments(partition, segment.segment, touched);
    }),
    ports.store.writeQuarantine(quarantine),
    known === undefined ? ports.store.registerPartition(partition) : undefined,
  ]);

  // Only now: progress vouches for the fragments (rule 5).
  const progress = new Map(opened.completed);
  for (let segment = firstSegment; segment <= segmentOf(end - 1, segmentSize); segment++) {
    if (segment > firstSegment || opened.current !== null)
      progress.set(segment, Math.min(end, segmentEnd(segment, segmentSize)));
  }
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

/** Whether no restored database may stand where the one stood that a process knows. */
function isOfDatabase(known: WarmPartition | undefined, pointer: Pointer): boolean {
  return known !== undefined && known.publication !== null && stillReadable(known.publication, pointer);
}

/** Rule 13: the versions of lookup tables and models that these records are folded with. */
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

/** The segment in which a batch starts, as it is to be folded. */
interface OpenedSegment {
  /** The start of the fold: the batch, or the missing records below it. */
  readonly from: number;
  /** All fragments of it below the batch; null when the segment is closed to the speed layer. */
  readonly current: SegmentFold | null;
  /** Records below the batch that were never folded: they come first. */
  readonly missing: readonly LogRecord[];
  /** Progress of an earlier segment that turned out to end in a hole. */
  readonly completed: readonly (readonly [segment: number, next: number])[];
  readonly askedLog: boolean;
  /** The watermark at `from`, if the view drops late events. */
  readonly watermarkMs?: number;
}

const closedAt = (from: number): OpenedSegment => ({ from, current: null, missing: [], completed: [], askedLog: true });

async function openFirstSegment(
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
 * records come from the log. If the log no longer has them, everything is left to the batch layer
 * until its cut has passed them.
 */
async function openPrefix(
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
 * Every fragment of a segment. A batch that starts at the segment's first offset needs none: a fold
 * from the start is true, and a fuller one wins by its timestamp.
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
 * All records of `[from, to)`; null when the log no longer starts at or below `from`, so that it
 * cannot tell a hole from a loss.
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

interface FoldedRecords {
  readonly segments: readonly SegmentFold[];
  readonly quarantine: readonly QuarantineEntry[];
}

function foldRecords(
  fold: Fold,
  partition: number,
  records: readonly LogRecord[],
  decoded: readonly Decoded[],
  { dropped, pairs }: StatefulResult,
  first: SegmentFold | null,
  lookups: BoundLookups,
): FoldedRecords {
  const { segmentSize } = fold.pipeline.plan.storage;
  const segments: SegmentFold[] = first === null ? [] : [first];
  const quarantine: QuarantineEntry[] = [];
  let current = first;
  let resolve: ResolveLookup = lookups.of(current?.segment ?? -1);
  for (let index = 0; index < records.length; index++) {
    const record = records[index] as LogRecord;
    const event = decoded[index] as Decoded;
    const segment = segmentOf(record.offset, segmentSize);
    if (current === null || segment !== current.segment) {
      // The batch crosses into this segment from an earlier record, so it holds all of it from its
      // first offset.
      current = new SegmentFold(fold, partition, segment, []);
      segments.push(current);
      resolve = lookups.of(segment);
    }
    if (dropped.has(record.offset)) continue;
    if (event.kind === 'poison') {
      current.addPoison(record.offset, event.reason);
      quarantine.push(quarantineEntry(record, segment, event.reason, event.detail));
      continue;
    }
    if (pairs !== null) {
      const completed = pairs.get(record.offset) ?? [];
      current.addTimedEvents(
        record.offset,
        completed.flatMap(({ timeMs, values }) => fold.enrich(values, resolve).map((slots) => ({ timeMs, slots }))),
      );
      continue;
    }
    current.addEvents(record.offset, event.timeMs, fold.enrich(event.values, resolve));
  }
  return { segments, quarantine };
}

export function quarantineEntry(record: LogRecord, segment: number, reason: string, detail: string): QuarantineEntry {
  const { partition, offset, timestampMs, value } = record;
  return {
    partition,
    offset,
    segment,
    reason,
    detail,
    timestampMs,
    payload: value?.subarray(0, PAYLOAD_LIMIT_BYTES) ?? null,
    payloadSizeBytes: value?.length ?? 0,
    payloadSha256: createHash('sha256')
      .update(value ?? '')
      .digest('hex'),
  };
}
