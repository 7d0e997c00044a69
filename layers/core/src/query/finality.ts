import type { Plan } from '../plan/plan.ts';
import type { WindowPlan } from '../plan/window.ts';
import { NO_WATERMARK_MS } from '../stateful/watermark.ts';
import type { MergedRow, ReadSnapshot } from './answer.ts';
import type { Coverage, Range } from './coverage.ts';

/**
 * A row is final if no later event can change it. That holds only for views that drop late events
 * (rule 6). It follows from the covered offsets alone, as the whole answer does. A partition
 * without covered offsets has no watermark, so it holds nothing back.
 */

/**
 * The end of the prefix of a partition that is covered without a gap. The watermark is the one at
 * this offset.
 */
export function contiguousEnd(ranges: readonly Range[]): number {
  const [first] = ranges;
  return first?.[0] === 0 ? first[1] : 0;
}

/**
 * The time before which all events are dropped as late, given the covered offsets. Epoch
 * milliseconds.
 *
 * @param watermarks for each covered partition, the watermark after its covered prefix
 * @returns null while nothing is certain; undefined if every event counts
 */
export function finalBeforeOf(
  { late, relay }: Pick<Plan, 'late' | 'relay'>,
  coverage: Coverage,
  watermarks: ReadonlyMap<number, number>,
): number | null | undefined {
  if (late === undefined) return undefined;
  // A pair has the event time of its left event. Its right event may be this much later.
  const waitsMs = relay?.join === undefined ? 0 : (relay.join.within?.afterMs ?? Number.POSITIVE_INFINITY);
  const times = Object.keys(coverage).map((partition) => watermarks.get(Number(partition)) ?? NO_WATERMARK_MS);
  const leastMs = times.reduce((one, other) => Math.min(one, other), Number.POSITIVE_INFINITY);
  const beforeMs = leastMs - late.allowedLatenessMs - waitsMs;
  return times.length === 0 || beforeMs <= NO_WATERMARK_MS ? null : beforeMs;
}

/**
 * Adds the final time to a read snapshot, if the view drops late events. `watermarks` as for
 * `finalBeforeOf`.
 */
export function withFinality(
  plan: Pick<Plan, 'late' | 'relay'>,
  readSnapshot: ReadSnapshot,
  watermarks: ReadonlyMap<number, number>,
): ReadSnapshot {
  const finalBeforeMs = finalBeforeOf(plan, readSnapshot.coverage, watermarks);
  return finalBeforeMs === undefined ? readSnapshot : { ...readSnapshot, finalBeforeMs };
}

/**
 * Whether no later event can change a row. A row that is behind its receipt can change. A session
 * can change too, if an event comes exactly a gap after its last one.
 */
export function isFinal(
  { kind }: WindowPlan,
  { endMs, behind }: Pick<MergedRow, 'endMs' | 'behind'>,
  beforeMs: number | null,
): boolean {
  if (endMs === null || beforeMs === null || behind.length > 0) return false;
  return kind === 'session' ? endMs < beforeMs : endMs <= beforeMs;
}
