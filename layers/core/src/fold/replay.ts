import type { EventPosition } from '../aggregates/positioned-value.ts';
import type { Pipeline } from '../definition/pipeline.ts';
import type { Slots } from '../expression/evaluate.ts';
import { comparePositions } from '../order.ts';
import type { WindowPlan } from '../plan/window.ts';
import type { LogRecord, RowPosition } from '../ports/ports.ts';
import { bucketOf } from '../ports/tables.ts';
import { type CoverageDelta, type MergedRow, mergeStates, type ReadSnapshot, rowCoverage } from '../query/answer.ts';
import { type AnswerRow, hasCoverageDelta, positionOfRow } from '../query/answer-row.ts';
import { type Coverage, covers } from '../query/coverage.ts';
import { contiguousEnd, withFinality } from '../query/finality.ts';
import { type Answer, answerOf, fillPage } from '../query/page.ts';
import { unsealSnapshot } from '../query/read-snapshot.ts';
import type { Quarantined, Receipt } from '../query/receipt.ts';
import type { ViewQuery } from '../query/view-query.ts';
import { POISON_REASONS, type PoisonReason, type TimedValues } from '../records/record.ts';
import { InMemoryStatefulStage } from '../stateful/stateful-stage.ts';
import { sessionsOfEvents, windowEndMs, windowStartsOf } from '../windows/windows.ts';
import { foldOf, type ResolveLookup, rowId } from './fold.ts';

/** An old answer, as it was kept: what it says is believed of offsets alone, never of values. */
export interface SavedAnswer {
  /** The receipt's, read. */
  readonly question: ViewQuery;
  readonly receipt: Receipt;
  /** At least the rows that cover other offsets than the receipt: it does not name those. */
  readonly rows: readonly AnswerRow[];
}

/**
 * The offsets that an answer was folded over: its receipt's, and those that rows of it were ahead.
 */
export function offsetsOf({ receipt, rows }: Pick<SavedAnswer, 'receipt' | 'rows'>): Coverage {
  return rows.reduce((coverage, { ahead = [] }) => rowCoverage(coverage, ahead, []), receipt.coverage);
}

/**
 * Gives an old answer again, to the byte: one plain fold over the offsets that its receipt and its
 * rows name, shown, ordered and cut into pages as the query function does. Its digest is computed
 * anew: it is the receipt's unless the data, the definition or the receipt are not what they were.
 *
 * @param log all records of `offsetsOf`, in any order; others are passed over. Of a view that looks
 * back, what `readFor` says, in the order of each partition
 * @param lookups the lookup rows that a record's segment is bound to
 */
export async function replayAnswer(
  pipeline: Pipeline,
  { question, receipt, rows }: SavedAnswer,
  log: AsyncIterable<LogRecord> | Iterable<LogRecord>,
  lookups: (partition: number, offset: number) => ResolveLookup,
): Promise<Answer> {
  const { plan } = pipeline;
  const { view } = foldOf(pipeline).rows;
  const covering = unsealSnapshot(receipt, plan.storage.segmentSize);
  const { page, version, topicId } = receipt;
  const folded = await foldAsOf(pipeline, { question, receipt, rows }, covering, log, lookups);
  const readSnapshot = withFinality(plan, covering, folded.watermarks);
  const order = compareRows(plan.storage.buckets);
  const behindStart = ({ key, window, startMs }: RowPosition): boolean => {
    if (page.start === null) return true;
    const { bucket, after } = page.start;
    const own = bucketOf(key, plan.storage.buckets);
    return (
      own > bucket || (own === bucket && (after === null || comparePositions({ key, window, startMs }, after) > 0))
    );
  };
  const merged = folded.rows.filter(behindStart).sort(order);
  const filled = await fillPage(
    plan,
    view,
    readSnapshot,
    question,
    merged,
    (_, before) => page.last || before < page.rows,
  );
  // What follows a page may be a row that is nothing but ahead, which only the next page names.
  const { last } = page;
  // The bindings that were made since say nothing of an old answer: its receipt names its versions,
  // and its digest holds them.
  const { models } = receipt;
  return answerOf(
    plan,
    { version, topicId },
    readSnapshot,
    question,
    { quarantined: folded.quarantined, models },
    page.start,
    {
      ...filled,
      last,
    },
  );
}

/** The order of an answer's rows: bucket by bucket, each in the order of the tables. */
function compareRows(buckets: number): (left: RowPosition, right: RowPosition) => number {
  return (left, right) => bucketOf(left.key, buckets) - bucketOf(right.key, buckets) || comparePositions(left, right);
}

/** A row while it is folded: the shares of both layers apart. */
interface FoldingRow extends RowPosition {
  endMs: number | null;
  readonly coverage: Coverage;
  readonly ahead: readonly CoverageDelta[];
  readonly behind: readonly CoverageDelta[];
  batch: unknown[] | null;
  speed: unknown[] | null;
}

/** An event that an answer covers; of a session, it is folded when the session is known. */
interface CoveredEvent extends EventPosition {
  readonly share: 'batch' | 'speed';
  readonly slots: Slots;
}

interface FoldedAsOf {
  readonly rows: readonly MergedRow[];
  readonly quarantined: Quarantined;
  /**
   * Where the watermarks stand behind what is covered without a gap, of a view that drops what is
   * late.
   */
  readonly watermarks: ReadonlyMap<number, number>;
}

async function foldAsOf(
  pipeline: Pipeline,
  { question, receipt, rows }: SavedAnswer,
  { coverage, batchBelow }: ReadSnapshot,
  log: AsyncIterable<LogRecord> | Iterable<LogRecord>,
  lookups: (partition: number, offset: number) => ResolveLookup,
): Promise<FoldedAsOf> {
  const fold = foldOf(pipeline);
  const earlier = fold.statefulStage && new InMemoryStatefulStage(fold.statefulStage);
  const { view } = fold.rows;
  const { keys, fromMs, toMs, total } = question;
  const window = pipeline.plan.windows.find(({ name }) => name === question.window) as WindowPlan;
  const startsOf = windowStartsOf(window);
  const wantedKeys = keys && new Set(keys);
  const isWanted = (startMs: number): boolean =>
    window.kind === 'running' || ((fromMs === null || startMs >= fromMs) && (toMs === null || startMs < toMs));
  const idOf = (key: string, startMs: number): string => (total ? key : rowId(window.name, startMs, key));
  const blank = { ahead: [], behind: [], batch: null, speed: null };

  const folding = new Map<string, FoldingRow>();
  /** Of sessions, a whole key is behind. */
  const keyCoverage = new Map<string, Pick<FoldingRow, 'coverage' | 'ahead' | 'behind'>>();
  for (const row of rows.filter(hasCoverageDelta)) {
    const { ahead = [], behind = [] } = row;
    const position = positionOfRow(pipeline.plan, row);
    const own = { coverage: rowCoverage(coverage, ahead, behind), ahead, behind };
    keyCoverage.set(position.key, own);
    // Also one that covers nothing at all is a row of the answer.
    const endMs = total ? null : windowEndMs(window, position.startMs);
    folding.set(idOf(position.key, position.startMs), { ...position, ...blank, ...own, endMs });
  }

  const { behind } = receipt.quarantined;
  const counted = rowCoverage(coverage, [], behind);
  const counts = new Map<PoisonReason, number>();
  const everything = offsetsOf({ receipt, rows });
  const watermarks = new Map<number, number>();
  const sessionEvents = new Map<string, CoveredEvent[]>();
  const add = (position: RowPosition, endMs: number | null, event: CoveredEvent): void => {
    const id = idOf(position.key, position.startMs);
    let row = folding.get(id);
    if (row === undefined) {
      row = {
        ...position,
        ...blank,
        coverage,
        ...keyCoverage.get(window.kind === 'session' ? position.key : ''),
        endMs,
      };
      folding.set(id, row);
    }
    // Of a session that was kept, the end is known only now.
    row.endMs = endMs;
    row[event.share] ??= [...view.empty];
    fold.addTo(row[event.share] as unknown[], event.slots, event);
  };
  const addEvent = ({ timeMs, values }: TimedValues, partition: number, offset: number): void => {
    const wanted = startsOf(timeMs).filter(isWanted);
    if (window.kind !== 'session' && wanted.length === 0) return;
    const share = offset < (batchBelow[partition] ?? 0) ? 'batch' : 'speed';
    const isCovered = (own: Coverage | undefined): boolean => covers((own ?? coverage)[partition] ?? [], offset);
    for (const slots of fold.enrich(values, lookups(partition, offset))) {
      const key = fold.keyOf(slots);
      if (wantedKeys !== null && !wantedKeys.has(key)) continue;
      const event: CoveredEvent = { timeMs, partition, offset, share, slots };
      if (window.kind === 'session') {
        if (!isCovered(keyCoverage.get(key)?.coverage)) continue;
        const events = sessionEvents.get(key);
        if (events) events.push(event);
        else sessionEvents.set(key, [event]);
        continue;
      }
      // A total takes an event once, however many of its windows hold it.
      for (const startMs of total ? wanted.slice(0, 1) : wanted) {
        if (isCovered(folding.get(idOf(key, startMs))?.coverage))
          add({ key, window: window.name, startMs }, total ? null : windowEndMs(window, startMs), event);
      }
    }
  };
  for await (const record of log) {
    const { partition, offset, value, headers } = record;
    const isNamed = covers(everything[partition] ?? [], offset);
    if (!isNamed && earlier === null) continue;
    const decoded = fold.decode(value, headers);
    const admitted = earlier?.admit(record, decoded) ?? decoded;
    if (earlier !== null && offset < contiguousEnd(coverage[partition] ?? []))
      watermarks.set(partition, earlier.watermarkMs(partition));
    if (!isNamed) continue;
    if (admitted.kind === 'poison') {
      if (covers(counted[partition] ?? [], offset)) counts.set(admitted.reason, (counts.get(admitted.reason) ?? 0) + 1);
      continue;
    }
    for (const event of admitted.kind === 'event' ? [admitted] : admitted.events) addEvent(event, partition, offset);
  }
  if (window.kind === 'session') {
    for (const [key, own] of sessionEvents) {
      for (const { startMs, endMs, events } of sessionsOfEvents(own, window.gapMs)) {
        if (!isWanted(startMs)) continue;
        for (const event of events) add({ key, window: window.name, startMs }, total ? null : endMs, event);
      }
    }
  }

  const merged = Array.from(folding.values(), ({ coverage: _, ...row }) => ({
    ...row,
    states: mergeStates(view, row.batch, row.speed),
  }));
  const reasons = POISON_REASONS.flatMap((reason) => {
    const records = counts.get(reason);
    return records === undefined ? [] : [[reason, records] as const];
  });
  return { rows: merged, quarantined: { reasons: Object.fromEntries(reasons), behind }, watermarks };
}
