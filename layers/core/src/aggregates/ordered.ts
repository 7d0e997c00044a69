import type { Reader, Writer } from '../codec.ts';
import type { AggregateDomain } from '../plan.ts';
import { timeText } from '../wire.ts';
import type { Algebra } from './algebra.ts';
import { compareObservations, comparePresent, type Observation, type Present } from './observation.ts';

/**
 * Keeps one observation: the one that no other precedes. `precedes` is a total order over observations that differ, so that the one kept does not depend on the
 * order in which they come.
 */
function kept(
  precedes: (left: Observation, right: Observation) => number,
  domain: AggregateDomain,
): Algebra<Observation | null, Present | null, Observation> {
  const merge = (left: Observation | null, right: Observation | null): Observation | null =>
    left === null || right === null ? (left ?? right) : precedes(right, left) < 0 ? right : left;
  return {
    empty: null,
    lift: (observation) => observation,
    add: merge,
    merge,
    present: (state) => (state === null ? null : shownValue(domain, state.value)),
    encode: (state, writer) => {
      writer.byte(state === null ? 0 : 1);
      if (state !== null) writeObservation(state, writer);
    },
    decode: (reader) => (reader.byte() === 0 ? null : readObservation(reader)),
  };
}

/** A value as it is shown: timestamps as ISO 8601 in UTC. */
function shownValue(domain: AggregateDomain, value: Present): Present {
  return domain === 'timestamp' ? (timeText(value as number) as string) : value;
}

const latest = (left: Observation, right: Observation): number => compareObservations(right, left);
const by = (left: Observation, right: Observation): number =>
  comparePresent(left.second as Present, right.second as Present);

/** The value of the earliest event that has one; null of nothing. */
export const first = (domain: AggregateDomain) => kept(compareObservations, domain);

/** The value of the latest event that has one; null of nothing. */
export const last = (domain: AggregateDomain) => kept(latest, domain);

/** The value of the event whose second value is the smallest, the earliest of several; null of nothing. */
export const minBy = (domain: AggregateDomain) =>
  kept((left, right) => by(left, right) || compareObservations(left, right), domain);

/** The value of the event whose second value is the largest, the earliest of several; null of nothing. */
export const maxBy = (domain: AggregateDomain) =>
  kept((left, right) => by(right, left) || compareObservations(left, right), domain);

function writeObservation({ timeMs, partition, offset, value, second }: Observation, writer: Writer): void {
  writer.double(timeMs);
  writer.unsigned(partition);
  writer.unsigned(offset);
  writeValue(value, writer);
  writer.byte(second === null ? 0 : 1);
  if (second !== null) writeValue(second, writer);
}

function readObservation(reader: Reader): Observation {
  const place = { timeMs: reader.double(), partition: reader.unsigned(), offset: reader.unsigned() };
  const value = readValue(reader);
  return { ...place, value, second: reader.byte() === 0 ? null : readValue(reader) };
}

const NUMBER = 0;
const TEXT = 1;
const FALSE = 2;
const TRUE = 3;

function writeValue(value: Present, writer: Writer): void {
  switch (typeof value) {
    case 'number':
      writer.byte(NUMBER);
      writer.double(value);
      return;
    case 'string':
      writer.byte(TEXT);
      writer.text(value);
      return;
    case 'boolean':
      writer.byte(value ? TRUE : FALSE);
  }
}

function readValue(reader: Reader): Present {
  switch (reader.byte()) {
    case NUMBER:
      return reader.double();
    case TEXT:
      return reader.text();
    case FALSE:
      return false;
    case TRUE:
      return true;
    default:
      return reader.refuse();
  }
}
