import {
  consumerGroupDescribeV0,
  deleteGroupsV2,
  describeGroupsV5,
  findCoordinatorV4,
  listGroupsV4,
  offsetCommitV8,
  offsetFetchV8,
} from '@platformatic/kafka';
import { AdapterError } from '../errors.ts';
import { apiErrorsOf, type Broker, type KafkaOptions, kafkaCluster } from './cluster.ts';
import { metadataOf } from './metadata.ts';
import { unlessRefused } from './refusal.ts';

export interface GroupSummary {
  readonly group: string;
  /** `Stable`, `Empty`, `PreparingRebalance` and so on, as the broker names it. */
  readonly state: string;
}

export interface GroupMember {
  readonly id: string;
  readonly client: string;
  readonly host: string;
  /** Topic to partitions. */
  readonly assignment: Readonly<Record<string, readonly number[]>>;
}

export interface GroupState extends GroupSummary {
  readonly members: readonly GroupMember[];
  /** Topic to partition to the committed next offset. */
  readonly committed: ReadonlyMap<string, ReadonlyMap<number, number>>;
}

/** Operations on consumer groups, for an operator. */
export interface KafkaGroups {
  list(): Promise<readonly GroupSummary[]>;
  /** Null when there is no such group. */
  describe(group: string): Promise<GroupState | null>;
  /**
   * Sets the offsets of a group without members, and creates the group if it does not exist.
   *
   * @throws {KafkaRefusal} while it has members
   */
  commit(group: string, topic: string, offsets: ReadonlyMap<number, number>): Promise<void>;
  /** @throws {KafkaRefusal} while it has members */
  delete(group: string): Promise<void>;
  close(): Promise<void>;
}

const GROUP = 0;
/** The state that brokers report for unknown groups. */
const DEAD = 'Dead';

export function kafkaGroups(options: KafkaOptions): KafkaGroups {
  const cluster = kafkaCluster(options);

  const coordinatorOf = async (group: string): Promise<Broker> => {
    const { coordinators } = await cluster.ask(null, findCoordinatorV4.api, GROUP, [group]);
    const [coordinator] = coordinators;
    if (coordinator === undefined) throw noCoordinator(group);
    return coordinator;
  };

  const committedOf = async (coordinator: Broker, group: string): Promise<GroupState['committed']> => {
    const asked = [{ groupId: group, memberEpoch: -1, topics: null }];
    const fetched = await cluster.ask(coordinator, offsetFetchV8.api, asked, true);
    return new Map(
      (fetched.groups[0]?.topics ?? []).map(({ name, partitions }) => [
        name,
        new Map(
          partitions
            .filter(({ committedOffset }) => committedOffset >= 0n)
            .map(({ partitionIndex, committedOffset }) => [partitionIndex, Number(committedOffset)] as const)
            .sort(([left], [right]) => left - right),
        ),
      ]),
    );
  };

  return {
    list: () =>
      cluster.persist('listing groups', async () => {
        // Each broker knows only the groups that it coordinates.
        const { brokers } = await metadataOf(cluster, []);
        const listed = await Promise.all(
          [...brokers.values()].map((broker) => cluster.ask(broker, listGroupsV4.api, [], [])),
        );
        return listed
          .flatMap(({ groups }) => groups)
          .map(({ groupId, groupState }) => ({ group: groupId, state: groupState }))
          .sort((left, right) => (left.group < right.group ? -1 : 1));
      }),

    describe: (group) =>
      cluster.persist(`describing group ${group}`, async () => {
        const coordinator = await coordinatorOf(group);
        const committed = await committedOf(coordinator, group);
        const found = await classicGroup(coordinator, group);
        if (found !== null) return { group, ...found, committed };
        const consumers = await consumerGroup(coordinator, group);
        if (consumers !== null) return { group, ...consumers, committed };
        return committed.size === 0 ? null : { group, state: DEAD, members: [], committed };
      }),

    commit: (group, topic, offsets) =>
      cluster.persist(`setting offsets of group ${group}`, () =>
        unlessRefused(`setting offsets of group "${group}"`, async () => {
          const partitions = [...offsets].map(([partitionIndex, offset]) => ({
            partitionIndex,
            committedOffset: BigInt(offset),
            committedLeaderEpoch: -1,
            committedMetadata: '',
          }));
          // Generation -1 without a member marks a commit by an operator. The broker accepts it
          // only while the group has no members.
          await cluster.ask(await coordinatorOf(group), offsetCommitV8.api, group, -1, '', null, [
            { name: topic, partitions },
          ]);
        }),
      ),

    delete: (group) =>
      cluster.persist(`deleting group ${group}`, () =>
        unlessRefused(`deleting group "${group}"`, async () => {
          await cluster.ask(await coordinatorOf(group), deleteGroupsV2.api, [group]);
        }),
      ),

    close: () => cluster.close(),
  };

  async function classicGroup(coordinator: Broker, group: string) {
    const { groups } = await cluster.ask(coordinator, describeGroupsV5.api, [group], false);
    const [found] = groups;
    if (found === undefined || found.groupState === DEAD) return null;
    return {
      state: found.groupState,
      members: found.members.map(({ memberId, clientId, clientHost, memberAssignment }) => ({
        id: memberId,
        client: clientId,
        host: clientHost,
        assignment: assignmentOf(memberAssignment),
      })),
    };
  }

  /** Groups of the new protocol of Kafka 4, which the older request does not return. */
  async function consumerGroup(coordinator: Broker, group: string) {
    try {
      const { groups } = await cluster.ask(coordinator, consumerGroupDescribeV0.api, [group], false);
      const [found] = groups;
      if (found === undefined || found.groupState === DEAD) return null;
      return {
        state: found.groupState,
        members: found.members.map(({ memberId, clientId, clientHost, assignment }) => ({
          id: memberId,
          client: clientId,
          host: clientHost,
          assignment: Object.fromEntries(
            assignment.topicPartitions.map(({ topicName, partitions }) => [topicName, partitions]),
          ),
        })),
      };
    } catch (error) {
      const names = apiErrorsOf(error);
      if (names.includes('GROUP_ID_NOT_FOUND') || names.includes('UNSUPPORTED_VERSION')) return null;
      throw error;
    }
  }
}

/**
 * Kafka's ConsumerProtocolAssignment: version, then (topic, partitions) pairs. The bytes after them
 * are ignored.
 */
function assignmentOf(bytes: Buffer): Record<string, readonly number[]> {
  const assignment: Record<string, readonly number[]> = {};
  if (bytes.length < 6) return assignment;
  let at = 2;
  const int32 = (): number => {
    at += 4;
    return bytes.readInt32BE(at - 4);
  };
  for (let topics = int32(); topics > 0; topics--) {
    const length = bytes.readInt16BE(at);
    const topic = bytes.toString('utf8', at + 2, at + 2 + length);
    at += 2 + length;
    assignment[topic] = Array.from({ length: int32() }, int32);
  }
  return assignment;
}

function noCoordinator(group: string): AdapterError {
  return new AdapterError('BIFOLD_KAFKA_FAILED', {
    failed: `asking for the coordinator of group ${group}`,
    received: 'no coordinator',
    allowed: 'a broker that coordinates the group',
    remedy: 'try again',
  });
}
