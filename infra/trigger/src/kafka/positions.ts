import type { Admin } from 'kafkajs';
import type { KafkaMapping } from '../mapping.ts';

/**
 * The starting offsets of partitions without a committed offset. Under LATEST, if other partitions
 * have committed offsets, such a partition was added later. All its records are new, so it is read
 * from its beginning.
 */
export async function startingPositions(
  admin: Admin,
  { topic, startingPosition }: KafkaMapping,
  missing: readonly number[],
  hasOthers: boolean,
): Promise<Map<number, number>> {
  const pick = (offsets: readonly { partition: number; offset: string }[]) =>
    new Map(
      offsets
        .filter(({ partition }) => missing.includes(partition))
        .map(({ partition, offset }) => [partition, Number(offset)]),
    );
  switch (startingPosition.kind) {
    case 'trim-horizon':
      return lows(admin, topic, missing);
    case 'latest':
      return hasOthers ? lows(admin, topic, missing) : pick(await admin.fetchTopicOffsets(topic));
    case 'at-timestamp':
      return pick(await admin.fetchTopicOffsetsByTimestamp(topic, startingPosition.timestampMs));
  }
}

async function lows(admin: Admin, topic: string, partitions: readonly number[]): Promise<Map<number, number>> {
  const bounds = await logBounds(admin, topic);
  return new Map(partitions.map((partition) => [partition, bounds.get(partition)?.low ?? 0]));
}

export async function committedPositions(admin: Admin, { groupId, topic }: KafkaMapping): Promise<Map<number, number>> {
  const [found] = await admin.fetchOffsets({ groupId, topics: [topic] });
  return new Map(
    (found?.partitions ?? [])
      .map(({ partition, offset }): [number, number] => [partition, Number(offset)])
      .filter(([, position]) => position >= 0),
  );
}

export async function logBounds(admin: Admin, topic: string): Promise<Map<number, { low: number; high: number }>> {
  const offsets = await admin.fetchTopicOffsets(topic);
  return new Map(offsets.map(({ partition, low, high }) => [partition, { low: Number(low), high: Number(high) }]));
}
