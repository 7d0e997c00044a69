import type { Scalar } from '../json.ts';
import { compareUtf8 } from '../order.ts';
import type { AggregateDomain } from '../plan/aggregate.ts';
import type { Reader, Writer } from '../records/codec.ts';
import { compareDecimals } from './numeric/decimal.ts';

/**
 * The position of an event (rule 12): its time, then its offset in the log. The whole view has one
 * topic.
 */
export interface EventPosition {
  readonly timeMs: number;
  readonly partition: number;
  readonly offset: number;
}

/**
 * The input of an aggregate that needs more than one value of an event. `second` is null if the
 * aggregate has one field. Neither value is null otherwise.
 */
export interface PositionedValue extends EventPosition {
  readonly value: Present;
  readonly second: Present | null;
}

export type Present = Scalar;

/**
 * Orders values by the positions of their events. Items of one record share a position: their
 * values then decide, so that the order is total.
 */
export function comparePositionedValues(left: PositionedValue, right: PositionedValue): number {
  return compareEventPositions(left, right) || comparePresent(left.value, right.value);
}

export function compareEventPositions(left: EventPosition, right: EventPosition): number {
  return left.timeMs - right.timeMs || left.partition - right.partition || left.offset - right.offset;
}

/** The order of the values of a column: decimals, too, by size. */
export function comparatorOf(domain: AggregateDomain): (left: Present, right: Present) => number {
  return domain === 'decimal' ? (left, right) => compareDecimals(left as string, right as string) : comparePresent;
}

/** Orders values of one type: numbers by size, texts by their UTF-8 bytes, false before true. */
export function comparePresent(left: Present, right: Present): number {
  return typeof left === 'string' ? compareUtf8(left, right as string) : Number(left) - Number(right);
}

/** The size of a value: the UTF-8 bytes of a text, eight bytes for all others. */
export function sizeOfPresent(value: Present): number {
  return typeof value === 'string' ? Buffer.byteLength(value) : 8;
}

export function writeEventPosition({ timeMs, partition, offset }: EventPosition, writer: Writer): void {
  writer.double(timeMs);
  writer.unsigned(partition);
  writer.unsigned(offset);
}

export function readEventPosition(reader: Reader): EventPosition {
  return { timeMs: reader.double(), partition: reader.unsigned(), offset: reader.unsigned() };
}

export function writePositionedValue(observation: PositionedValue, writer: Writer): void {
  const { value, second } = observation;
  writeEventPosition(observation, writer);
  writeValue(value, writer);
  writer.byte(second === null ? 0 : 1);
  if (second !== null) writeValue(second, writer);
}

export function readPositionedValue(reader: Reader): PositionedValue {
  const place = readEventPosition(reader);
  const value = readValue(reader);
  return { ...place, value, second: reader.byte() === 0 ? null : readValue(reader) };
}

const NUMBER = 0;
const TEXT = 1;
const FALSE = 2;
const TRUE = 3;

export function writeValue(value: Present, writer: Writer): void {
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

export function readValue(reader: Reader): Present {
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
