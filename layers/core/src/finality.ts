import type { MergedRow, Vantage } from './answer.ts';
import type { Coverage, Range } from './coverage.ts';
import { NO_CLOCK_MS } from './late.ts';
import type { Plan, WindowPlan } from './plan.ts';

/**
 * When rows are final: no event that is still to come can change them. That can be promised only where late events take no part (rule 6), and it follows from the covered
 * offsets alone, as all of an answer does. A partition of which nothing is covered yet has no clock, so it holds nothing back.
 */

/** How far the offsets of a partition are covered without a gap: where its clock is read. */
export function prefixEnd(ranges: readonly Range[]): number {
  const [first] = ranges;
  return first?.[0] === 0 ? first[1] : 0;
}

/**
 * No event before this time will take part any more, once the covered offsets were there. Epoch milliseconds.
 *
 * @param clocks for each covered partition, where its clock stands behind the prefix that is covered of it
 * @returns null while nothing is certain; undefined where every event counts
 */
export function finalBefore(
  { late, relay }: Pick<Plan, 'late' | 'relay'>,
  coverage: Coverage,
  clocks: ReadonlyMap<number, number>,
): number | null | undefined {
  if (late === undefined) return undefined;
  // A pair happened when its left event did, and the right one may come so much later.
  const waitsMs = relay?.join === undefined ? 0 : (relay.join.within?.afterMs ?? Number.POSITIVE_INFINITY);
  const times = Object.keys(coverage).map((partition) => clocks.get(Number(partition)) ?? NO_CLOCK_MS);
  const leastMs = times.reduce((one, other) => Math.min(one, other), Number.POSITIVE_INFINITY);
  const beforeMs = leastMs - late.afterMs - waitsMs;
  return times.length === 0 || beforeMs <= NO_CLOCK_MS ? null : beforeMs;
}

/** The same vantage, with what is final from there where anything ever is; `clocks` as for `finalBefore`. */
export function withFinality(
  plan: Pick<Plan, 'late' | 'relay'>,
  vantage: Vantage,
  clocks: ReadonlyMap<number, number>,
): Vantage {
  const finalBeforeMs = finalBefore(plan, vantage.coverage, clocks);
  return finalBeforeMs === undefined ? vantage : { ...vantage, finalBeforeMs };
}

/** Whether a row stays as it is shown. One that is behind its receipt does not; a session goes on with an event that comes just as its gap ends. */
export function isFinal(
  { kind }: WindowPlan,
  { endMs, behind }: Pick<MergedRow, 'endMs' | 'behind'>,
  beforeMs: number | null,
): boolean {
  if (endMs === null || beforeMs === null || behind.length > 0) return false;
  return kind === 'session' ? endMs < beforeMs : endMs <= beforeMs;
}
