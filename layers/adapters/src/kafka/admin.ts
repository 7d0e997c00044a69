import { ConfigResourceTypes, createTopicsV7, describeConfigsV4, metadataV12 } from '@platformatic/kafka';
import { type Cluster, type KafkaOptions, kafkaCluster } from './cluster.ts';
import { committedOffsets, coordinatorOf } from './coordinator.ts';
import { apiErrorsOf } from './errors.ts';

export interface TopicDescription {
  /** The topic id, a UUID. */
  readonly id: string;
  readonly partitions: readonly number[];
  /**
   * The settings in force, defaults included: `cleanup.policy`, `retention.ms`,
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

const CREATE_TIMEOUT_MS = 4_000;
/** The replication factor: the broker's default. */
const BROKER_DEFAULT = -1;

export function kafkaAdmin(options: KafkaOptions & { readonly replicationFactor?: number }): KafkaAdmin {
  return new ClusterAdmin(kafkaCluster(options), options.replicationFactor ?? BROKER_DEFAULT);
}

class ClusterAdmin implements KafkaAdmin {
  readonly #cluster: Cluster;
  readonly #replicationFactor: number;

  constructor(cluster: Cluster, replicationFactor: number) {
    this.#cluster = cluster;
    this.#replicationFactor = replicationFactor;
  }

  async createTopic(
    name: string,
    partitions: number,
    config: Readonly<Record<string, string>> = {},
  ): Promise<string | null> {
    const id = await this.#cluster.retry(`creating topic ${name}`, () => this.#createOnce(name, partitions, config));
    // Not every broker knows the new topic at once: a reader might still get "unknown topic".
    await this.#cluster.retry(`waiting for the leaders of topic ${name}`, () => this.#metadata(name));
    return id;
  }

  describeTopic(name: string): Promise<TopicDescription | null> {
    return this.#cluster.retry(`describing topic ${name}`, async () => {
      const topic = await this.#topicNamed(name);
      if (topic === null) return null;
      const resources = [{ resourceType: ConfigResourceTypes.TOPIC, resourceName: name, configurationKeys: null }];
      const { results } = await this.#cluster.send(null, describeConfigsV4.api, resources, false, false);
      const configs = results[0]?.configs ?? [];
      return {
        id: topic.topicId,
        partitions: topic.partitions.map(({ partitionIndex }) => partitionIndex).sort((left, right) => left - right),
        config: Object.fromEntries(configs.map(({ name: key, value }) => [key, value ?? ''])),
      };
    });
  }

  groupOffsets(group: string, topic: string): Promise<ReadonlyMap<number, number>> {
    return this.#cluster.retry(`asking for the offsets of group ${group}`, async () => {
      const described = await this.#topicNamed(topic);
      if (described === null) return new Map();
      const partitionIndexes = described.partitions.map(({ partitionIndex }) => partitionIndex);
      const coordinator = await coordinatorOf(this.#cluster, group);
      const topics = [{ name: topic, partitionIndexes }];
      const committed = await committedOffsets(this.#cluster, coordinator, group, topics);
      return committed.get(topic) ?? new Map();
    });
  }

  close(): Promise<void> {
    return this.#cluster.close();
  }

  /** The id of the new topic; null if the name is taken. */
  async #createOnce(
    name: string,
    partitions: number,
    config: Readonly<Record<string, string>>,
  ): Promise<string | null> {
    const topic = {
      name,
      numPartitions: partitions,
      replicationFactor: this.#replicationFactor,
      assignments: [],
      configs: Object.entries(config).map(([key, value]) => ({ name: key, value })),
    };
    try {
      const { topics } = await this.#cluster.send(null, createTopicsV7.api, [topic], CREATE_TIMEOUT_MS, false);
      return topics[0]?.topicId ?? null;
    } catch (error) {
      if (apiErrorsOf(error).includes('TOPIC_ALREADY_EXISTS')) return null;
      throw error;
    }
  }

  /** Null if there is no such topic. @throws while a partition of it has no leader */
  async #topicNamed(name: string): Promise<metadataV12.MetadataResponseTopic | null> {
    try {
      const { topics } = await this.#metadata(name);
      return topics[0] ?? null;
    } catch (error) {
      if (apiErrorsOf(error)[0] === 'UNKNOWN_TOPIC_OR_PARTITION') return null;
      throw error;
    }
  }

  #metadata(name: string): Promise<metadataV12.MetadataResponse> {
    return this.#cluster.send(null, metadataV12.api, [name], false, false);
  }
}
