import { type Log, ProtocolError } from '@bifold/core/engine';

/** A topic that a function reads, and the id that it was deployed for. */
export interface BoundTopic {
  readonly log: Pick<Log, 'topicId'>;
  readonly topicId: string;
}

/** A bound topic whose records the function also reads. */
export interface BoundLog extends BoundTopic {
  readonly log: Log;
}

/**
 * Rule 3: Kafka never reuses a topic id. If the broker reports the bound id now, all earlier reads
 * were from that topic too.
 * @throws {ProtocolError} if the topic was deleted or has another id
 */
export async function verifyTopicId({ log, topicId }: BoundTopic): Promise<void> {
  const found = await log.topicId();
  if (found === topicId) return;
  throw new ProtocolError('BIFOLD_OTHER_TOPIC_ID', {
    failed: 'the log cannot be read: the topic is not the one that this function was deployed for',
    received: found === null ? 'no such topic' : `topic id ${found}`,
    allowed: `topic id ${topicId}`,
    remedy: 'deploy the pipeline again: a recreated topic has a new id, with its own mapping and consumer group',
  });
}
