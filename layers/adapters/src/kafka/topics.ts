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
  listOffsetsV7,
} from '@platformatic/kafka';
import { apiErrorsOf, type Broker, type KafkaOptions, kafkaCluster } from './cluster.ts';
import { metadataOf, stillToCome } from './metadata.ts';
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
  /** Null if the broker hides it (a password, for example). */
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
   * Creates a topic.
   * @returns its id. @throws {KafkaRefusal} when there is one of that name, or the broker does not
   * accept it so
   */
  create(topic: NewTopic): Promise<string>;
  /**
   * Increases the number of partitions to `total`.
   * @throws {KafkaRefusal} when the topic has as many already
   */
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

const READ_COMMITTED = 1;
const CONSUMER = -1;
const NO_EPOCH = -1;
const WITHIN_MS = 12_000;

export function kafkaTopics(options: KafkaOptions): KafkaTopics {
  const cluster = kafkaCluster(options);

  /** The leaders of a topic's partitions, with the partitions of each. */
  const leadersOf = async (name: string): Promise<ReadonlyMap<Broker, readonly number[]>> => {
    const { brokers, topics } = await metadataOf(cluster, [name]);
    const led = new Map<Broker, number[]>();
    for (const { partitionIndex, leaderId } of topics[0]?.partitions ?? []) {
      const broker = brokers.get(leaderId);
      if (broker !== undefined) led.set(broker, [...(led.get(broker) ?? []), partitionIndex]);
    }
    return led;
  };

  /** Sends a request to every leader of a topic in parallel. */
  const atLeaders = async <T>(
    name: string,
    ask: (leader: Broker, partitions: readonly number[]) => Promise<readonly (readonly [number, T])[]>,
  ): Promise<ReadonlyMap<number, T>> => {
    const leaders = await leadersOf(name);
    return new Map((await Promise.all([...leaders].map(([leader, partitions]) => ask(leader, partitions)))).flat());
  };

  const offsets = (name: string, mark: OffsetMark): Promise<ReadonlyMap<number, number>> =>
    cluster.persist(`asking for offsets of topic ${name}`, async () => {
      const listed = (timestamp: bigint) =>
        atLeaders(name, async (leader, partitions) => {
          const asked = partitions.map((partitionIndex) => ({
            partitionIndex,
            currentLeaderEpoch: NO_EPOCH,
            timestamp,
          }));
          const response = await cluster.ask(leader, listOffsetsV7.api, CONSUMER, READ_COMMITTED, [
            { name, partitions: asked },
          ]);
          return (response.topics[0]?.partitions ?? []).map(
            ({ partitionIndex, offset }) => [partitionIndex, Number(offset)] as const,
          );
        });
      if (mark === 'earliest') return listed(-2n);
      // Request the end first: a record that arrives in between is at or after it.
      const ends = await listed(-1n);
      if (mark === 'latest') return ends;
      const found = await listed(BigInt(mark.timestampMs));
      // -1: no record at or after that time.
      return new Map([...ends].map(([partition, end]) => [partition, firstOf(found.get(partition), end)]));
    });

  const sizes = (name: string): Promise<ReadonlyMap<number, number>> =>
    atLeaders(name, async (leader, partitions) => {
      const response = await cluster.ask(leader, describeLogDirsV4.api, [{ name, partitions: [...partitions] }]);
      return response.results
        .flatMap(({ topics }) => topics.flatMap((topic) => topic.partitions))
        .filter(({ isFutureKey }) => !isFutureKey)
        .map(({ partitionIndex, partitionSize }) => [partitionIndex, Number(partitionSize)] as const);
    });

  const configsOf = async (name: string): Promise<readonly TopicConfig[]> => {
    const resources = [{ resourceType: ConfigResourceTypes.TOPIC, resourceName: name, configurationKeys: null }];
    const described = await cluster.ask(null, describeConfigsV4.api, resources, true, false);
    return (described.results[0]?.configs ?? [])
      .map(({ name: entry, value, configSource, synonyms }) => ({
        name: entry,
        value: value ?? null,
        source: sourceOf(configSource),
        defaultValue: defaultOf(
          entry,
          synonyms.find(({ source }) => source === ConfigSources.DEFAULT_CONFIG),
        ),
      }))
      .sort((left, right) => (left.name < right.name ? -1 : 1));
  };

  const controller = async (): Promise<Broker | null> => (await metadataOf(cluster, [])).controller;

  const known = async (name: string, isThere: (partitions: number | null) => boolean, what: string) =>
    cluster.persist(what, async () => {
      const { topics } = await metadataOf(cluster, [name]);
      const [topic] = topics;
      const isLed = topic?.partitions.every(({ leaderId }) => leaderId >= 0) ?? true;
      if (isLed && isThere(topic?.partitions.length ?? null)) return;
      throw stillToCome();
    });

  return {
    list: () =>
      cluster.persist('listing topics', async () => {
        const { topics } = await metadataOf(cluster, null);
        return topics
          .map(({ name, topicId, isInternal, partitions }) => ({
            name,
            id: topicId,
            isInternal,
            partitions: partitions.length,
            replicas: partitions[0]?.replicaNodes.length ?? 0,
          }))
          .sort((left, right) => (left.name < right.name ? -1 : 1));
      }),

    describe: (name) =>
      cluster.persist(`describing topic ${name}`, async () => {
        const { topics } = await metadataOf(cluster, [name]);
        const [topic] = topics;
        if (topic === undefined) return null;
        const [configs, starts, ends, bytes] = await Promise.all([
          configsOf(name),
          offsets(name, 'earliest'),
          offsets(name, 'latest'),
          // Sizes need a separate permission on the cluster; without it they are not shown.
          sizes(name).catch((): ReadonlyMap<number, number> => new Map()),
        ]);
        return {
          name,
          id: topic.topicId,
          isInternal: topic.isInternal,
          configs,
          partitions: topic.partitions
            .map(({ partitionIndex, leaderId, replicaNodes, isrNodes }) => ({
              partition: partitionIndex,
              leader: leaderId < 0 ? null : leaderId,
              replicas: replicaNodes,
              inSync: isrNodes,
              start: starts.get(partitionIndex) ?? null,
              end: ends.get(partitionIndex) ?? null,
              sizeBytes: bytes.get(partitionIndex) ?? null,
            }))
            .sort((left, right) => left.partition - right.partition),
        };
      }),

    async create({ name, partitions, replicas, config }) {
      const failed = `creating topic "${name}"`;
      const id = await cluster.persist(failed, () =>
        unlessRefused(failed, async () => {
          const topic = {
            name,
            numPartitions: partitions ?? -1,
            replicationFactor: replicas ?? -1,
            assignments: [],
            configs: Object.entries(config).map(([key, value]) => ({ name: key, value })),
          };
          const response = await cluster.ask(await controller(), createTopicsV7.api, [topic], WITHIN_MS, false);
          return response.topics[0]?.topicId ?? '';
        }),
      );
      await known(name, (count) => count !== null, `waiting for the leaders of topic ${name}`);
      return id;
    },

    async addPartitions(name, total) {
      const failed = `adding partitions to topic "${name}"`;
      await cluster.persist(failed, () =>
        unlessRefused(failed, async () => {
          const topics = [{ name, count: total, assignments: null }];
          await cluster.ask(await controller(), createPartitionsV3.api, topics, WITHIN_MS, false);
        }),
      );
      await known(name, (count) => count === total, `waiting for the new partitions of topic ${name}`);
    },

    async alterConfig(name, set, unset) {
      const failed = `changing the configuration of topic "${name}"`;
      const { SET, DELETE } = IncrementalAlterConfigOperationTypes;
      const configs = [
        ...Object.entries(set).map(([key, value]) => ({ name: key, configOperation: SET, value })),
        ...unset.map((key) => ({ name: key, configOperation: DELETE, value: '' })),
      ];
      await cluster.persist(failed, () =>
        unlessRefused(failed, async () => {
          const resources = [{ resourceType: ConfigResourceTypes.TOPIC, resourceName: name, configs }];
          await cluster.ask(await controller(), incrementalAlterConfigsV1.api, resources, false);
        }),
      );
    },

    async delete(name, id) {
      const failed = `deleting topic "${name}"`;
      await cluster.persist(failed, () =>
        unlessRefused(failed, async () => {
          try {
            await cluster.ask(await controller(), deleteTopicsV6.api, [{ name: null, topicId: id }], WITHIN_MS);
          } catch (error) {
            // The topic is already deleted: this is a repeated request.
            if (!apiErrorsOf(error).includes('UNKNOWN_TOPIC_ID')) throw error;
          }
        }),
      );
      await cluster.persist(`waiting until topic ${name} is gone`, async () => {
        const { topics } = await metadataOf(cluster, [name]);
        if (topics.some(({ topicId }) => topicId === id)) throw stillToCome();
      });
    },

    offsets,
    close: () => cluster.close(),
  };
}

function firstOf(found: number | undefined, end: number): number {
  return found === undefined || found < 0 ? end : Math.min(found, end);
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
  // retention.ms, for one, comes from log.retention.hours: 168.
  return [entry, `log.${entry}`].includes(synonym.name) ? synonym.value : `${synonym.name}=${synonym.value}`;
}
