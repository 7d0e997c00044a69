import type { Log, LogRecord } from '@bifold/core/engine';
import { AdapterError } from '../errors.ts';

type Slot = LogRecord | 'hole' | 'open';
export type NewRecord = Partial<Pick<LogRecord, 'timestampMs' | 'key' | 'value' | 'headers'>>;

/** An in-memory Kafka topic, with the operations of its producer and its broker. */
export interface MemoryLog extends Log {
  /**
   * Appends a committed record, a hole (a control or aborted record), or a record of an open
   * transaction. Returns its offset.
   */
  append(partition: number, entry: NewRecord | 'hole' | 'open'): number;
  /** Ends the open transaction of a partition by aborting it. */
  abort(partition: number): void;
  /** Retention: deletes all records before `offset`. */
  deleteBefore(partition: number, offset: number): void;
  /** Adds an empty partition, and returns its number. */
  addPartition(): number;
  /** Deletes the topic and recreates it with the same number of partitions. */
  recreate(topicId: string): void;
}

const RECORD_OVERHEAD_BYTES = 32;

export function memoryLog(initialTopicId: string, partitionCount: number): MemoryLog {
  let id: string | null = initialTopicId;
  let logs = new Map<number, { start: number; slots: Slot[] }>();
  const recreate = (topicId: string) => {
    id = topicId;
    logs = new Map(Array.from({ length: partitionCount }, (_, partition) => [partition, { start: 0, slots: [] }]));
  };
  recreate(initialTopicId);
  const of = (partition: number) => {
    const log = logs.get(partition);
    if (log !== undefined) return log;
    throw new AdapterError('BIFOLD_TOPIC_GONE', {
      failed: `reading partition ${partition}`,
      received: `a topic of ${logs.size} partitions, with the id ${id}`,
      allowed: 'a partition of the topic that is read',
      remedy: 'deploy again, which binds the topic as it is now; offsets of one topic mean nothing in another',
    });
  };
  const stableEnd = (slots: readonly Slot[]) => {
    const open = slots.indexOf('open');
    return open === -1 ? slots.length : open;
  };

  return {
    topicId: async () => id,
    partitions: async () => [...logs.keys()],
    async bounds(partition) {
      const { start, slots } = of(partition);
      return { start, end: Math.max(start, stableEnd(slots)) };
    },
    async read(partition, from, to, maxBytes) {
      const { start, slots } = of(partition);
      const limit = Math.min(to, stableEnd(slots));
      const records: LogRecord[] = [];
      let end = Math.min(Math.max(from, start), to);
      for (let sizeBytes = 0; end < limit && (sizeBytes === 0 || sizeBytes < maxBytes); end++) {
        const slot = slots[end];
        sizeBytes += RECORD_OVERHEAD_BYTES;
        if (slot === undefined || typeof slot === 'string') continue;
        sizeBytes += (slot.key?.length ?? 0) + (slot.value?.length ?? 0);
        records.push(slot);
      }
      return { records, end, logStart: start };
    },
    close: async () => undefined,
    append(partition, entry) {
      const { slots } = of(partition);
      const offset = slots.length;
      const blank = { timestampMs: 0, key: null, value: null, headers: [] };
      slots.push(typeof entry === 'string' ? entry : { ...blank, ...entry, partition, offset });
      return offset;
    },
    abort(partition) {
      const { slots } = of(partition);
      for (const [index, slot] of slots.entries()) if (slot === 'open') slots[index] = 'hole';
      slots.push('hole');
    },
    deleteBefore(partition, offset) {
      const log = of(partition);
      log.start = Math.max(log.start, offset);
    },
    addPartition() {
      const partition = logs.size;
      logs.set(partition, { start: 0, slots: [] });
      return partition;
    },
    recreate,
  };
}
