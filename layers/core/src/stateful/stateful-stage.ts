import { ProtocolError } from '../errors.ts';
import { idOf } from '../id.ts';
import type { Plan } from '../plan/plan.ts';
import type { LogRecord } from '../ports/log.ts';
import type { StateEntry } from '../ports/operator-state-store.ts';
import type { Coverage } from '../query/coverage.ts';
import { type Decoded, type DecodedPoison, keyText, type TimedValues } from '../records/record.ts';
import { partitionPoint } from '../search.ts';
import { InMemoryJoinBuffer, type JoinRule, joinRuleOf } from './join.ts';
import { type LateRule, lateRuleOf, NO_WATERMARK_MS } from './watermark.ts';

/** The number of adjacent source offsets that share one id in the operator state. */
const OFFSETS_PER_ENTRY = 1_000;

/** The operators of a plan that depend on earlier offsets (rule 10). */
export interface StatefulStage {
  /** Drops records that a relay copied twice; null if there is no relay. */
  readonly relayed: DedupeRule | null;
  /** Drops late records; null if the plan drops none. */
  readonly late: LateRule | null;
  /** Drops duplicates; null if every record counts. */
  readonly duplicates: DedupeRule | null;
  /** Joins events of two topics; null without a join. */
  readonly join: JoinRule | null;
}

/** The rule by which a record is a duplicate. */
export interface DedupeRule {
  /**
   * The greatest distance in time between duplicates. 0 if time does not matter: every state entry
   * is then at time 0.
   */
  readonly withinMs: number;
  /** True if event time does not matter: the first offset of an id then decides. */
  readonly ignoresTime: boolean;
  /** The state entry that identifies a record; null if nothing can repeat it. */
  stateEntryOf(record: Decoded, offset: number): StateEntry | null;
}

/** The stateful operators of a plan; null if it has none. */
export function statefulStageOf(plan: Plan): StatefulStage | null {
  if (!requiresHistory(plan)) return null;
  return {
    relayed: plan.relay === undefined ? null : DEDUPE_FORWARDED,
    late: lateRuleOf(plan),
    duplicates: plan.duplicates === undefined ? null : duplicateRuleOf(plan, plan.duplicates),
    join: joinRuleOf(plan),
  };
}

/**
 * An interrupted relay repeats its delivery, so the repartition topic may contain a record twice.
 * Ids group adjacent source offsets, so that one read covers many records of a batch.
 */
const DEDUPE_FORWARDED: DedupeRule = {
  withinMs: 0,
  ignoresTime: false,
  stateEntryOf: ({ origin }, offset) =>
    origin === undefined
      ? null
      : { id: `from|${origin.log}|${Math.floor(origin.offset / OFFSETS_PER_ENTRY)}`, timeMs: origin.offset, offset },
};

function duplicateRuleOf({ columns }: Plan, { by, withinMs }: NonNullable<Plan['duplicates']>): DedupeRule {
  const indexes = by.map((field) => columns.findIndex(({ name }) => name === field));
  const isBounded = withinMs !== undefined;
  return {
    withinMs: withinMs ?? 0,
    ignoresTime: !isBounded,
    stateEntryOf: (record, offset) =>
      record.kind === 'poison'
        ? null
        : {
            id: idOf(keyText(indexes.map((index) => record.values[index] ?? null))),
            timeMs: isBounded ? record.timeMs : 0,
            offset,
          },
  };
}

/**
 * The result for a record, given all earlier ones: the reason for dropping it, or the events that
 * it yields.
 */
export type StageOutput = DecodedPoison | { readonly kind: 'events'; readonly events: readonly TimedValues[] };

const NOTHING: StageOutput = { kind: 'events', events: [] };

/**
 * The reference implementation of the stateful operators, in memory. It needs every record of the
 * log, from the first one on, in offset order within each partition.
 */
export class InMemoryStatefulStage {
  private readonly relayed: InMemoryDedupe | null;
  private readonly late: LateRule | null;
  private readonly duplicates: InMemoryDedupe | null;
  private readonly events: InMemoryJoinBuffer | null;
  private readonly watermarks = new Map<number, number>();
  private readonly last = new Map<number, number>();

  constructor({ relayed, late, duplicates, join }: StatefulStage) {
    this.relayed = relayed && new InMemoryDedupe(relayed);
    this.late = late;
    this.duplicates = duplicates && new InMemoryDedupe(duplicates);
    this.events = join && new InMemoryJoinBuffer(join);
  }

  /** Returns the result for a record, and remembers the record for later ones. */
  process({ partition, offset, timestampMs }: Place, record: Decoded): StageOutput {
    if (offset <= (this.last.get(partition) ?? -1)) throw unordered(partition, offset);
    this.last.set(partition, offset);
    if (this.relayed?.isDuplicate(partition, record, offset)) return NOTHING;
    if (record.kind === 'poison') return record;
    if (this.isLate(partition, record, timestampMs)) return NOTHING;
    if (this.duplicates?.isDuplicate(partition, record, offset)) return NOTHING;
    return { kind: 'events', events: this.events?.joinedWith(partition, record) ?? [record] };
  }

  /**
   * The watermark of a partition after its records so far, if the view drops late events. Epoch
   * milliseconds.
   */
  watermarkMs(partition: number): number {
    return this.watermarks.get(partition) ?? NO_WATERMARK_MS;
  }

  private isLate(partition: number, event: TimedValues, timestampMs: number): boolean {
    if (this.late === null) return false;
    const watermarkMs = this.watermarkMs(partition);
    this.watermarks.set(partition, this.late.after(watermarkMs, event, timestampMs));
    return this.late.isLate(watermarkMs, event);
  }
}

/** The position of a record, and the broker's time. */
type Place = Pick<LogRecord, 'partition' | 'offset' | 'timestampMs'>;

/** Finds the duplicates of one rule. */
class InMemoryDedupe {
  private readonly rule: DedupeRule;
  /** The times of each id of a partition, in ascending order. */
  private readonly times = new Map<string, number[]>();

  constructor(rule: DedupeRule) {
    this.rule = rule;
  }

  isDuplicate(partition: number, record: Decoded, offset: number): boolean {
    const stateEntry = this.rule.stateEntryOf(record, offset);
    if (stateEntry === null) return false;
    const name = `${partition}|${stateEntry.id}`;
    let times = this.times.get(name);
    if (times === undefined) {
      times = [];
      this.times.set(name, times);
    }
    const first = firstFrom(times, stateEntry.timeMs - this.rule.withinMs);
    const isRepeated = first < times.length && (times[first] as number) <= stateEntry.timeMs + this.rule.withinMs;
    const own = firstFrom(times, stateEntry.timeMs);
    if (times[own] !== stateEntry.timeMs) times.splice(own, 0, stateEntry.timeMs);
    return isRepeated;
  }
}

/** Index of the first time that is not before `timeMs`. */
function firstFrom(times: readonly number[], timeMs: number): number {
  return partitionPoint(times.length, (index) => (times[index] as number) < timeMs);
}

/** Whether the result for a record depends on earlier offsets. */
export function requiresHistory({ duplicates, late, relay }: Pick<Plan, 'duplicates' | 'late' | 'relay'>): boolean {
  return duplicates !== undefined || late !== undefined || relay !== undefined;
}

/**
 * The offsets to read for a fold of some offsets. A view with stateful operators needs all earlier
 * ones too.
 */
export function readFor(plan: Pick<Plan, 'duplicates' | 'late' | 'relay'>, coverage: Coverage): Coverage {
  if (!requiresHistory(plan)) return coverage;
  return Object.fromEntries(
    Object.entries(coverage)
      .filter(([, ranges]) => ranges.length > 0)
      .map(([partition, ranges]) => [partition, [[0, Math.max(...ranges.map(([, end]) => end))]]]),
  );
}

function unordered(partition: number, offset: number): ProtocolError {
  return new ProtocolError('BIFOLD_LOG_UNORDERED', {
    failed: 'a view with stateful operators was given a log out of order',
    received: `offset ${offset} of partition ${partition} after a higher one`,
    allowed: 'the records of each partition by offset, from the first one on',
    remedy: 'this is a bug in Bifold: report it',
  });
}
