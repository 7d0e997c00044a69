import {
  type AllowedLateness,
  columnValue,
  cutOf,
  type Decoded,
  type Manifest,
  NO_WATERMARK_MS,
  type OperatorStateStore,
  type Plan,
  type Pointer,
  type PoisonReason,
  ProtocolError,
  readOrigin,
  requiresHistory,
  type SegmentSize,
  type SpeedStore,
  type SqlEngine,
  type SqlValue,
  type StateEntry,
  type StatefulStage,
  segmentEnd,
  segmentStart,
  stateEntriesSql,
  statefulStageOf,
  watermarkMark,
  watermarksSql,
} from '@bifold/core/engine';
import { COVERED } from './manifest.ts';

interface OperatorStatePorts {
  readonly operatorState: OperatorStateStore;
  readonly speed: Pick<SpeedStore, 'readProgress'>;
}

const OPERATOR_STATE_AT_ONCE = 5_000;

/**
 * Rule 10: before a cut is published, all operator state below it is stored, so that the speed
 * layer can continue from the cut. The speed layer has stored the state of segments that it
 * completed. This function adds that of the others.
 */
export async function storeOperatorState(
  plan: Plan,
  pointer: Pointer,
  { cuts }: Manifest,
  engine: SqlEngine,
  ports: OperatorStatePorts,
): Promise<void> {
  const lookBack = statefulStageOf(plan);
  if (lookBack === null) return;
  const { segmentSize } = plan.storage;
  if (plan.late !== undefined) await storeWatermarks(plan.late, cuts, segmentSize, engine, ports.operatorState);
  for (const [name, cut] of Object.entries(cuts)) {
    const partition = Number(name);
    const before = cutOf(pointer.current, partition);
    const progress = await ports.speed.readProgress(partition, before, cut);
    const isComplete = (segment: number): boolean => progress.get(segment) === segmentEnd(segment, segmentSize);
    for (let segment = before; segment < cut; segment++) {
      if (isComplete(segment)) continue;
      // The following segments are read together, since each query reads the whole partition.
      const start = segmentStart(segment, segmentSize);
      while (segment + 1 < cut && !isComplete(segment + 1)) segment++;
      const end = segmentEnd(segment, segmentSize);
      let pending: StateEntry[] = [];
      for await (const chunk of engine.query(stateEntriesSql(plan, COVERED, partition, start, end))) {
        for (const [offset, ...record] of chunk)
          pending.push(...stateEntriesOf(lookBack, archivedRecord(plan, record), record[3] === true, Number(offset)));
        if (pending.length < OPERATOR_STATE_AT_ONCE) continue;
        await ports.operatorState.write(partition, pending);
        pending = [];
      }
      if (pending.length > 0) await ports.operatorState.write(partition, pending);
    }
  }
}

/** Stores the watermarks at the cuts: folds of later offsets continue from there. */
async function storeWatermarks(
  late: AllowedLateness,
  cuts: Manifest['cuts'],
  segmentSize: SegmentSize,
  engine: SqlEngine,
  operatorState: OperatorStateStore,
): Promise<void> {
  const watermarks = new Map<number, number>();
  for await (const chunk of engine.query(watermarksSql(late, COVERED)))
    for (const [partition, watermarkMs] of chunk) watermarks.set(Number(partition), Number(watermarkMs));
  for (const [name, cut] of Object.entries(cuts)) {
    if (cut === 0) continue;
    const partition = Number(name);
    const last = segmentStart(cut, segmentSize) - 1;
    await operatorState.write(partition, [watermarkMark(cut - 1, last, watermarks.get(partition) ?? NO_WATERMARK_MS)]);
  }
}

/** A row of `stateEntriesSql`, without its offset. */
function archivedRecord(
  { relay }: Plan,
  [reason, timeMs, origin, , ...values]: readonly (SqlValue | undefined)[],
): Decoded {
  const recordOrigin = relay === undefined ? null : readOrigin(origin as string | null, relay);
  const from = recordOrigin === null ? {} : { origin: recordOrigin };
  return reason === null
    ? { kind: 'event', timeMs: Number(timeMs), values: values.map(columnValue), ...from }
    : { kind: 'poison', reason: reason as PoisonReason, detail: '', ...from };
}

/**
 * A late record still counts as the first copy of its origin. It is neither stored for
 * deduplication nor joined.
 */
function stateEntriesOf(
  { relayed, duplicates, join }: StatefulStage,
  record: Decoded,
  isLate: boolean,
  offset: number,
): readonly StateEntry[] {
  return [
    relayed?.stateEntryOf(record, offset) ?? null,
    isLate ? null : (duplicates?.stateEntryOf(record, offset) ?? null),
    isLate || record.kind === 'poison' ? null : (join?.bufferEntryFor(record, offset) ?? null),
  ].filter((one) => one !== null);
}

/**
 * The operator state of a lost range cannot be recomputed. Duplicates of its records would count
 * here, and not in the speed layer.
 */
export function refuseLost(plan: Plan, acceptLost: boolean): void {
  const { name } = plan;
  if (!acceptLost || !requiresHistory(plan)) return;
  throw new ProtocolError('BIFOLD_LOST_BEFORE_DUPLICATES', {
    failed: `"${name}" has stateful operators, and cannot skip lost records`,
    received: '--accept-lost',
    allowed: 'an archive without gaps, because stateful operators need all earlier records',
    remedy: `keep the current data, and start over: create the topic of "${name}" again and deploy`,
  });
}
