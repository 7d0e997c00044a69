import type { EncodedRun, Envelope } from '../event.ts';
import { type Batch, type BatchLimits, formBatch, PartitionQueue, payloadBytesMax } from './batcher.ts';

/**
 * The size of waiting records at which a partition is paused. It is resumed below half of it, so
 * that a batch is ready while another one is invoked.
 */
const queueBytesMax = 2 * payloadBytesMax;

/**
 * The records of one assignment that wait for an invocation, and the partitions that must pause.
 */
export class Intake {
  readonly #heldBytesMax: number;
  readonly #queues = new Map<number, PartitionQueue>();
  readonly #paused = new Set<number>();

  constructor(heldBytesMax: number) {
    this.#heldBytesMax = heldBytesMax;
  }

  clear(): void {
    this.#queues.clear();
    this.#paused.clear();
  }

  assign(partition: number): void {
    this.#queues.set(partition, new PartitionQueue(partition));
  }

  has(partition: number): boolean {
    return this.#queues.has(partition);
  }

  countOf(partition: number): number {
    return this.#queues.get(partition)?.count ?? 0;
  }

  /**
   * Adds records of an assigned partition. Returns true if the partition must pause until it has
   * drained.
   */
  push(partition: number, run: EncodedRun, nowMs: number): boolean {
    const queue = this.#queues.get(partition);
    if (queue === undefined) return false;
    queue.push(run, nowMs);
    if (queue.sizeBytes < queueBytesMax && !this.#isFull()) return false;
    this.#paused.add(partition);
    return true;
  }

  /** Returns the paused partitions that have drained, and marks them as resumed. */
  takeDrained(): readonly number[] {
    if (this.#isFull()) return [];
    const drained = [...this.#paused].filter((partition) => this.#sizeBytesOf(partition) < queueBytesMax / 2);
    for (const partition of drained) this.#paused.delete(partition);
    return drained;
  }

  /**
   * Takes the next batch of idle partitions, or returns the time until one is due. A full intake
   * ignores the window.
   */
  nextBatch(
    isBusy: (partition: number) => boolean,
    envelope: Envelope,
    limits: BatchLimits,
    nowMs: number,
  ): { readonly batch: Batch } | { readonly dueInMs: number } | null {
    const idle = [...this.#queues.values()].filter((queue) => !isBusy(queue.partition));
    return formBatch(idle, envelope, { ...limits, windowMs: this.#isFull() ? 0 : limits.windowMs }, nowMs);
  }

  #isFull(): boolean {
    let sizeBytes = 0;
    for (const queue of this.#queues.values()) sizeBytes += queue.sizeBytes;
    return sizeBytes >= this.#heldBytesMax;
  }

  #sizeBytesOf(partition: number): number {
    return this.#queues.get(partition)?.sizeBytes ?? 0;
  }
}
