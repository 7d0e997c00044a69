import type { TopicDescription } from '@bifold/adapters/kafka';
import type { Pipeline } from '@bifold/core';
import { type Plan, requiresHistory } from '@bifold/core/engine';
import type { Context } from '../context.ts';
import { UsageError } from '../errors.ts';
import { MESSAGE_BYTES_MAX, refuseInexact } from '../kafka/topics/exact-topic.ts';
import { step, warn } from '../output/terminal.ts';

/** A topic that existed or was created. */
type Ensured = Pick<TopicDescription, 'id' | 'config'> & { readonly partitions: number };

/**
 * The maximum number of bytes that a relay adds to a record. The largest record of a source must
 * fit into the repartition topic.
 */
const RELAY_OVERHEAD_BYTES = 4_096;

/**
 * Creates the topic of a pipeline if it is missing. Refuses a topic that could not be folded
 * exactly.
 */
async function ensureTopic(
  context: Context,
  pipeline: string,
  topic: string,
  partitions: number,
  options: {
    /** The configuration of a new topic. */
    readonly config?: Readonly<Record<string, string>>;
    readonly messageBytesMax?: number;
  } = {},
): Promise<Ensured> {
  const admin = await context.kafkaAdmin();
  const found = await admin.describeTopic(topic);
  if (found === null) {
    const wanted = {
      'cleanup.policy': 'delete',
      'message.timestamp.type': 'LogAppendTime',
      'unclean.leader.election.enable': 'false',
      'retention.ms': '-1',
      'retention.bytes': '-1',
      ...options.config,
    };
    await step(context.onProgress, `topic ${topic}`, () => admin.createTopic(topic, partitions, wanted));
    // Check it like an existing topic, because the brokers set the unspecified entries.
    return ensureTopic(context, pipeline, topic, partitions, options);
  }
  refuseInexact(
    `pipeline "${pipeline}" cannot read topic "${topic}" exactly`,
    found.config,
    `send the events to another topic; or, if no record in it came of these settings, npx bifold topic alter ${topic} --config NAME=VALUE`,
    options.messageBytesMax,
  );
  if (found.config['message.timestamp.type'] !== 'LogAppendTime') {
    warn(`topic "${topic}" keeps the producers' clocks (message.timestamp.type=CreateTime); LogAppendTime is advised`);
  }
  return { id: found.id, config: found.config, partitions: found.partitions.length };
}

/** The topics of a pipeline: the sources of its relay, and its log. */
export async function ensureTopics(
  context: Context,
  { plan }: Pipeline,
  partitions: number,
): Promise<{ readonly topicId: string; readonly sources?: Readonly<Record<string, string>> }> {
  const { name, topic, relay } = plan;
  if (relay === undefined) {
    const { id } = await ensureTopic(context, name, topic, partitions);
    if (requiresHistory(plan)) await refuseBegunLog(context, plan);
    return { topicId: id };
  }
  const sources: Record<string, string> = {};
  let largestBytes = 0;
  for (const source of relay.sources) {
    const { id, config } = await ensureTopic(context, name, source.topic, partitions);
    sources[source.topic] = id;
    largestBytes = Math.max(largestBytes, Number(config['max.message.bytes']));
  }
  const log = await ensureTopic(context, name, topic, relay.partitions, {
    config: { 'max.message.bytes': String(largestBytes + RELAY_OVERHEAD_BYTES) },
    messageBytesMax: MESSAGE_BYTES_MAX + RELAY_OVERHEAD_BYTES,
  });
  if (log.partitions < relay.partitions)
    throw new UsageError('BIFOLD_TOO_FEW_PARTITIONS', {
      failed: `the relay of pipeline "${name}" cannot write topic "${topic}"`,
      received: `${log.partitions} partitions`,
      allowed: `${relay.partitions}, as the definition says`,
      remedy: `npx bifold topic alter ${topic} --partitions ${relay.partitions}, or delete the topic, so that it is created as it should be`,
    });
  await refuseBegunLog(context, plan);
  return { topicId: log.id, sources };
}

/** A view with stateful operators needs the log from its first record on. */
async function refuseBegunLog(context: Context, { name, topic }: Plan): Promise<void> {
  const log = await context.log(topic);
  for (const partition of await log.partitions()) {
    const { start } = await log.bounds(partition);
    if (start > 0)
      throw new UsageError('BIFOLD_LOG_BEGUN', {
        failed: `pipeline "${name}" has stateful operators, and the log of topic "${topic}" has lost its beginning`,
        received: `partition ${partition} that begins at offset ${start}`,
        allowed: 'partitions that begin at offset 0: what came first is known only if all of it is there',
        remedy: 'recreate the topic with retention.ms=-1, or define the pipeline without dropDuplicates and join',
      });
  }
}
