import type { Context } from '../../context.ts';
import type { DeploymentRecord } from '../../deployment/deployments.ts';
import { endOfRecords } from '../topics/trailing-holes.ts';

/** A topic that a pipeline reads, and the group that reads it. */
interface ReadTopic {
  readonly topic: string;
  readonly group: string;
}

/**
 * Whether a mapping of the pipeline reads the topic with this id: as its log, or as a source of its
 * relay. The id is the same for every name of the brokers.
 */
export const reads = ({ topicId: bound, relayed = {} }: DeploymentRecord, topicId: string): boolean =>
  bound === topicId || Object.values(relayed).includes(topicId);

/** The topics that a pipeline's mappings read: its own log, and the sources of its relay. */
export async function groupsOf(record: DeploymentRecord): Promise<readonly ReadTopic[]> {
  const { consumerGroupId } = await import('@bifold/cdk/deployment');
  const { topic, version, topicId } = record;
  return [{ topic, group: consumerGroupId(version, topicId) }, ...(await relayGroups(record))];
}

async function relayGroups({ topic, topicId, relayed = {} }: DeploymentRecord): Promise<readonly ReadTopic[]> {
  if (Object.keys(relayed).length === 0) return [];
  const { relayGroupId } = await import('@bifold/cdk/deployment');
  return Object.entries(relayed).map(([source, id]) => ({
    topic: source,
    group: relayGroupId(topic, topicId, id),
  }));
}

/** The records of each source that the relay has not copied yet. Empty if there is no relay. */
export async function relayLag(context: Context, record: DeploymentRecord): Promise<ReadonlyMap<string, number>> {
  const behind = new Map<string, number>();
  for (const { topic, group } of await relayGroups(record)) {
    const [admin, log] = [await context.kafkaAdmin(), await context.log(topic)];
    const committed = await admin.groupOffsets(group, topic);
    let records = 0;
    for (const partition of await log.partitions()) {
      const { start, end } = await log.bounds(partition);
      const from = Math.max(start, committed.get(partition) ?? 0);
      records += Math.max(0, (await endOfRecords(log, partition, from, end)) - from);
    }
    behind.set(topic, records);
  }
  return behind;
}

export async function sumOfRelayLag(context: Context, record: DeploymentRecord): Promise<number> {
  return [...(await relayLag(context, record)).values()].reduce((sum, records) => sum + records, 0);
}
