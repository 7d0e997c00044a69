import type { EncodedRun, Envelope } from '../event.ts';

/** Lambda's limit of a synchronous payload: 6 MB, including base64 and the envelope. */
export const payloadBytesMax = 6 * 1024 * 1024;

/** Records of one partition within a batch: offsets `[firstOffset, nextOffset)` of the log. */
export interface BatchPart {
  readonly partition: number;
  readonly count: number;
  readonly firstOffset: number;
  readonly nextOffset: number;
}

/** One event: `chunks` joined are its JSON text. */
export interface Batch {
  readonly parts: readonly BatchPart[];
  readonly count: number;
  readonly chunks: readonly Buffer[];
  readonly sizeBytes: number;
}

export interface BatchLimits {
  readonly count: number;
  readonly sizeBytes: number;
  /** The most time that a record waits for others to share its batch. */
  readonly windowMs: number;
}

interface Waiting {
  readonly run: EncodedRun;
  readonly arrivedAtMs: number;
  /** Index of the first record not yet taken. */
  from: number;
}

/** The encoded records of one partition that wait for their batch, in log order. */
export class PartitionQueue {
  readonly partition: number;
  #waiting: Waiting[] = [];
  #count = 0;
  #sizeBytes = 0;

  constructor(partition: number) {
    this.partition = partition;
  }

  get count(): number {
    return this.#count;
  }

  /** The size of all waiting records in a payload: their JSON text, with commas. */
  get sizeBytes(): number {
    return this.#sizeBytes + Math.max(0, this.#waiting.length - 1);
  }

  /** The time at which the first waiting record was consumed. */
  get oldestAtMs(): number {
    return this.#waiting[0]?.arrivedAtMs ?? Number.POSITIVE_INFINITY;
  }

  push(run: EncodedRun, nowMs: number): void {
    if (run.ends.length === 0) return;
    this.#waiting.push({ run, arrivedAtMs: nowMs, from: 0 });
    this.#count += run.ends.length;
    this.#sizeBytes += run.bytes.length;
  }

  /**
   * Takes the longest prefix of at most `count` records and `sizeBytes` bytes, including commas.
   * With `atLeastOne`, the first record is taken regardless of its size, because otherwise it would
   * block the queue. Lambda may then refuse it.
   */
  take(count: number, sizeBytes: number, atLeastOne: boolean): { part: BatchPart; chunks: Buffer[] } | null {
    const chunks: Buffer[] = [];
    let taken = 0;
    let left = sizeBytes;
    let firstOffset = 0;
    let nextOffset = 0;
    while (taken < count) {
      const front = this.#waiting[0];
      if (front === undefined) break;
      const { run, from } = front;
      const start = from === 0 ? 0 : (run.ends[from - 1] as number) + 1;
      const separator = taken === 0 ? 0 : 1;
      let upTo = fitting(run.ends, from, Math.min(run.ends.length, from + count - taken), start + left - separator);
      if (upTo === from && taken === 0 && atLeastOne) upTo = from + 1;
      if (upTo === from) break;
      const end = run.ends[upTo - 1] as number;
      if (taken === 0) firstOffset = run.offsets[from] as number;
      const isWhole = upTo === run.ends.length;
      nextOffset = isWhole ? run.nextOffset : (run.offsets[upTo - 1] as number) + 1;
      chunks.push(run.bytes.subarray(start, end));
      taken += upTo - from;
      left -= separator + end - start;
      this.#count -= upTo - from;
      this.#sizeBytes -= end - start + (isWhole ? 0 : 1);
      if (!isWhole) {
        front.from = upTo;
        break;
      }
      this.#waiting.shift();
    }
    if (taken === 0) return null;
    return { part: { partition: this.partition, count: taken, firstOffset, nextOffset }, chunks };
  }
}

/**
 * The greatest `upTo` in `[from, to]` such that records `[from, upTo)` end at or before byte
 * `limit`.
 */
function fitting(ends: Uint32Array, from: number, to: number, limit: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((ends[middle - 1] as number) <= limit) low = middle;
    else high = middle - 1;
  }
  return low;
}

/**
 * Forms the next batch of the given partitions, none of which has a batch in flight. If no batch is
 * due, it returns the milliseconds until one is.
 *
 * A batch is due when it is full, in records or in bytes, or when its oldest record has waited for
 * the window. It starts with a partition that fills a batch on its own, the one with the longest
 * wait; if there is none, with the longest wait of all. It adds other partitions only completely.
 * So a partition with a backlog has batches of its own, and one slow batch does not hold all
 * partitions.
 */
export function formBatch(
  queues: readonly PartitionQueue[],
  envelope: Envelope,
  limits: BatchLimits,
  nowMs: number,
): { readonly batch: Batch } | { readonly dueInMs: number } | null {
  const filled = queues.filter((queue) => queue.count > 0).sort((left, right) => left.oldestAtMs - right.oldestAtMs);
  const eldest = filled[0];
  if (eldest === undefined) return null;
  const bodyBytesMax = limits.sizeBytes - envelope.head.length - envelope.tail.length;
  const surroundings = (queue: PartitionQueue) => envelope.open(queue.partition).length + envelope.close.length;
  const isFull = (queue: PartitionQueue) =>
    queue.count >= limits.count || surroundings(queue) + queue.sizeBytes >= bodyBytesMax;

  const full = filled.find(isFull);
  if (full === undefined) {
    const count = filled.reduce((sum, queue) => sum + queue.count, 0);
    const sizeBytes = filled.reduce((sum, queue) => sum + surroundings(queue) + queue.sizeBytes + 1, -1);
    const dueInMs = eldest.oldestAtMs + limits.windowMs - nowMs;
    if (count < limits.count && sizeBytes < bodyBytesMax && dueInMs > 0) return { dueInMs };
  }

  const first = full ?? eldest;
  const parts: BatchPart[] = [];
  const chunks: Buffer[] = [envelope.head];
  let count = 0;
  let left = bodyBytesMax;
  for (const queue of [first, ...filled.filter((other) => other !== first)]) {
    const separator = parts.length === 0 ? 0 : 1;
    const room = left - separator - surroundings(queue);
    if (queue !== first && (queue.count > limits.count - count || queue.sizeBytes > room)) continue;
    const taken = queue.take(limits.count - count, room, queue === first);
    if (taken === null) continue;
    if (separator > 0) chunks.push(envelope.comma);
    const before = chunks.length;
    chunks.push(envelope.open(queue.partition));
    taken.chunks.forEach((chunk, index) => {
      if (index > 0) chunks.push(envelope.comma);
      chunks.push(chunk);
    });
    chunks.push(envelope.close);
    parts.push(taken.part);
    count += taken.part.count;
    for (let i = before; i < chunks.length; i++) left -= (chunks[i] as Buffer).length;
    left -= separator;
  }
  chunks.push(envelope.tail);
  return { batch: { parts, count, chunks, sizeBytes: chunks.reduce((sum, chunk) => sum + chunk.length, 0) } };
}
