import {
  type Decoded,
  type DecodedEvent,
  type DedupeRule,
  type JoinRule,
  type LogRecord,
  NO_WATERMARK_MS,
  type OperatorStateStore,
  type SegmentSize,
  type StateEntry,
  type StatefulStage,
  type StateRange,
  segmentOf,
  type TimedValues,
  watermarkMark,
} from '@bifold/core/engine';

const REMEMBERED_IDS = 200_000;

/**
 * A cache of the first known offset of each id, by partition. Entries never become invalid. Used
 * only for duplicates without `within`.
 */
export type WarmOperatorState = Map<number, Map<string, number>>;

/** The results for the records of a batch, given all lower offsets. */
export interface StatefulResult {
  /** The offsets of dropped records: duplicates, or late ones. */
  readonly dropped: ReadonlySet<number>;
  /** For each offset, the pairs that its event completes. Null without a join. */
  readonly pairs: ReadonlyMap<number, readonly TimedValues[]> | null;
  /** The watermark after these records, in epoch milliseconds. */
  readonly watermarkMs: number;
}

export const PASS_THROUGH: StatefulResult = { dropped: new Set(), pairs: null, watermarkMs: NO_WATERMARK_MS };

/**
 * Rule 10: runs the stateful operators over a batch. It stores the batch's own operator state
 * before it returns a result. The operator state of all offsets below the batch must be stored
 * already.
 */
export async function runStatefulOperators(
  { relayed, late, duplicates, join }: StatefulStage,
  { partition, segmentSize, records, decoded, watermarkMs: watermarkBeforeMs }: RecordRun,
  operatorState: OperatorStateStore,
  warm: WarmOperatorState,
): Promise<StatefulResult> {
  const dropped = new Set<number>();
  const passed = (): readonly DecodedRecord[] =>
    records.flatMap((record, index) => (dropped.has(record.offset) ? [] : [[decoded[index] as Decoded, record]]));
  const dropDuplicates = async (rule: DedupeRule | null): Promise<void> => {
    if (rule === null) return;
    const stateEntries = passed().flatMap(([record, { offset }]) => rule.stateEntryOf(record, offset) ?? []);
    for (const offset of await duplicateOffsets(rule, partition, stateEntries, operatorState, warm))
      dropped.add(offset);
  };
  await dropDuplicates(relayed);
  let watermarkMs = watermarkBeforeMs;
  if (late !== null && records.length > 0) {
    // An answer may end at the end of the batch, or at the end of any segment in it. So each
    // segment gets a mark.
    const marks: StateEntry[] = [];
    for (const [index, { offset, timestampMs }] of records.entries()) {
      const event = decoded[index] as Decoded;
      if (event.kind === 'event' && !dropped.has(offset)) {
        if (late.isLate(watermarkMs, event)) dropped.add(offset);
        watermarkMs = late.after(watermarkMs, event, timestampMs);
      }
      const segment = segmentOf(offset, segmentSize);
      const next = records[index + 1];
      if (next === undefined || segmentOf(next.offset, segmentSize) > segment)
        marks.push(watermarkMark(segment, offset, watermarkMs));
    }
    await operatorState.write(partition, marks);
  }
  await dropDuplicates(duplicates);
  if (join === null) return { dropped, pairs: null, watermarkMs };
  const events = passed().flatMap(([record, { offset }]) => (record.kind === 'poison' ? [] : [{ ...record, offset }]));
  return { dropped, pairs: await pairsOf(join, partition, events, operatorState), watermarkMs };
}

/** Consecutive records of a partition, and its watermark before them. */
interface RecordRun {
  readonly partition: number;
  readonly segmentSize: SegmentSize;
  readonly records: readonly LogRecord[];
  readonly decoded: readonly Decoded[];
  readonly watermarkMs: number;
}

/** A decoded record, and the log record with its offset. */
type DecodedRecord = readonly [Decoded, LogRecord];

async function duplicateOffsets(
  rule: DedupeRule,
  partition: number,
  stateEntries: readonly StateEntry[],
  operatorState: OperatorStateStore,
  warm: WarmOperatorState,
): Promise<ReadonlySet<number>> {
  const remembered = rule.ignoresTime ? rememberedOf(warm, partition) : new Map<string, number>();
  const isKnown = ({ id, offset }: StateEntry): boolean => (remembered.get(id) ?? offset) < offset;
  const repeated = new Set<number>();
  const unknown = stateEntries.filter((entry) => {
    if (isKnown(entry)) repeated.add(entry.offset);
    return !isKnown(entry);
  });
  const wanted = mergedRanges(
    unknown.map(({ id, timeMs }) => ({ id, fromMs: timeMs - rule.withinMs, toMs: timeMs + rule.withinMs })),
  );
  const stored = wanted.length === 0 ? [] : await operatorState.read(partition, wanted);
  const seen = Map.groupBy(stored, ({ id }) => id);
  const added: StateEntry[] = [];
  for (const entry of unknown) {
    const sameId = seen.get(entry.id) ?? [];
    const earlier = sameId.filter(({ offset }) => offset < entry.offset);
    if (earlier.some(({ timeMs }) => Math.abs(timeMs - entry.timeMs) <= rule.withinMs)) repeated.add(entry.offset);
    if (!sameId.some(({ timeMs, offset }) => timeMs === entry.timeMs && offset <= entry.offset)) added.push(entry);
    sameId.push(entry);
    seen.set(entry.id, sameId);
  }
  if (added.length > 0) await operatorState.write(partition, added);
  if (rule.ignoresTime)
    for (const [id, all] of seen)
      for (const { offset } of all) remembered.set(id, Math.min(offset, remembered.get(id) ?? offset));
  return repeated;
}

/**
 * Joins each event with earlier events of the other side, from this batch and from the join buffer.
 */
async function pairsOf(
  rule: JoinRule,
  partition: number,
  events: readonly (DecodedEvent & { readonly offset: number })[],
  operatorState: OperatorStateStore,
): Promise<ReadonlyMap<number, readonly TimedValues[]>> {
  const waiting = events.flatMap((event) => rule.bufferEntryFor(event, event.offset) ?? []);
  if (waiting.length > 0) await operatorState.write(partition, waiting);
  const wanted = mergedRanges(events.flatMap((event) => rule.probeRangesFor(event)));
  const stored = wanted.length === 0 ? [] : await operatorState.read(partition, wanted);
  // A failed invocation may have stored entries of this batch already, so remove duplicates.
  const entries = new Map([...stored, ...waiting].map((one) => [`${one.offset}|${one.id}`, one]));
  const seen = Map.groupBy(entries.values(), ({ id }) => id);
  return new Map(
    events.map((event) => [
      event.offset,
      rule
        .probeRangesFor(event)
        .flatMap(({ id, fromMs, toMs }) =>
          (seen.get(id) ?? [])
            .filter(({ offset, timeMs }) => offset < event.offset && timeMs >= fromMs && timeMs <= toMs)
            .map(({ timeMs, values = [] }) => rule.combine(event, { timeMs, values })),
        ),
    ]),
  );
}

/** Merges ranges: one range for each id, from its earliest to its latest time. */
function mergedRanges(wanted: readonly StateRange[]): readonly StateRange[] {
  return Array.from(
    Map.groupBy(wanted, ({ id }) => id),
    ([id, group]) => ({
      id,
      fromMs: group.reduce((least, { fromMs }) => Math.min(least, fromMs), Number.POSITIVE_INFINITY),
      toMs: group.reduce((most, { toMs }) => Math.max(most, toMs), Number.NEGATIVE_INFINITY),
    }),
  );
}

function rememberedOf(warm: WarmOperatorState, partition: number): Map<string, number> {
  let known = warm.get(partition);
  if (known === undefined || known.size > REMEMBERED_IDS) {
    known = new Map();
    warm.set(partition, known);
  }
  return known;
}
