import {
  ConfigResourceTypes,
  ConfigSources,
  createPartitionsV3,
  createTopicsV7,
  deleteTopicsV6,
  describeConfigsV4,
  describeLogDirsV4,
  IncrementalAlterConfigOperationTypes,
  incrementalAlterConfigsV1,
} from '@platformatic/kafka';
import { type Broker, type Cluster, type KafkaOptions, kafkaCluster } from './cluster.ts';
import { apiErrorsOf } from './errors.ts';
import { leaderNotAvailable, metadataOf } from './metadata.ts';
import { EARLIEST, LATEST, listOffsets } from './offsets.ts';
import { unlessRefused } from './refusal.ts';

export interface TopicSummary {
  readonly name: string;
  readonly id: string;
  readonly partitions: number;
  readonly replicas: number;
  /** Whether it is an internal topic of Kafka. */
  readonly isInternal: boolean;
}

export interface TopicPartition {
  readonly partition: number;
  /** Broker ids; null while no leader is known. */
  readonly leader: number | null;
  readonly replicas: readonly number[];
  readonly inSync: readonly number[];
  /** `[start, end)`; the end as `read_committed` readers see it. Null without a leader. */
  readonly start: number | null;
  readonly end: number | null;
  /** The size of the leader's log; null if the broker does not report it. */
  readonly sizeBytes: number | null;
}

export type ConfigSource = 'topic' | 'broker' | 'default';

export interface TopicConfig {
  readonly name: string;
  /** Null if the broker does not report it. */
  readonly value: string | null;
  readonly source: ConfigSource;
  /**
   * The value that Kafka would use by default. Written `name=value` if the broker's entry has
   * another name and unit.
   */
  readonly defaultValue: string | null;
}

export interface TopicState {
  readonly name: string;
  readonly id: string;
  readonly isInternal: boolean;
  readonly partitions: readonly TopicPartition[];
  readonly configs: readonly TopicConfig[];
}

export interface NewTopic {
  readonly name: string;
  /** Null: the broker's default. */
  readonly partitions: number | null;
  readonly replicas: number | null;
  readonly config: Readonly<Record<string, string>>;
}

/**
 * `latest` is the end for `read_committed` readers. A time means the first record at or after it,
 * or the end.
 */
export type OffsetMark = 'earliest' | 'latest' | { readonly timestampMs: number };

/** Operations on topics, for an operator. */
export interface KafkaTopics {
  list(): Promise<readonly TopicSummary[]>;
  /** Null when there is no such topic. */
  describe(name: string): Promise<TopicState | null>;
  /**
   * Resolves to the id when every partition has a leader.
   *
   * @throws {KafkaRefusal} when a topic has that name, or the broker does not accept the settings
   */
  create(topic: NewTopic): Promise<string>;
  /** @throws {KafkaRefusal} when the topic has that many already */
  addPartitions(name: string, total: number): Promise<void>;
  /**
   * Sets and unsets configuration entries. The others are unchanged.
   *
   * @throws {KafkaRefusal}
   */
  alterConfig(name: string, set: Readonly<Record<string, string>>, unset: readonly string[]): Promise<void>;
  /**
   * Deletes a topic by its id, so that a new topic of the same name is not deleted. Resolves when
   * the name is gone.
   */
  delete(name: string, id: string): Promise<void>;
  /** The offset of each partition that has a leader. */
  offsets(name: string, mark: OffsetMark): Promise<ReadonlyMap<number, number>>;
  close(): Promise<void>;
}

const REQUEST_TIMEOUT_MS = 12_000;
/** Partitions or replicas: as many as the broker's default. */
const BROKER_DEFAULT = -1;
const { SET, DELETE } = IncrementalAlterConfigOperationTypes;

export function kafkaTopics(options: KafkaOptions): KafkaTopics {
  return new ClusterTopics(kafkaCluster(options));
}

type OffsetByPartition = ReadonlyMap<number, number>;

class ClusterTopics implements KafkaTopics {
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  list(): Promise<readonly TopicSummary[]> {
    return this.#cluster.retry('listing topics', async () => {
      const { topics } = await metadataOf(this.#cluster, null);
      return topics.map(summaryOf).sort(byName);
    });
  }

  describe(name: string): Promise<TopicState | null> {
    return this.#cluster.retry(`describing topic ${name}`, async () => {
      const { topics } = await metadataOf(this.#cluster, [name]);
      const [topic] = topics;
      if (topic === undefined) return null;
      const [configs, starts, ends, sizes] = await Promise.all([
        this.#configs(name),
        this.offsets(name, 'earliest'),
        this.offsets(name, 'latest'),
        // Sizes need a separate permission on the cluster; without it they are not shown.
        this.#sizes(name).catch((): ReadonlyMap<number, number> => new Map()),
      ]);
      const partitions = topic.partitions
        .map(({ partitionIndex, leaderId, replicaNodes, isrNodes }) => ({
          partition: partitionIndex,
          leader: leaderId < 0 ? null : leaderId,
          replicas: replicaNodes,
          inSync: isrNodes,
          start: starts.get(partitionIndex) ?? null,
          end: ends.get(partitionIndex) ?? null,
          sizeBytes: sizes.get(partitionIndex) ?? null,
        }))
        .sort((left, right) => left.partition - right.partition);
      return { name, id: topic.topicId, isInternal: topic.isInternal, configs, partitions };
    });
  }

  async create({ name, partitions, replicas, config }: NewTopic): Promise<string> {
    const id = await this.#change(`creating topic "${name}"`, async (controller) => {
      const topic = {
        name,
        numPartitions: partitions ?? BROKER_DEFAULT,
        replicationFactor: replicas ?? BROKER_DEFAULT,
        assignments: [],
        configs: Object.entries(config).map(([key, value]) => ({ name: key, value })),
      };
      const created = await this.#cluster.send(controller, createTopicsV7.api, [topic], REQUEST_TIMEOUT_MS, false);
      return created.topics[0]?.topicId ?? '';
    });
    await this.#partitionCount(name, (count) => count !== null, `waiting for the leaders of topic ${name}`);
    return id;
  }

  async addPartitions(name: string, total: number): Promise<void> {
    await this.#change(`adding partitions to topic "${name}"`, async (controller) => {
      const topics = [{ name, count: total, assignments: null }];
      await this.#cluster.send(controller, createPartitionsV3.api, topics, REQUEST_TIMEOUT_MS, false);
    });
    await this.#partitionCount(name, (count) => count === total, `waiting for the new partitions of topic ${name}`);
  }

  async alterConfig(name: string, set: Readonly<Record<string, string>>, unset: readonly string[]): Promise<void> {
    const configs = [
      ...Object.entries(set).map(([key, value]) => ({ name: key, configOperation: SET, value })),
      ...unset.map((key) => ({ name: key, configOperation: DELETE, value: '' })),
    ];
    await this.#change(`changing the configuration of topic "${name}"`, async (controller) => {
      const resources = [{ resourceType: ConfigResourceTypes.TOPIC, resourceName: name, configs }];
      await this.#cluster.send(controller, incrementalAlterConfigsV1.api, resources, false);
    });
  }

  async delete(name: string, id: string): Promise<void> {
    await this.#change(`deleting topic "${name}"`, async (controller) => {
      try {
        await this.#cluster.send(controller, deleteTopicsV6.api, [{ name: null, topicId: id }], REQUEST_TIMEOUT_MS);
      } catch (error) {
        // An earlier attempt of this call deleted it.
        if (!apiErrorsOf(error).includes('UNKNOWN_TOPIC_ID')) throw error;
      }
    });
    await this.#cluster.retry(`waiting until topic ${name} is gone`, async () => {
      const { topics } = await metadataOf(this.#cluster, [name]);
      if (topics.some(({ topicId }) => topicId === id)) throw leaderNotAvailable();
    });
  }

  offsets(name: string, mark: OffsetMark): Promise<OffsetByPartition> {
    return this.#cluster.retry(`asking for offsets of topic ${name}`, async () => {
      if (mark === 'earliest') return this.#offsetsAt(name, EARLIEST);
      // Request the end first: a record that arrives in between is at or after it.
      const ends = await this.#offsetsAt(name, LATEST);
      if (mark === 'latest') return ends;
      const offsets = await this.#offsetsAt(name, BigInt(mark.timestampMs));
      return new Map([...ends].map(([partition, end]) => [partition, offsetOrEnd(offsets.get(partition), end)]));
    });
  }

  close(): Promise<void> {
    return this.#cluster.close();
  }

  /** Sends one change to the controller. @throws {KafkaRefusal} for one that no retry can cure */
  #change<T>(operation: string, request: (controller: Broker | null) => Promise<T>): Promise<T> {
    return this.#cluster.retry(operation, () =>
      unlessRefused(operation, async () => {
        const { controller } = await metadataOf(this.#cluster, []);
        return request(controller);
      }),
    );
  }

  /** Resolves when the metadata has that many partitions (null: no topic), each with a leader. */
  async #partitionCount(name: string, isExpected: (count: number | null) => boolean, operation: string): Promise<void> {
    await this.#cluster.retry(operation, async () => {
      const { topics } = await metadataOf(this.#cluster, [name]);
      const [topic] = topics;
      const isLed = topic?.partitions.every(({ leaderId }) => leaderId >= 0) ?? true;
      if (!isLed || !isExpected(topic?.partitions.length ?? null)) throw leaderNotAvailable();
    });
  }

  #offsetsAt(name: string, timestamp: bigint): Promise<OffsetByPartition> {
    return this.#fromLeaders(name, (leader, partitions) =>
      listOffsets(this.#cluster, leader, name, partitions, timestamp),
    );
  }

  /** By partition, the size of the leader's log in bytes. */
  #sizes(name: string): Promise<ReadonlyMap<number, number>> {
    return this.#fromLeaders(name, async (leader, partitions) => {
      const topics = [{ name, partitions: [...partitions] }];
      const { results } = await this.#cluster.send(leader, describeLogDirsV4.api, topics);
      return results
        .flatMap((directory) => directory.topics.flatMap((topic) => topic.partitions))
        .filter(({ isFutureKey }) => !isFutureKey)
        .map(({ partitionIndex, partitionSize }) => [partitionIndex, Number(partitionSize)] as const);
    });
  }

  /** Asks each leader of a topic for its partitions, all leaders at once. */
  async #fromLeaders<T>(
    name: string,
    request: (leader: Broker, partitions: readonly number[]) => Promise<readonly (readonly [number, T])[]>,
  ): Promise<ReadonlyMap<number, T>> {
    const { brokers, topics } = await metadataOf(this.#cluster, [name]);
    const partitionsOf = new Map<Broker, number[]>();
    for (const { partitionIndex, leaderId } of topics[0]?.partitions ?? []) {
      const leader = brokers.get(leaderId);
      if (leader !== undefined) partitionsOf.set(leader, [...(partitionsOf.get(leader) ?? []), partitionIndex]);
    }
    const responses = [...partitionsOf].map(([leader, partitions]) => request(leader, partitions));
    return new Map((await Promise.all(responses)).flat());
  }

  async #configs(name: string): Promise<readonly TopicConfig[]> {
    const resources = [{ resourceType: ConfigResourceTypes.TOPIC, resourceName: name, configurationKeys: null }];
    const { results } = await this.#cluster.send(null, describeConfigsV4.api, resources, true, false);
    return (results[0]?.configs ?? [])
      .map(({ name: entry, value, configSource, synonyms }) => ({
        name: entry,
        value: value ?? null,
        source: sourceOf(configSource),
        defaultValue: defaultOf(
          entry,
          synonyms.find(({ source }) => source === ConfigSources.DEFAULT_CONFIG),
        ),
      }))
      .sort(byName);
  }
}

type NamedTopic = Awaited<ReturnType<typeof metadataOf>>['topics'][number];

function summaryOf({ name, topicId, isInternal, partitions }: NamedTopic): TopicSummary {
  return {
    name,
    id: topicId,
    isInternal,
    partitions: partitions.length,
    replicas: partitions[0]?.replicaNodes.length ?? 0,
  };
}

function byName(left: { readonly name: string }, right: { readonly name: string }): number {
  return left.name < right.name ? -1 : 1;
}

/** The end if no record was at or after the time, or if the record came after the end was read. */
function offsetOrEnd(offset: number | undefined, end: number): number {
  return offset === undefined || offset < 0 ? end : Math.min(offset, end);
}

function sourceOf(source: number): ConfigSource {
  if (source === ConfigSources.TOPIC_CONFIG) return 'topic';
  return source === ConfigSources.DEFAULT_CONFIG ? 'default' : 'broker';
}

function defaultOf(
  entry: string,
  synonym: { readonly name: string; readonly value?: string | null | undefined } | undefined,
): string | null {
  if (synonym?.value === undefined || synonym.value === null) return null;
  // For example, retention.ms comes from log.retention.hours=168.
  return [entry, `log.${entry}`].includes(synonym.name) ? synonym.value : `${synonym.name}=${synonym.value}`;
}
