import { metadataV12, ResponseError } from '@platformatic/kafka';
import { apiErrorsOf, type Broker, type Cluster } from './cluster.ts';

/**
 * Errors of a single topic or partition: it does not exist, or has no leader just now. The rest of
 * the response is valid.
 */
const OF_A_PART = new Set([
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
  const asked = names === null ? null : [...names];
  const response = await cluster.ask(null, metadataV12.api, asked, false, false).catch((error: unknown) => {
    if (!(error instanceof ResponseError) || !apiErrorsOf(error).every((name) => OF_A_PART.has(name))) throw error;
    return (error as unknown as { readonly response: metadataV12.MetadataResponse }).response;
  });
  const brokers = new Map(response.brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }] as const));
  return {
    brokers,
    controller: brokers.get(response.controllerId) ?? null,
    topics: response.topics.flatMap((topic) =>
      topic.errorCode === 0 && topic.name ? [{ ...topic, name: topic.name }] : [],
    ),
  };
}

const [METADATA, VERSION, LEADER_NOT_AVAILABLE] = [3, 12, 5];

/** A transient error. The call is repeated. */
export function stillToCome(): Error {
  return new ResponseError(METADATA, VERSION, { '/': [LEADER_NOT_AVAILABLE, null] }, undefined);
}
