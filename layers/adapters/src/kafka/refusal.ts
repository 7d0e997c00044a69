import { AdapterError } from '../errors.ts';
import { apiErrorsOf, messagesOf } from './errors.ts';

/** The broker refuses the request itself: the caller must ask differently. */
export class KafkaRefusal extends AdapterError {}

const REFUSALS = new Set([
  'GROUP_ID_NOT_FOUND',
  'INVALID_CONFIG',
  'INVALID_GROUP_ID',
  'INVALID_PARTITIONS',
  'INVALID_REPLICATION_FACTOR',
  'INVALID_REQUEST',
  'INVALID_TOPIC_EXCEPTION',
  'NON_EMPTY_GROUP',
  'POLICY_VIOLATION',
  'TOPIC_ALREADY_EXISTS',
  'TOPIC_DELETION_DISABLED',
  'UNKNOWN_MEMBER_ID',
]);

/** Runs one request. @throws {KafkaRefusal} when the broker refuses it for good */
export async function unlessRefused<T>(failed: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const names = apiErrorsOf(cause);
    if (!names.some((name) => REFUSALS.has(name))) throw cause;
    throw new KafkaRefusal(
      'BIFOLD_KAFKA_REFUSES',
      {
        failed,
        received: messagesOf(cause).join('; '),
        allowed: 'what the broker accepts',
        remedy: 'ask differently, as the message says',
      },
      { cause },
    );
  }
}
