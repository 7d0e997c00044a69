import { type Log, ProtocolError } from '@bifold/core';

/** A topic that a function reads, and the id that it was deployed for. */
export interface BoundTopic {
  readonly log: Pick<Log, 'topicId'>;
  readonly incarnation: string;
}

/** The same where the function asks the log for records, too. */
export interface BoundLog extends BoundTopic {
  readonly log: Log;
}

/**
 * Rule 3: topic ids never come back, so if the broker has the bound id now, what was read before is of that incarnation.
 * @throws {ProtocolError} when it has another one, or no such topic
 */
export async function verifyIncarnation({ log, incarnation }: BoundTopic): Promise<void> {
  const topicId = await log.topicId();
  if (topicId === incarnation) return;
  throw new ProtocolError('BIFOLD_OTHER_INCARNATION', {
    failed: 'the log cannot be read: the topic is not the one that this function was deployed for',
    received: topicId === null ? 'no such topic' : `topic id ${topicId}`,
    allowed: `topic id ${incarnation}`,
    remedy:
      'deploy the pipeline again: a recreated topic is a new incarnation, with its own mapping and consumer group',
  });
}
