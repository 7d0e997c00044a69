import {
  type Appearance,
  type AppearanceStore,
  appearancesSql,
  clockMark,
  clocksSql,
  columnValue,
  cutOf,
  type Decoded,
  type Late,
  type LookBack,
  lookBackOf,
  looksBack,
  type Manifest,
  NO_CLOCK_MS,
  type Plan,
  type Pointer,
  type PoisonReason,
  ProtocolError,
  readOrigin,
  type SegmentSize,
  type SpeedStore,
  type SqlEngine,
  type SqlValue,
  segmentEnd,
  segmentStart,
} from '@bifold/core';
import { COVERED } from './manifest.ts';

interface AppearancePorts {
  readonly appearances: AppearanceStore;
  readonly speed: Pick<SpeedStore, 'readProgress'>;
}

const APPEARANCES_AT_ONCE = 5_000;

/**
 * Rule 10: before a cut is published, all that appeared below it is stored, so that the speed layer can go on from there. It stored what it completed itself: the rest are
 * the segments that were closed to it.
 */
export async function storeAppearances(
  plan: Plan,
  pointer: Pointer,
  { cuts }: Manifest,
  engine: SqlEngine,
  ports: AppearancePorts,
): Promise<void> {
  const lookBack = lookBackOf(plan);
  if (lookBack === null) return;
  const { segmentSize } = plan.storage;
  if (plan.late !== undefined) await storeClocks(plan.late, cuts, segmentSize, engine, ports.appearances);
  for (const [name, cut] of Object.entries(cuts)) {
    const partition = Number(name);
    const before = cutOf(pointer.current, partition);
    const progress = await ports.speed.readProgress(partition, before, cut);
    const isComplete = (segment: number): boolean => progress.get(segment) === segmentEnd(segment, segmentSize);
    for (let segment = before; segment < cut; segment++) {
      if (isComplete(segment)) continue;
      // Those that follow it are asked for together: each question goes over the partition.
      const start = segmentStart(segment, segmentSize);
      while (segment + 1 < cut && !isComplete(segment + 1)) segment++;
      const end = segmentEnd(segment, segmentSize);
      let pending: Appearance[] = [];
      for await (const chunk of engine.query(appearancesSql(plan, COVERED, partition, start, end))) {
        for (const [offset, ...record] of chunk)
          pending.push(...appearancesOf(lookBack, archivedRecord(plan, record), record[3] === true, Number(offset)));
        if (pending.length < APPEARANCES_AT_ONCE) continue;
        await ports.appearances.write(partition, pending);
        pending = [];
      }
      if (pending.length > 0) await ports.appearances.write(partition, pending);
    }
  }
}

/** Where the clocks stand at the cuts: whoever folds what is above goes on from there. */
async function storeClocks(
  late: Late,
  cuts: Manifest['cuts'],
  segmentSize: SegmentSize,
  engine: SqlEngine,
  appearances: AppearanceStore,
): Promise<void> {
  const clocks = new Map<number, number>();
  for await (const chunk of engine.query(clocksSql(late, COVERED)))
    for (const [partition, clockMs] of chunk) clocks.set(Number(partition), Number(clockMs));
  for (const [name, cut] of Object.entries(cuts)) {
    if (cut === 0) continue;
    const partition = Number(name);
    const last = segmentStart(cut, segmentSize) - 1;
    await appearances.write(partition, [clockMark(cut - 1, last, clocks.get(partition) ?? NO_CLOCK_MS)]);
  }
}

/** A row of `appearancesSql`, without its offset. */
function archivedRecord(
  { relay }: Plan,
  [reason, timeMs, origin, , ...values]: readonly (SqlValue | undefined)[],
): Decoded {
  const own = relay === undefined ? null : readOrigin(origin as string | null, relay);
  const from = own === null ? {} : { origin: own };
  return reason === null
    ? { kind: 'event', timeMs: Number(timeMs), values: values.map(columnValue), ...from }
    : { kind: 'poison', reason: reason as PoisonReason, detail: '', ...from };
}

/** What came too late was relayed all the same; but it repeats nothing, and nothing is joined with it. */
function appearancesOf(
  { relayed, duplicates, join }: LookBack,
  record: Decoded,
  isLate: boolean,
  offset: number,
): readonly Appearance[] {
  return [
    relayed?.appearanceOf(record, offset) ?? null,
    isLate ? null : (duplicates?.appearanceOf(record, offset) ?? null),
    isLate || record.kind === 'poison' ? null : (join?.waitingOf(record, offset) ?? null),
  ].filter((one) => one !== null);
}

/** What the speed layer saw of a range that is lost can be computed by nobody again: records that repeat it would count here, and not there. */
export function refuseLost(plan: Plan, acceptLost: boolean): void {
  const { name } = plan;
  if (!acceptLost || !looksBack(plan)) return;
  throw new ProtocolError('BIFOLD_LOST_BEFORE_DUPLICATES', {
    failed: `"${name}" looks back, and cannot pass records that are lost`,
    received: '--accept-lost',
    allowed: 'an archive without gaps: what came first is known only if all of it is',
    remedy: `keep what there is as it is, and begin anew: create the topic of "${name}" again and deploy`,
  });
}
