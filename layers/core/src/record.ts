import { isUtf8 } from 'node:buffer';
import type { Pipeline } from './definition/pipeline.ts';
import type { Column, EventSchema } from './definition/schema.ts';
import type { EventTime } from './definition/topic.ts';
import { DefinitionError } from './errors.ts';
import { itemsOf, itemsProblemOf } from './items.ts';
import { KEY_LIMIT_BYTES, keySizeOf } from './key-size.ts';
import { type ColumnReader, columnReader, type Value } from './value.ts';

export type { Value } from './value.ts';

/** Why a record is no event. Each is a count of its own in the quarantine view. */
export type PoisonReason =
  | 'tombstone'
  | 'not-utf8'
  | 'not-json'
  | 'not-an-object'
  | 'invalid'
  | 'wrong-type'
  | 'bad-event-time';

export const POISON_REASONS: readonly PoisonReason[] = [
  'tombstone',
  'not-utf8',
  'not-json',
  'not-an-object',
  'invalid',
  'wrong-type',
  'bad-event-time',
];

/** A record, read: an event with the values of the plan's columns in their order, or the reason why it is none. */
export type Decoded =
  | { readonly kind: 'event'; readonly values: readonly Value[]; readonly timeMs: number }
  | { readonly kind: 'poison'; readonly reason: PoisonReason; readonly detail: string };

/** A pure function of the bytes: the same record is an event, or poison of one reason, in every layer. */
export type Decoder = (value: Uint8Array | null) => Decoded;

/** Beyond what JavaScript dates hold there is no time. Epoch milliseconds. */
const TIME_LIMIT_MS = 8.64e15;
/**
 * How deep the value of a json column may be nested. Schemas and JSON.stringify recurse: beyond some depth they throw, at a depth that differs from
 * one call stack to the next, and one layer would count what another sets aside.
 */
const JSON_DEPTH_LIMIT = 100;
const DETAIL_LIMIT = 500;

/** Compiles the decoder of a pipeline. The schema only says yes or no; values are those of the wire. */
export function decoderOf(pipeline: Pipeline): Decoder {
  const { columns, eventTime } = pipeline.plan;
  const readers = columns.map(columnReader);
  const timeOf = eventTimeReader(eventTime, columns);
  const validate = validatorOf(pipeline.schema);
  const nested = columns.filter((column) => column.type === 'json').map((column) => column.name);
  const keys = keySizeOf(pipeline.plan);
  const readItems = itemsOf(pipeline.plan);
  const itemsProblem = itemsProblemOf(pipeline.plan);
  return (bytes) => {
    if (bytes === null) return poison('tombstone', 'the value is null');
    if (!isUtf8(bytes)) return poison('not-utf8', 'the bytes are not UTF-8 text');
    let parsed: unknown;
    try {
      parsed = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
    } catch (error) {
      return poison('not-json', error instanceof Error ? error.message : String(error));
    }
    if (parsed === null || typeof parsed !== 'object' || Array.isArray(parsed)) {
      return poison(
        'not-an-object',
        `a JSON ${parsed === null ? 'null' : Array.isArray(parsed) ? 'array' : typeof parsed}`,
      );
    }
    const record = parsed as Record<string, unknown>;
    for (const name of nested) {
      if (isDeeperThan(JSON_DEPTH_LIMIT, Object.hasOwn(record, name) ? record[name] : null))
        return poison('wrong-type', `${name} is nested deeper than ${JSON_DEPTH_LIMIT} levels`);
    }
    const issue = validate(record);
    if (issue !== null) return poison('invalid', issue);
    const values: Value[] = new Array(readers.length);
    for (let index = 0; index < readers.length; index++) {
      const { name } = columns[index] as Column;
      const value = (readers[index] as ColumnReader)(Object.hasOwn(record, name) ? record[name] : null);
      if (value === undefined) {
        return poison('wrong-type', `${name} is not of type ${(columns[index] as Column).type}`);
      }
      values[index] = value;
    }
    const problem = itemsProblem(values);
    if (problem !== null) return poison('wrong-type', problem);
    if (keys.sizeBytes(values, readItems?.(values)) > KEY_LIMIT_BYTES)
      return poison('wrong-type', `${keys.columns.join(', ')}: more than ${KEY_LIMIT_BYTES} bytes, too long for a key`);
    const timeMs = timeOf(values);
    return timeMs === null
      ? poison('bad-event-time', `${eventTime.field} is no time`)
      : { kind: 'event', values, timeMs };
  };
}

function poison(reason: PoisonReason, detail: string): Decoded {
  return { kind: 'poison', reason, detail: detail.toWellFormed().slice(0, DETAIL_LIMIT).toWellFormed() };
}

function isDeeperThan(levels: number, value: unknown): boolean {
  if (value === null || typeof value !== 'object') return false;
  if (levels === 0) return true;
  return Object.values(value).some((inner) => isDeeperThan(levels - 1, inner));
}

/** First issue of the schema, or null. */
function validatorOf(schema: EventSchema): (value: unknown) => string | null {
  const { validate } = schema['~standard'];
  return (value) => {
    let result: ReturnType<typeof validate>;
    try {
      result = validate(value);
    } catch (error) {
      return `the schema threw: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (result instanceof Promise) {
      throw new DefinitionError('BIFOLD_SCHEMA_ASYNC', {
        failed: 'a schema validates asynchronously',
        received: 'a promise',
        allowed: 'a schema that answers at once',
        remedy: 'remove asynchronous refinements',
      });
    }
    const issue = result.issues?.[0];
    if (!issue) return null;
    const path = (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
    return path === '' ? issue.message : `${path}: ${issue.message}`;
  };
}

function eventTimeReader(
  eventTime: EventTime,
  columns: readonly Column[],
): (values: readonly Value[]) => number | null {
  const index = columns.findIndex((column) => column.name === eventTime.field);
  const toMs = epochScale(eventTime);
  return (values) => {
    const value = values[index];
    if (typeof value !== 'number') return null;
    const timeMs = toMs(value);
    return Math.abs(timeMs) <= TIME_LIMIT_MS ? timeMs : null;
  };
}

function epochScale(eventTime: EventTime): (value: number) => number {
  if (eventTime.kind === 'dateTime') return (value) => value;
  switch (eventTime.unit) {
    case 's':
      return (value) => value * 1000;
    case 'ms':
      return (value) => value;
    case 'us':
      return (value) => Math.floor(value / 1000);
  }
}

/** A key as text: the JSON array of its values. Equal keys, equal texts, in every layer. */
export function keyText(values: readonly Value[]): string {
  return JSON.stringify(values);
}

/** The key of a row in a lookup table, as text; null joins nothing. */
export function lookupKeyText(value: Value): string | null {
  return value === null ? null : String(value);
}
