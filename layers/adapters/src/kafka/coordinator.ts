import { findCoordinatorV4, offsetFetchV8 } from '@platformatic/kafka';
import { AdapterError } from '../errors.ts';
import type { Broker, Cluster } from './cluster.ts';

const GROUP = 0;
const NO_MEMBER_EPOCH = -1;

/** The broker that coordinates a group. @throws {AdapterError} when none is named */
export async function coordinatorOf(cluster: Cluster, group: string): Promise<Broker> {
  const { coordinators } = await cluster.send(null, findCoordinatorV4.api, GROUP, [group]);
  const [coordinator] = coordinators;
  if (coordinator !== undefined) return coordinator;
  throw new AdapterError('BIFOLD_KAFKA_FAILED', {
    failed: `asking for the coordinator of group ${group}`,
    received: 'no coordinator',
    allowed: 'a broker that coordinates the group',
    remedy: 'try again',
  });
}

/**
 * Topic to partition to the committed next offset, of partitions that have one; all topics of the
 * group for null.
 */
export async function committedOffsets(
  cluster: Cluster,
  coordinator: Broker,
  group: string,
  topics: { readonly name: string; readonly partitionIndexes: number[] }[] | null,
): Promise<ReadonlyMap<string, ReadonlyMap<number, number>>> {
  const groups = [{ groupId: group, memberEpoch: NO_MEMBER_EPOCH, topics }];
  const response = await cluster.send(coordinator, offsetFetchV8.api, groups, true);
  return new Map(
    (response.groups[0]?.topics ?? []).map(({ name, partitions }) => [
      name,
      new Map(
        partitions
          .filter(({ committedOffset }) => committedOffset >= 0n)
          .map(({ partitionIndex, committedOffset }) => [partitionIndex, Number(committedOffset)] as const)
          .sort(([left], [right]) => left - right),
      ),
    ]),
  );
}
