import type { AggregateDomain } from '../plan.ts';
import type { Algebra } from './algebra.ts';
import {
  compareObservations,
  comparePlaces,
  type EventPlace,
  type Observation,
  type Present,
  readObservation,
  readPlace,
  sizeOfPresent,
  writeObservation,
  writePlace,
} from './observation.ts';
import { shownValue } from './result.ts';

/**
 * The first values in the order of their events. Whole events are kept (one may have several values) until there are `n` values; or until the next event would be
 * too much: then `full` is where it stands, and nothing from there on is kept. Each event that is left out has `n` values before it, or too many bytes up to it,
 * and has so in every larger log, so what is kept does not depend on grouping.
 */
interface Collected {
  readonly kept: readonly Observation[];
  readonly full: EventPlace | null;
}

const SIZE_BYTES_MAX = 65_536;
/** What a kept value takes beside its own bytes. */
const PLACE_SIZE_BYTES = 24;

/** The first `n` values by event time, then by place in the log; null when they take more than 64 KiB. */
export function collect(
  n: number,
  domain: AggregateDomain,
): Algebra<Collected, readonly Present[] | null, Observation> {
  const empty: Collected = { kept: [], full: null };
  const merge = (left: Collected, right: Collected): Collected => {
    return bounded(n, inOrder(left.kept, right.kept), earlier(left.full, right.full));
  };
  const lift = (observation: Observation): Collected => bounded(n, [observation], null);
  return {
    empty,
    lift,
    add: (state, observation) => {
      const last = state.kept.at(-1);
      const isBehind = state.kept.length >= n && last !== undefined && comparePlaces(observation, last) > 0;
      return isBehind ? state : merge(state, lift(observation));
    },
    merge,
    present: ({ kept, full }) =>
      full === null ? kept.slice(0, n).map(({ value }) => shownValue(domain, value)) : null,
    encode: ({ kept, full }, writer) => {
      writer.unsigned(kept.length);
      for (const observation of kept) writeObservation(observation, writer);
      writer.byte(full === null ? 0 : 1);
      if (full !== null) writePlace(full, writer);
    },
    decode: (reader) => {
      const kept: Observation[] = [];
      for (let left = reader.unsigned(); left > 0; left--) kept.push(readObservation(reader));
      return { kept, full: reader.byte() === 0 ? null : readPlace(reader) };
    },
  };
}

/** Of observations in their order, the events that are kept; those from `full` on are not. */
function bounded(n: number, sorted: readonly Observation[], full: EventPlace | null): Collected {
  let sizeBytes = 0;
  let end = 0;
  while (end < sorted.length && end < n) {
    const event = sorted[end] as Observation;
    if (full !== null && comparePlaces(event, full) >= 0) break;
    let next = end;
    for (; next < sorted.length && comparePlaces(sorted[next] as Observation, event) === 0; next++)
      sizeBytes += sizeOf((sorted[next] as Observation).value);
    if (sizeBytes > SIZE_BYTES_MAX) {
      const { timeMs, partition, offset } = event;
      return { kept: sorted.slice(0, end), full: { timeMs, partition, offset } };
    }
    end = next;
  }
  return { kept: sorted.slice(0, end), full: end >= n ? null : full };
}

function sizeOf(value: Present): number {
  return PLACE_SIZE_BYTES + sizeOfPresent(value);
}

function earlier(left: EventPlace | null, right: EventPlace | null): EventPlace | null {
  return left === null || right === null ? (left ?? right) : comparePlaces(left, right) <= 0 ? left : right;
}

/** Two sorted lists as one. */
function inOrder(left: readonly Observation[], right: readonly Observation[]): readonly Observation[] {
  const merged: Observation[] = [];
  let next = 0;
  for (const observation of left) {
    while (next < right.length && compareObservations(right[next] as Observation, observation) < 0)
      merged.push(right[next++] as Observation);
    merged.push(observation);
  }
  return [...merged, ...right.slice(next)];
}
