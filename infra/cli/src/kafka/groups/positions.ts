import type { KafkaTopics, TopicState } from '@bifold/adapters/kafka';
import { InvalidArgumentError } from 'commander';
import { UsageError } from '../../errors.ts';

/** A position in a log: one for all partitions, or for some. */
export type Place =
  | { readonly kind: 'earliest' | 'latest' }
  | { readonly kind: 'time'; readonly timestampMs: number }
  | { readonly kind: 'offset'; readonly offset: number }
  | { readonly kind: 'offsets'; readonly offsets: ReadonlyMap<number, number> };

export const PLACES =
  'earliest, latest, a time (2013-07-04T00:00:00Z), an offset, or a comma-separated list of partition:offset';

/** ISO 8601. A time needs its zone, because a log has none. */
const TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/;

/** Parses a place of the command line. */
export function placeOf(text: string): Place {
  if (text === 'earliest' || text === 'latest') return { kind: text };
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return { kind: 'offset', offset: Number(text) };
  if (/^\d+:\d+(,\d+:\d+)*$/.test(text)) {
    const pairs = text.split(',').map((pair) => pair.split(':').map(Number) as [number, number]);
    if (new Set(pairs.map(([partition]) => partition)).size === pairs.length)
      return { kind: 'offsets', offsets: new Map(pairs) };
  }
  const timestampMs = TIME.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(timestampMs)) return { kind: 'time', timestampMs };
  throw new InvalidArgumentError(`It must be ${PLACES}.`);
}

/**
 * The offsets of a place, for each partition that it names.
 * @throws {UsageError} for a partition that there is not, or an offset outside of the log
 */
export async function offsetsOf(
  topics: KafkaTopics,
  topic: TopicState,
  place: Place,
): Promise<ReadonlyMap<number, number>> {
  switch (place.kind) {
    case 'earliest':
    case 'latest':
      return topics.offsets(topic.name, place.kind);
    case 'time':
      return topics.offsets(topic.name, { timestampMs: place.timestampMs });
    case 'offset':
      return new Map(
        topic.partitions.map(({ partition, start, end }) => [
          partition,
          Math.min(Math.max(place.offset, start ?? 0), end ?? place.offset),
        ]),
      );
    case 'offsets':
      for (const [partition, offset] of place.offsets) {
        const found = topic.partitions.find((state) => state.partition === partition);
        if (found === undefined || offset < (found.start ?? 0) || offset > (found.end ?? offset))
          throw outside(topic, partition, offset);
      }
      return place.offsets;
  }
}

function outside({ name, partitions }: TopicState, partition: number, offset: number): UsageError {
  return new UsageError('BIFOLD_OFFSET_OUTSIDE', {
    failed: `topic "${name}" has no offset ${offset} in partition ${partition}`,
    received: `${partition}:${offset}`,
    allowed: partitions.map(({ partition, start, end }) => `${partition}: ${start} to ${end}`).join(', '),
    remedy: 'name an offset of the log; what retention took is gone',
  });
}
