import { compareUtf8 } from '../order.ts';
import type { Value } from '../record.ts';

/** Where an event stands (rule 12): its time, then its place in the log. The topic's incarnation is that of the whole view. */
export interface EventPlace {
  readonly timeMs: number;
  readonly partition: number;
  readonly offset: number;
}

/** What an aggregate of more than a single value takes of an event; `second` is null where it has one field. Neither value is null otherwise. */
export interface Observation extends EventPlace {
  readonly value: Present;
  readonly second: Present | null;
}

export type Present = Exclude<Value, null>;

/** Orders observations by their events. Several items of one record stand at one place: there their values decide, so that order is total. */
export function compareObservations(left: Observation, right: Observation): number {
  return (
    left.timeMs - right.timeMs ||
    left.partition - right.partition ||
    left.offset - right.offset ||
    comparePresent(left.value, right.value)
  );
}

/** Orders values of one type: numbers by size, texts by their UTF-8 bytes, false before true. */
export function comparePresent(left: Present, right: Present): number {
  return typeof left === 'string' ? compareUtf8(left, right as string) : Number(left) - Number(right);
}
