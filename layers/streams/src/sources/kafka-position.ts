import type { Topics } from '../ports.ts';
import type { StartingOffsets } from './source.ts';

/**
 * The position in each topic: its id, since offsets mean nothing in another topic of the same name,
 * and the next offset of each partition.
 */
export interface TopicPosition {
  readonly id: string;
  readonly offsets: Readonly<Record<string, number>>;
}
export type KafkaPosition = Readonly<Record<string, TopicPosition>>;

export async function startOf(
  topic: string,
  start: StartingOffsets,
  topics: Topics,
): Promise<Readonly<Record<string, number>>> {
  if (start === 'earliest' || start === 'latest') return Object.fromEntries(await topics.offsets(topic, start));
  if (typeof start.timestamp === 'string')
    return Object.fromEntries(await topics.offsets(topic, { timestampMs: Date.parse(start.timestamp) }));
  // Partitions that are not named begin at the start of the log.
  const named = (start as Readonly<Record<string, Readonly<Record<string, number>>>>)[topic] ?? {};
  return { ...Object.fromEntries(await topics.offsets(topic, 'earliest')), ...named };
}

/**
 * At most so many offsets, by how much each partition has, as Spark shares them out; what rounding
 * leaves over goes to the first that have more.
 */
export function sharedOut(from: KafkaPosition, available: KafkaPosition, limit: number): KafkaPosition {
  const parts = Object.entries(available).flatMap(([topic, { offsets }]) =>
    Object.entries(offsets).map(([partition, end]) => {
      const start = from[topic]?.offsets[partition] ?? 0;
      return { topic, partition, start, size: Math.max(0, end - start) };
    }),
  );
  const total = parts.reduce((sum, { size }) => sum + size, 0);
  if (total <= limit) return available;
  const shares = parts.map((part) => ({ ...part, share: Math.floor((part.size * limit) / total) }));
  let left = limit - shares.reduce((sum, { share }) => sum + share, 0);
  for (const part of shares) {
    if (left === 0) break;
    if (part.share === part.size) continue;
    part.share++;
    left--;
  }
  const result: Record<string, { id: string; offsets: Record<string, number> }> = {};
  for (const { topic, partition, start, share } of shares) {
    result[topic] ??= { id: (available[topic] as TopicPosition).id, offsets: {} };
    result[topic].offsets[partition] = start + share;
  }
  return result;
}
