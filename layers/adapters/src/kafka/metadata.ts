import { metadataV12, ResponseError } from '@platformatic/kafka';
import type { Broker, Cluster } from './cluster.ts';
import { apiErrorsOf } from './errors.ts';

/**
 * Errors of a single topic or partition: it does not exist, or has no leader just now. The rest of
 * the response is valid.
 */
const PARTIAL_ERRORS = new Set([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'REPLICA_NOT_AVAILABLE',
  'LISTENER_NOT_FOUND',
]);

export interface ClusterMetadata {
  readonly brokers: ReadonlyMap<number, Broker>;
  /** The controller. With KRaft this is any broker, which forwards requests to the controller. */
  readonly controller: Broker | null;
  /** The topics that exist. */
  readonly topics: readonly (metadataV12.MetadataResponseTopic & { readonly name: string })[];
}

/** Brokers, and the named topics; all topics for null. */
export async function metadataOf(cluster: Cluster, names: readonly string[] | null): Promise<ClusterMetadata> {
  const response = await requestMetadata(cluster, names);
  const brokers = brokersOf(response);
  return {
    brokers,
    controller: brokers.get(response.controllerId) ?? null,
    topics: response.topics.flatMap((topic) =>
      topic.errorCode === 0 && topic.name ? [{ ...topic, name: topic.name }] : [],
    ),
  };
}

/** A topic by its name: null if there is none. It may have no leaders yet. */
export async function topicMetadataOf(
  cluster: Cluster,
  name: string,
): Promise<{
  readonly topic: metadataV12.MetadataResponseTopic | null;
  readonly brokers: ReadonlyMap<number, Broker>;
}> {
  const response = await requestMetadata(cluster, [name]);
  const [topic] = response.topics;
  const exists = topic !== undefined && topic.errorCode !== UNKNOWN_TOPIC;
  return { topic: exists ? topic : null, brokers: brokersOf(response) };
}

/** By partition, the broker that leads it now; a partition without a leader is left out. */
export function leadersOf(
  { partitions }: metadataV12.MetadataResponseTopic,
  brokers: ReadonlyMap<number, Broker>,
): ReadonlyMap<number, Broker> {
  const leaders = new Map<number, Broker>();
  for (const { partitionIndex, leaderId } of partitions) {
    const leader = brokers.get(leaderId);
    if (leader !== undefined) leaders.set(partitionIndex, leader);
  }
  return leaders;
}

async function requestMetadata(
  cluster: Cluster,
  names: readonly string[] | null,
): Promise<metadataV12.MetadataResponse> {
  try {
    return await cluster.send(null, metadataV12.api, names === null ? null : [...names], false, false);
  } catch (error) {
    if (!(error instanceof ResponseError) || !apiErrorsOf(error).every((name) => PARTIAL_ERRORS.has(name))) throw error;
    return (error as unknown as { readonly response: metadataV12.MetadataResponse }).response;
  }
}

function brokersOf({ brokers }: metadataV12.MetadataResponse): ReadonlyMap<number, Broker> {
  return new Map(brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }]));
}

const UNKNOWN_TOPIC = 3;
const [METADATA, VERSION, LEADER_NOT_AVAILABLE] = [3, 12, 5];

/** An error that passes by itself: `Cluster.retry` repeats the operation. */
export function leaderNotAvailable(): Error {
  return new ResponseError(METADATA, VERSION, { '/': [LEADER_NOT_AVAILABLE, null] }, undefined);
}
