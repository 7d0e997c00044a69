import { listOffsetsV7 } from '@platformatic/kafka';
import type { Broker, Cluster } from './cluster.ts';

export const READ_COMMITTED = 1;
export const NO_EPOCH = -1;
/** The timestamps that stand for the start of a log, and for its last stable offset. */
export const EARLIEST = -2n;
export const LATEST = -1n;
const CONSUMER = -1;

/**
 * The offset of each partition at a timestamp, as its leader lists it for `read_committed` readers.
 * -1: no record is at or after that time.
 */
export async function listOffsets(
  cluster: Cluster,
  leader: Broker,
  topic: string,
  partitions: readonly number[],
  timestamp: bigint,
): Promise<readonly (readonly [partition: number, offset: number])[]> {
  const requested = partitions.map((partitionIndex) => ({
    partitionIndex,
    currentLeaderEpoch: NO_EPOCH,
    timestamp,
  }));
  const response = await cluster.send(leader, listOffsetsV7.api, CONSUMER, READ_COMMITTED, [
    { name: topic, partitions: requested },
  ]);
  return (response.topics[0]?.partitions ?? []).map(({ partitionIndex, offset }) => [partitionIndex, Number(offset)]);
}
