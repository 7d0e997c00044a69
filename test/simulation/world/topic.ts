import { type MemoryLog, memoryLog } from '@bifold/adapters/memory';
import type { LogRecord } from '@bifold/core/engine';
import type { Random } from '../random.ts';
import type { Run } from '../run.ts';
import type { History } from './history.ts';
import { tripValue } from './pipelines.ts';

/** The initial number of partitions. */
export const PARTITIONS = 2;
/** The largest number of partitions that an operator may set. */
export const PARTITIONS_MAX = 3;

type Slot = LogRecord | null;

/**
 * The topic of the pipelines, with its producers, transactions, retention and operators. It
 * remembers every record that it ever had.
 */
export class Topic {
  readonly log: MemoryLog;
  topicId: string;
  /** By partition, the first offset that retention has not deleted. */
  readonly starts = new Array<number>(PARTITIONS_MAX).fill(0);
  private readonly run: Run;
  private readonly histories = new Map<string, Slot[][]>();
  /** First offset of the open transaction of each partition: nothing from there on is committed. */
  private readonly openFrom = new Array<number | null>(PARTITIONS_MAX).fill(null);

  constructor(run: Run) {
    this.run = run;
    this.topicId = run.freshId('topic');
    this.log = memoryLog(this.topicId, PARTITIONS);
    this.openHistory();
  }

  get partitions(): number {
    return this.history.length;
  }

  get topicIds(): number {
    return this.histories.size;
  }

  /** All records that the current topic ever had, by partition and offset; null is a hole. */
  get history(): History {
    return this.historyOf(this.topicId);
  }

  historyOf(topicId: string): History {
    return this.histories.get(topicId) as Slot[][];
  }

  endOf(partition: number): number {
    return this.slotsOf(partition).length;
  }

  /** Records that a consumer is handed: committed ones, from its position on. */
  fetch(partition: number, position: number, recordsMax: number): readonly LogRecord[] {
    const from = Math.max(this.starts[partition] as number, position);
    const committed = this.openFrom[partition] ?? Number.MAX_SAFE_INTEGER;
    const records: LogRecord[] = [];
    for (const slot of this.slotsOf(partition).slice(from, Math.max(from, committed))) {
      if (records.length === recordsMax) break;
      if (slot !== null) records.push(slot);
    }
    return records;
  }

  /** An event, an invalid record, or a hole. */
  produce(partition: number, random: Random): void {
    const { run } = this;
    run.eventTimeMs += random.below(4);
    if (random.chance(0.2) && !run.calm && run.nemeses.has('holes')) {
      run.count('holes');
      this.log.append(partition, 'hole');
      this.slotsOf(partition).push(null);
      return;
    }
    // A producer that retries without idempotence writes a record twice: two records, and both
    // count.
    const last = this.slotsOf(partition).at(-1);
    const isRepeated = random.chance(0.05);
    const value = last && isRepeated ? last.value : tripValue(random, run.eventTimeMs);
    const offset = this.append({ partition, key: null, value, headers: [], timestampMs: run.eventTimeMs });
    run.say(`produced p${partition} ${offset}: ${value === null ? 'null' : Buffer.from(value)}`);
  }

  append({ partition, ...record }: Omit<LogRecord, 'offset'>): number {
    const offset = this.log.append(partition, record);
    this.slotsOf(partition).push({ ...record, partition, offset });
    return offset;
  }

  /** Partitions with an open transaction. */
  get open(): readonly number[] {
    return [...this.openFrom.keys()].filter((partition) => this.openFrom[partition] !== null);
  }

  /**
   * An open transaction hides the records after it. If it is aborted, its records become a hole,
   * and its marker is another one.
   */
  openTransaction(partition: number): void {
    if (this.openFrom[partition] !== null) return;
    this.openFrom[partition] = this.log.append(partition, 'open');
    this.slotsOf(partition).push(null);
    this.run.say(`OPEN TRANSACTION in p${partition} at ${this.openFrom[partition]}`);
  }

  abortTransaction(partition: number): void {
    this.openFrom[partition] = null;
    this.run.say(`ABORTED TRANSACTION in p${partition}`);
    this.log.abort(partition);
    this.slotsOf(partition).push(null);
  }

  /** Some of the oldest records are gone. */
  retain(partition: number, random: Random): void {
    const start = this.starts[partition] as number;
    const kept = start + random.below(Math.max(1, Math.ceil((this.endOf(partition) - start) * 0.7)));
    this.starts[partition] = kept;
    this.log.deleteBefore(partition, kept);
    this.run.say(`RETENTION: p${partition} starts at ${kept}`);
  }

  addPartition(): void {
    this.run.say(`NEW PARTITION p${this.log.addPartition()}`);
    this.histories.get(this.topicId)?.push([]);
  }

  recreate(): void {
    this.openFrom.fill(null);
    this.starts.fill(0);
    this.topicId = this.run.freshId('topic');
    this.log.recreate(this.topicId);
    this.openHistory();
    this.run.say(`RECREATED the topic: ${this.topicId}`);
  }

  private openHistory(): void {
    this.histories.set(
      this.topicId,
      Array.from({ length: PARTITIONS }, () => []),
    );
  }

  private slotsOf(partition: number): Slot[] {
    return this.histories.get(this.topicId)?.[partition] as Slot[];
  }
}
