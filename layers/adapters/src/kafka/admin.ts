import {
  ConfigResourceTypes,
  createTopicsV7,
  describeConfigsV4,
  findCoordinatorV4,
  metadataV12,
  offsetFetchV8,
} from '@platformatic/kafka';
import { AdapterError } from '../errors.ts';
import { apiErrorsOf, type KafkaOptions, kafkaCluster } from './cluster.ts';

export interface TopicDescription {
  /** The topic id, a UUID. */
  readonly id: string;
  readonly partitions: readonly number[];
  /**
   * The effective configuration, including defaults: `cleanup.policy`, `retention.ms`,
   * `message.timestamp.type` and so on.
   */
  readonly config: Readonly<Record<string, string>>;
}

/** The Kafka operations that a deployment needs. */
export interface KafkaAdmin {
  /**
   * Creates a topic and returns its id. Null if a topic of that name exists. Resolves when every
   * partition has a leader.
   */
  createTopic(name: string, partitions: number, config?: Readonly<Record<string, string>>): Promise<string | null>;
  describeTopic(name: string): Promise<TopicDescription | null>;
  /** The committed next offset of a group, per partition that has one. */
  groupOffsets(group: string, topic: string): Promise<ReadonlyMap<number, number>>;
  close(): Promise<void>;
}

export function kafkaAdmin(options: KafkaOptions & { readonly replicationFactor?: number }): KafkaAdmin {
  const cluster = kafkaCluster(options);

  const topicNamed = async (name: string) => {
    try {
      const response = await cluster.ask(null, metadataV12.api, [name], false, false);
      return response.topics[0] ?? null;
    } catch (error) {
      const [only] = apiErrorsOf(error);
      if (only === 'UNKNOWN_TOPIC_OR_PARTITION') return null;
      throw error;
    }
  };

  return {
    async createTopic(name, partitions, config = {}) {
      const id = await cluster.persist(`creating topic ${name}`, async () => {
        try {
          const response = await cluster.ask(
            null,
            createTopicsV7.api,
            [
              {
                name,
                numPartitions: partitions,
                // -1: the broker's default.
                replicationFactor: options.replicationFactor ?? -1,
                assignments: [],
                configs: Object.entries(config).map(([key, value]) => ({ name: key, value })),
              },
            ],
            4_000,
            false,
          );
          return response.topics[0]?.topicId ?? null;
        } catch (error) {
          if (apiErrorsOf(error).includes('TOPIC_ALREADY_EXISTS')) return null;
          throw error;
        }
      });
      // The topic is created but not yet known everywhere: a reader might still get "unknown
      // topic".
      await cluster.persist(`waiting for the leaders of topic ${name}`, async () => {
        const found = await cluster.ask(null, metadataV12.api, [name], false, false);
        return found;
      });
      return id;
    },

    describeTopic: (name) =>
      cluster.persist(`describing topic ${name}`, async () => {
        const found = await topicNamed(name);
        if (found === null) return null;
        const resources = [{ resourceType: ConfigResourceTypes.TOPIC, resourceName: name, configurationKeys: null }];
        const described = await cluster.ask(null, describeConfigsV4.api, resources, false, false);
        const configs = described.results[0]?.configs ?? [];
        return {
          id: found.topicId,
          partitions: found.partitions.map(({ partitionIndex }) => partitionIndex).sort((left, right) => left - right),
          config: Object.fromEntries(configs.map(({ name: key, value }) => [key, value ?? ''])),
        };
      }),

    groupOffsets: (group, topic) =>
      cluster.persist(`asking for the offsets of group ${group}`, async () => {
        const found = await topicNamed(topic);
        if (found === null) return new Map();
        const partitionIndexes = found.partitions.map(({ partitionIndex }) => partitionIndex);
        const coordinators = await cluster.ask(null, findCoordinatorV4.api, GROUP, [group]);
        const [coordinator] = coordinators.coordinators;
        if (coordinator === undefined) throw noCoordinator(group);
        const groups = [{ groupId: group, memberEpoch: -1, topics: [{ name: topic, partitionIndexes }] }];
        const fetched = await cluster.ask(coordinator, offsetFetchV8.api, groups, true);
        const partitions = fetched.groups[0]?.topics[0]?.partitions ?? [];
        return new Map(
          partitions
            .filter(({ committedOffset }) => committedOffset >= 0n)
            .map(({ partitionIndex, committedOffset }) => [partitionIndex, Number(committedOffset)]),
        );
      }),

    close: () => cluster.close(),
  };
}

const GROUP = 0;

function noCoordinator(group: string): AdapterError {
  return new AdapterError('BIFOLD_KAFKA_FAILED', {
    failed: `asking for the offsets of group ${group}`,
    received: 'no coordinator',
    allowed: 'a broker that coordinates the group',
    remedy: 'try again',
  });
}
