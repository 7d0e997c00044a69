import type { Plan } from '../plan/plan.ts';
import type { RelayPlan } from '../plan/relay.ts';
import type { LogHeader } from '../ports/log.ts';
import { bucketOf } from '../ports/tables.ts';
import { columnReader, keyText } from '../records/value.ts';

/**
 * The header with the origin of a relayed record. The relay appends it as the last header, so an
 * earlier header of the same name, set by the producer, is ignored.
 */
export const ORIGIN_HEADER = 'bifold-origin';

/** The origin of a relayed record: `topic/topic id/partition/offset`. */
export interface Origin {
  /** The index of the relay's source. */
  readonly source: number;
  /** The origin without its offset: a partition of a topic, with the topic id. */
  readonly log: string;
  readonly offset: number;
}

const ORIGIN = /^([A-Za-z][A-Za-z0-9._-]{0,62})\/([0-9a-f-]{36})\/(\d{1,9})\/(\d{1,15})$/;

export function originText(topic: string, topicId: string, partition: number, offset: number): string {
  return `${topic}/${topicId}/${partition}/${offset}`;
}

/** Parses an origin. Null if the text does not name a source of the relay. */
export function readOrigin(text: string | null, { sources }: RelayPlan): Origin | null {
  const [, topic, topicId, partition, offset] = ORIGIN.exec(text ?? '') ?? [];
  const source = sources.findIndex((one) => one.topic === topic);
  return source < 0 ? null : { source, log: `${topic}/${topicId}/${partition}`, offset: Number(offset) };
}

/** The origin in a record's headers, as text. */
export function originHeader(headers: readonly LogHeader[]): string | null {
  const value = headers.findLast(({ key }) => key === ORIGIN_HEADER)?.value ?? null;
  return value === null ? null : Buffer.from(value).toString('latin1');
}

/**
 * Whether this source fills a column of the plan. In a join, the columns of the right side begin
 * with its prefix. Otherwise every source fills all columns.
 */
export function isColumnOf({ join, sources }: RelayPlan, source: number, column: string): boolean {
  if (join === undefined) return true;
  const ofRight = column.startsWith((sources[1] as RelayPlan['sources'][number]).prefix);
  return ofRight === (source === 1);
}

/**
 * The target partition of a source record in the repartition topic. Records with equal values of
 * the partitioning fields share one. A record that is unreadable, or lacks such a field, keeps its
 * own partition number. It is a function of the plan and the record alone, so a relay that runs
 * twice copies a record to the same place.
 */
export function partitionFor(plan: Plan, source: number): (value: Uint8Array | null, log: string) => number {
  const { partitions, sources } = plan.relay as RelayPlan;
  const { by, prefix } = sources[source] as RelayPlan['sources'][number];
  const readers = by.map((field) => {
    const column = plan.columns.find(({ name }) => name === prefix + field);
    if (column === undefined) throw new RangeError(`${field} is no column`);
    return { field, read: columnReader(column) };
  });
  return (value, log) => {
    const record = objectIn(value);
    const values = readers.map(({ field, read }) => read(record?.[field]) ?? null);
    return bucketOf(values.includes(null) ? log : keyText(values), partitions);
  };
}

function objectIn(value: Uint8Array | null): Readonly<Record<string, unknown>> | null {
  if (value === null) return null;
  try {
    const parsed: unknown = JSON.parse(Buffer.from(value).toString('utf8'));
    return typeof parsed === 'object' && !Array.isArray(parsed)
      ? (parsed as Readonly<Record<string, unknown>> | null)
      : null;
  } catch {
    return null;
  }
}
