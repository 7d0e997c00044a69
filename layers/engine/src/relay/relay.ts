import {
  type LogRecord,
  type LogWriter,
  ORIGIN_HEADER,
  originText,
  type Plan,
  ProtocolError,
  partitionFor,
  type RelayedRecord,
} from '@bifold/core/engine';
import { type BoundTopic, verifyTopicId } from '../topic-id.ts';

export interface RelayPorts {
  /** The source topics, by name. */
  readonly sources: ReadonlyMap<string, BoundTopic>;
  readonly writer: Pick<LogWriter, 'append'>;
}

/** For each source, the functions that give the target partition and the origin of a record. */
export type Partitioners = ReadonlyMap<string, ReturnType<typeof partitionFor>>;

export function partitionersOf(plan: Plan): Partitioners {
  return new Map(plan.relay?.sources.map(({ topic }, index) => [topic, partitionFor(plan, index)]));
}

/** The result of a relay for a partition of a source. */
export interface RelayedPartition {
  readonly partition: number;
  readonly records: number;
}

/**
 * Rule 10: copies one delivery of a source topic into the repartition topic. The origin of each
 * record is in a header. After success, the topic contains every record. After a failure it may
 * contain some of them, and the retry copies them again. Readers count only the first copy of each
 * record.
 */
export async function relayDelivery(
  partitioners: Partitioners,
  topic: string,
  delivery: ReadonlyMap<number, readonly LogRecord[]>,
  { sources, writer }: RelayPorts,
): Promise<readonly RelayedPartition[]> {
  const [partitioner, source] = [partitioners.get(topic), sources.get(topic)];
  if (partitioner === undefined || source === undefined) throw foreign(topic, [...partitioners.keys()]);
  await verifyTopicId(source);
  const records: RelayedRecord[] = [];
  for (const [partition, batch] of delivery) {
    const log = `${topic}/${source.topicId}/${partition}`;
    for (const { offset, timestampMs, key, value, headers } of batch) {
      const origin = originText(topic, source.topicId, partition, offset);
      records.push({
        partition: partitioner(value, log),
        timestampMs,
        key,
        value,
        headers: [...headers, { key: ORIGIN_HEADER, value: Buffer.from(origin) }],
      });
    }
  }
  await writer.append(records);
  return Array.from(delivery, ([partition, batch]) => ({ partition, records: batch.length }));
}

function foreign(topic: string, topics: readonly string[]): ProtocolError {
  return new ProtocolError('BIFOLD_FOREIGN_TOPIC', {
    failed: 'a batch contains records of a topic that this relay does not copy',
    received: `"${topic}"`,
    allowed: topics.join(', '),
    remedy: 'deploy the pipeline again, so that its event source mappings name its own topics',
  });
}
