import {
  consumerGroupDescribeV0,
  deleteGroupsV2,
  describeGroupsV5,
  listGroupsV4,
  offsetCommitV8,
} from '@platformatic/kafka';
import { type Broker, type Cluster, type KafkaOptions, kafkaCluster } from './cluster.ts';
import { committedOffsets, coordinatorOf } from './coordinator.ts';
import { apiErrorsOf } from './errors.ts';
import { metadataOf } from './metadata.ts';
import { NO_EPOCH } from './offsets.ts';
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
   * Sets offsets of a group without members, and creates the group if there is none.
   *
   * @throws {KafkaRefusal} while it has members
   */
  commit(group: string, topic: string, offsets: ReadonlyMap<number, number>): Promise<void>;
  /** @throws {KafkaRefusal} while it has members */
  delete(group: string): Promise<void>;
  close(): Promise<void>;
}

/** The state that brokers give to groups that they do not know. */
const DEAD = 'Dead';
/** A commit by an operator, whom brokers accept only while the group has no members. */
const NO_GENERATION = -1;
const NO_MEMBER = '';

/** A group as its coordinator describes it, without its offsets. */
type GroupDescription = Pick<GroupState, 'state' | 'members'>;

export function kafkaGroups(options: KafkaOptions): KafkaGroups {
  return new ClusterGroups(kafkaCluster(options));
}

class ClusterGroups implements KafkaGroups {
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  list(): Promise<readonly GroupSummary[]> {
    return this.#cluster.retry('listing groups', async () => {
      // Each broker knows those that it coordinates.
      const { brokers } = await metadataOf(this.#cluster, []);
      const responses = await Promise.all(
        [...brokers.values()].map((broker) => this.#cluster.send(broker, listGroupsV4.api, [], [])),
      );
      return responses
        .flatMap(({ groups }) => groups)
        .map(({ groupId, groupState }) => ({ group: groupId, state: groupState }))
        .sort((left, right) => (left.group < right.group ? -1 : 1));
    });
  }

  describe(group: string): Promise<GroupState | null> {
    return this.#cluster.retry(`describing group ${group}`, async () => {
      const coordinator = await coordinatorOf(this.#cluster, group);
      const committed = await committedOffsets(this.#cluster, coordinator, group, null);
      const description =
        (await this.#classicGroup(coordinator, group)) ?? (await this.#consumerGroup(coordinator, group));
      if (description !== null) return { group, ...description, committed };
      return committed.size === 0 ? null : { group, state: DEAD, members: [], committed };
    });
  }

  commit(group: string, topic: string, offsets: ReadonlyMap<number, number>): Promise<void> {
    const partitions = [...offsets].map(([partitionIndex, offset]) => ({
      partitionIndex,
      committedOffset: BigInt(offset),
      committedLeaderEpoch: NO_EPOCH,
      committedMetadata: '',
    }));
    const topics = [{ name: topic, partitions }];
    return this.#cluster.retry(`setting offsets of group ${group}`, () =>
      unlessRefused(`setting offsets of group "${group}"`, async () => {
        const coordinator = await coordinatorOf(this.#cluster, group);
        await this.#cluster.send(coordinator, offsetCommitV8.api, group, NO_GENERATION, NO_MEMBER, null, topics);
      }),
    );
  }

  delete(group: string): Promise<void> {
    return this.#cluster.retry(`deleting group ${group}`, () =>
      unlessRefused(`deleting group "${group}"`, async () => {
        await this.#cluster.send(await coordinatorOf(this.#cluster, group), deleteGroupsV2.api, [group]);
      }),
    );
  }

  close(): Promise<void> {
    return this.#cluster.close();
  }

  /** A group of the classic protocol. Null for one that this request does not know. */
  async #classicGroup(coordinator: Broker, group: string): Promise<GroupDescription | null> {
    const { groups } = await this.#cluster.send(coordinator, describeGroupsV5.api, [group], false);
    const [described] = groups;
    if (described === undefined || described.groupState === DEAD) return null;
    return {
      state: described.groupState,
      members: described.members.map(({ memberId, clientId, clientHost, memberAssignment }) => ({
        id: memberId,
        client: clientId,
        host: clientHost,
        assignment: assignmentOf(memberAssignment),
      })),
    };
  }

  /** A group of the protocol that came with Kafka 4, which the classic request does not know. */
  async #consumerGroup(coordinator: Broker, group: string): Promise<GroupDescription | null> {
    try {
      const { groups } = await this.#cluster.send(coordinator, consumerGroupDescribeV0.api, [group], false);
      const [described] = groups;
      if (described === undefined || described.groupState === DEAD) return null;
      return {
        state: described.groupState,
        members: described.members.map(({ memberId, clientId, clientHost, assignment }) => ({
          id: memberId,
          client: clientId,
          host: clientHost,
          assignment: Object.fromEntries(
            assignment.topicPartitions.map(({ topicName, partitions }) => [topicName, partitions]),
          ),
        })),
      };
    } catch (error) {
      const apiErrors = apiErrorsOf(error);
      if (apiErrors.includes('GROUP_ID_NOT_FOUND') || apiErrors.includes('UNSUPPORTED_VERSION')) return null;
      throw error;
    }
  }
}

/**
 * Decodes Kafka's ConsumerProtocolAssignment: a version, then pairs of topic and partitions. The
 * user data that follows them is ignored.
 */
function assignmentOf(bytes: Buffer): Record<string, readonly number[]> {
  const assignment: Record<string, readonly number[]> = {};
  if (bytes.length < 6) return assignment;
  let position = 2;
  const int32 = (): number => {
    position += 4;
    return bytes.readInt32BE(position - 4);
  };
  for (let topics = int32(); topics > 0; topics--) {
    const length = bytes.readInt16BE(position);
    const topic = bytes.toString('utf8', position + 2, position + 2 + length);
    position += 2 + length;
    assignment[topic] = Array.from({ length: int32() }, int32);
  }
  return assignment;
}
