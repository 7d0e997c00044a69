import { createHash } from 'node:crypto';
import type { Coverage } from './coverage.ts';
import { ProtocolError } from './errors.ts';
import type { Plan } from './plan.ts';
import type { Appearance } from './ports.ts';
import { keyText } from './record.ts';
import { countHolding } from './search.ts';
import type { Value } from './value.ts';

/** A text that is longer stands as its hash: it is a key of the database, which takes none of any length. Characters. */
const ID_LENGTH_MAX = 1_000;

/** What of a plan decides about repetitions (rule 10). Where none is dropped there is no rule. */
export interface DuplicateRule {
  /** How far apart in event time repetitions may lie. Without a bound, 0: then every appearance stands at time 0. */
  readonly withinMs: number;
  appearanceOf(values: readonly Value[], timeMs: number, offset: number): Appearance;
}

export function duplicateRuleOf({ columns, duplicates }: Plan): DuplicateRule | null {
  if (duplicates === undefined) return null;
  const indexes = duplicates.by.map((field) => columns.findIndex(({ name }) => name === field));
  const isBounded = duplicates.withinMs !== undefined;
  return {
    withinMs: duplicates.withinMs ?? 0,
    appearanceOf: (values, timeMs, offset) => ({
      id: idOf(keyText(indexes.map((index) => values[index] as Value))),
      timeMs: isBounded ? timeMs : 0,
      offset,
    }),
  };
}

function idOf(text: string): string {
  return text.length <= ID_LENGTH_MAX ? text : `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

/**
 * The meaning of dropped duplicates: a record repeats what came before it in its partition. Asked for every event of a log, from the first one on and in the order
 * of each partition.
 */
export class SeenEvents {
  private readonly rule: DuplicateRule;
  /** Times at which each id of a partition came, ascending. */
  private readonly times = new Map<string, number[]>();
  private readonly last = new Map<number, number>();

  constructor(rule: DuplicateRule) {
    this.rule = rule;
  }

  /** Whether an event repeats an earlier one; it is remembered for those that follow. */
  isRepeated(partition: number, values: readonly Value[], timeMs: number, offset: number): boolean {
    if (offset <= (this.last.get(partition) ?? -1)) throw unordered(partition, offset);
    this.last.set(partition, offset);
    const appearance = this.rule.appearanceOf(values, timeMs, offset);
    const name = `${partition}|${appearance.id}`;
    let times = this.times.get(name);
    if (times === undefined) {
      times = [];
      this.times.set(name, times);
    }
    const first = firstFrom(times, appearance.timeMs - this.rule.withinMs);
    const isRepeated = first < times.length && (times[first] as number) <= appearance.timeMs + this.rule.withinMs;
    const own = firstFrom(times, appearance.timeMs);
    if (times[own] !== appearance.timeMs) times.splice(own, 0, appearance.timeMs);
    return isRepeated;
  }
}

/** Index of the first time that is not before `timeMs`. */
function firstFrom(times: readonly number[], timeMs: number): number {
  return countHolding(times.length, (index) => (times[index] as number) < timeMs);
}

/** What must be read to fold some offsets: all that was before them too, where a view looks back. */
export function readFor({ duplicates }: Pick<Plan, 'duplicates'>, coverage: Coverage): Coverage {
  if (duplicates === undefined) return coverage;
  return Object.fromEntries(
    Object.entries(coverage)
      .filter(([, ranges]) => ranges.length > 0)
      .map(([partition, ranges]) => [partition, [[0, Math.max(...ranges.map(([, end]) => end))]]]),
  );
}

function unordered(partition: number, offset: number): ProtocolError {
  return new ProtocolError('BIFOLD_LOG_UNORDERED', {
    failed: 'a view that drops duplicates was given a log out of order',
    received: `offset ${offset} of partition ${partition} behind a later one`,
    allowed: 'the records of each partition by offset, from the first one on',
    remedy: 'report this: it is a fault of Bifold',
  });
}
