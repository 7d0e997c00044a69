import { idOf } from '../id.ts';
import type { Plan } from '../plan/plan.ts';
import type { JoinPlan } from '../plan/relay.ts';
import type { StateEntry, StateRange } from '../ports/operator-state-store.ts';
import type { DecodedEvent, TimedValues } from '../records/record.ts';
import { keyText, TIME_LIMIT_MS, type Value } from '../records/value.ts';
import { partitionPoint } from '../search.ts';
import { isColumnOf } from './repartition.ts';

/**
 * An interval join of two topics. It joins each event with all earlier events of the other side
 * that have an equal key and an event time within the interval. "Earlier" means a lower offset in
 * the same partition of the repartition topic. So each pair is emitted once, at the higher of its
 * two offsets.
 */
export interface JoinRule {
  /** The key that both sides must share; null joins nothing. */
  keyOf(event: DecodedEvent): string | null;
  /** The event times of possible partners, both ends inclusive. */
  timeRangeFor(event: DecodedEvent): { readonly fromMs: number; readonly toMs: number };
  /** The columns of the pair that come from this event. */
  sideOf(event: DecodedEvent): readonly Value[];
  /** Combines an event with an earlier one of the other side into a pair. */
  combine(event: DecodedEvent, partner: TimedValues): TimedValues;
  /** The join buffer entry of an event, for the events that follow; null if it joins nothing. */
  bufferEntryFor(event: DecodedEvent, offset: number): StateEntry | null;
  /** The ranges of the join buffer that hold its partners. */
  probeRangesFor(event: DecodedEvent): readonly StateRange[];
}

const LEFT = 0;
const RIGHT = 1;
/**
 * The shortest time bucket of the join buffer, in milliseconds. One read of a key loads neither its
 * whole history nor a single event.
 */
const BUCKET_MIN_MS = 60 * 60 * 1000;

export function joinRuleOf({ columns, relay }: Plan): JoinRule | null {
  if (relay?.join === undefined) return null;
  const { within } = relay.join;
  const keys = relay.sources.map(({ by, prefix }) =>
    by.map((field) => columns.findIndex(({ name }) => name === prefix + field)),
  );
  const width = columns.filter(({ name }) => isColumnOf(relay, LEFT, name)).length;
  const keyOf: JoinRule['keyOf'] = (event) => {
    const values = (keys[sideIndex(event)] as readonly number[]).map((index) => event.values[index] ?? null);
    return values.includes(null) ? null : keyText(values);
  };
  const timeRangeFor: JoinRule['timeRangeFor'] = (event) => partnerTimeRange(event, within);
  const sideOf: JoinRule['sideOf'] = (event) =>
    sideIndex(event) === LEFT ? event.values.slice(0, width) : event.values.slice(width);
  const bucketMs = within === null ? null : Math.max(BUCKET_MIN_MS, within.beforeMs + within.afterMs);
  const bucketOf = (timeMs: number): number => (bucketMs === null ? 0 : Math.floor(timeMs / bucketMs));
  const entryId = (side: number, bucket: number, key: string): string => idOf(`join|${side}|${bucket}|${key}`);
  return {
    keyOf,
    timeRangeFor,
    sideOf,
    combine: (event, partner) =>
      sideIndex(event) === LEFT
        ? { timeMs: event.timeMs, values: [...sideOf(event), ...partner.values] }
        : { timeMs: partner.timeMs, values: [...partner.values, ...sideOf(event)] },
    bufferEntryFor: (event, offset) => {
      const key = keyOf(event);
      if (key === null) return null;
      const { timeMs } = event;
      return { id: entryId(sideIndex(event), bucketOf(timeMs), key), timeMs, offset, values: sideOf(event) };
    },
    probeRangesFor: (event) => {
      const key = keyOf(event);
      if (key === null) return [];
      const { fromMs, toMs } = timeRangeFor(event);
      const first = bucketOf(fromMs);
      const other = sideIndex(event) === LEFT ? RIGHT : LEFT;
      return Array.from({ length: bucketOf(toMs) - first + 1 }, (_, index) => ({
        id: entryId(other, first + index, key),
        fromMs,
        toMs,
      }));
    },
  };
}

/**
 * For a left event, the time range of its right partners; for a right event, that of its left ones.
 */
function partnerTimeRange(
  event: DecodedEvent,
  within: JoinPlan['within'],
): { readonly fromMs: number; readonly toMs: number } {
  if (within === null) return { fromMs: -TIME_LIMIT_MS, toMs: TIME_LIMIT_MS };
  const { beforeMs, afterMs } = within;
  const { timeMs } = event;
  return sideIndex(event) === LEFT
    ? { fromMs: timeMs - beforeMs, toMs: timeMs + afterMs }
    : { fromMs: timeMs - afterMs, toMs: timeMs + beforeMs };
}

function sideIndex({ origin }: DecodedEvent): number {
  if (origin === undefined) throw new RangeError('an event of a join has no origin: it does not come from a relay');
  return origin.source;
}

/**
 * The reference implementation of a join: all events so far, in memory, by side and key. Each list
 * is sorted by event time.
 */
export class InMemoryJoinBuffer {
  private readonly rule: JoinRule;
  private readonly sides: readonly [Map<string, TimedValues[]>, Map<string, TimedValues[]>] = [new Map(), new Map()];

  constructor(rule: JoinRule) {
    this.rule = rule;
  }

  /** Returns the pairs of an event with earlier events, and remembers the event for later ones. */
  joinedWith(partition: number, event: DecodedEvent): readonly TimedValues[] {
    const key = this.rule.keyOf(event);
    if (key === null) return [];
    const name = `${partition}|${key}`;
    const [ownSide, otherSide] = sideIndex(event) === LEFT ? this.sides : [this.sides[RIGHT], this.sides[LEFT]];
    const ownEvents = ownSide.get(name) ?? [];
    ownSide.set(name, ownEvents);
    ownEvents.splice(firstFrom(ownEvents, event.timeMs), 0, { timeMs: event.timeMs, values: this.rule.sideOf(event) });
    const candidates = otherSide.get(name) ?? [];
    const { fromMs, toMs } = this.rule.timeRangeFor(event);
    return candidates
      .slice(firstFrom(candidates, fromMs), firstFrom(candidates, toMs + 1))
      .map((partner) => this.rule.combine(event, partner));
  }
}

/** Index of the first event that is not before `timeMs`. */
function firstFrom(events: readonly TimedValues[], timeMs: number): number {
  return partitionPoint(events.length, (index) => (events[index] as TimedValues).timeMs < timeMs);
}
