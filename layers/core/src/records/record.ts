import { isUtf8 } from 'node:buffer';
import type { Pipeline } from '../definition/pipeline.ts';
import type { EventSchema } from '../definition/source/schema.ts';
import { DefinitionError } from '../errors.ts';
import type { Column, EventTime } from '../plan/column.ts';
import type { Plan } from '../plan/plan.ts';
import type { LogHeader } from '../ports/log.ts';
import { isColumnOf, ORIGIN_HEADER, type Origin, originHeader, readOrigin } from '../stateful/repartition.ts';
import { eventTimeReader } from './event-time.ts';
import { itemsOf, itemsProblemOf } from './items.ts';
import { KEY_LIMIT_BYTES, keySizeOf } from './key-size.ts';
import { type ColumnReader, columnReader, type Value } from './value.ts';

export { keyText, type Value } from './value.ts';

/** The reason why a record is quarantined. The quarantine view counts each separately. */
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

/** The values of the plan's columns, in plan order, and the event time. */
export interface TimedValues {
  readonly timeMs: number;
  readonly values: readonly Value[];
}

export interface DecodedEvent extends TimedValues {
  readonly kind: 'event';
  /** The origin of a relayed record. The columns of other sources are then null. */
  readonly origin?: Origin;
}

export interface DecodedPoison {
  readonly kind: 'poison';
  readonly reason: PoisonReason;
  readonly detail: string;
  readonly origin?: Origin;
}

/** A decoded record: an event, or poison with its reason. */
export type Decoded = DecodedEvent | DecodedPoison;

/**
 * Decodes bytes into an event or poison. It is a pure function, so every layer gets the same
 * result. It reads headers only of relayed records.
 */
export type Decoder = (value: Uint8Array | null, headers?: readonly LogHeader[]) => Decoded;

/**
 * The greatest nesting of a json column's value. Schemas and JSON.stringify recurse, and throw at a
 * depth that differs from one call stack to the next. Without a limit, one layer would count a
 * record that another quarantines.
 */
const JSON_DEPTH_LIMIT = 100;
const DETAIL_LIMIT = 500;

/**
 * Compiles the decoder of a pipeline. The schema only validates. The values are those of the JSON
 * text, without transformations of the schema.
 */
export function decoderOf(pipeline: Pipeline): Decoder {
  const { columns, eventTime, relay } = pipeline.plan;
  const fields = columns.map((column) => ({ field: column.name, column }));
  if (relay === undefined) return readerOf(pipeline.plan, fields, eventTime, pipeline.schema);
  const sources = relay.sources.map((source, index) => {
    const { prefix, eventTime } = source;
    const fields = columns.map((column) =>
      isColumnOf(relay, index, column.name) ? { field: column.name.slice(prefix.length), column } : null,
    );
    return readerOf(pipeline.plan, fields, eventTime, pipeline.schemas?.[index] ?? pipeline.schema);
  });
  return (bytes, headers = []) => {
    const origin = readOrigin(originHeader(headers), relay);
    if (origin === null) return poison('invalid', `no header ${ORIGIN_HEADER} that a relay writes`);
    return { ...(sources[origin.source] as Decoder)(bytes), origin };
  };
}

/** A column and the field that fills it. Null if the column belongs to another source. */
type FieldOf = { readonly field: string; readonly column: Column } | null;

/** Reads the records of one topic. `eventTime` names one of their fields. */
function readerOf(plan: Plan, fields: readonly FieldOf[], eventTime: EventTime, schema: EventSchema): Decoder {
  const readers = fields.map((source) => source && columnReader(source.column));
  const timeOf = eventTimeReader(
    eventTime,
    fields.findIndex((source) => source?.field === eventTime.field),
  );
  const validate = validatorOf(schema);
  const nested = fields.flatMap((source) => (source?.column.type === 'json' ? [source.field] : []));
  const keys = keySizeOf(plan);
  // The key of a joined row may contain texts of both records.
  const keyLimitBytes = plan.relay?.join === undefined ? KEY_LIMIT_BYTES : KEY_LIMIT_BYTES / 2;
  const readItems = itemsOf(plan);
  const itemsProblem = itemsProblemOf(plan);
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
      const source = fields[index];
      if (source === null || source === undefined) {
        values[index] = null;
        continue;
      }
      const { field, column } = source;
      const value = (readers[index] as ColumnReader)(Object.hasOwn(record, field) ? record[field] : null);
      if (value === undefined) return poison('wrong-type', `${field} is not of type ${column.type}`);
      values[index] = value;
    }
    const problem = itemsProblem(values);
    if (problem !== null) return poison('wrong-type', problem);
    if (keys.sizeBytes(values, readItems?.(values)) > keyLimitBytes)
      return poison('wrong-type', `${keys.columns.join(', ')}: more than ${keyLimitBytes} bytes, too long for a key`);
    const timeMs = timeOf(values);
    return timeMs === null
      ? poison('bad-event-time', `${eventTime.field} is not a time`)
      : { kind: 'event', values, timeMs };
  };
}

function poison(reason: PoisonReason, detail: string): DecodedPoison {
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
        allowed: 'a schema that validates synchronously',
        remedy: 'remove asynchronous refinements',
      });
    }
    const issue = result.issues?.[0];
    if (!issue) return null;
    const path = (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
    return path === '' ? issue.message : `${path}: ${issue.message}`;
  };
}

/** The key of a row in a lookup table, as text. A null key finds no row. */
export function lookupKeyText(value: Value): string | null {
  return value === null ? null : String(value);
}
