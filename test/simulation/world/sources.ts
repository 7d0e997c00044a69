import type { Pipeline } from '@bifold/core';
import { type LogRecord, originHeader, originText } from '@bifold/core/engine';
import { partitionersOf } from '@bifold/engine';
import type { Random } from '../random.ts';
import type { Run } from '../run.ts';
import { sourceValue } from './pipelines.ts';
import { PARTITIONS, type Topic } from './topic.ts';

/** A topic whose records a relay copies into the log. */
export interface RelaySource {
  readonly topic: string;
  readonly topicId: string;
  /** Records by partition. */
  readonly records: readonly LogRecord[][];
  /** The committed offsets of the relay's group, by partition. */
  committed: number[];
}

/** The sources of the log; none if producers write it themselves. */
export class Sources {
  readonly all: readonly RelaySource[];
  /** The target position of each record of a source in the log. */
  readonly partitioners: ReturnType<typeof partitionersOf>;
  private readonly run: Run;

  constructor(run: Run, { plan }: Pipeline) {
    this.run = run;
    this.partitioners = partitionersOf(plan);
    this.all = (plan.relay?.sources ?? []).map(({ topic }) => ({
      topic,
      topicId: uuidOf(run.freshId('source')),
      records: Array.from({ length: PARTITIONS }, () => []),
      committed: new Array<number>(PARTITIONS).fill(0),
    }));
  }

  get areNone(): boolean {
    return this.all.length === 0;
  }

  produce(random: Random): void {
    const { topic, records } = random.pick(this.all);
    const { run } = this;
    run.eventTimeMs += random.below(4);
    const partition = random.below(PARTITIONS);
    const own = records[partition] as LogRecord[];
    const value = sourceValue(topic, random, run.eventTimeMs);
    // Offsets of a source have holes, too.
    const offset = (own.at(-1)?.offset ?? -1) + 1 + (random.chance(0.1) ? random.below(3) : 0);
    own.push({ partition, offset, key: null, value, headers: [], timestampMs: run.eventTimeMs });
    run.say(`produced ${topic} p${partition} ${offset}: ${value === null ? 'null' : Buffer.from(value)}`);
  }

  /** The log was recreated: its relay has another group, which has committed nothing. */
  begin(): void {
    for (const source of this.all) source.committed = new Array<number>(PARTITIONS).fill(0);
  }

  /** Whether there are records that the relay has not acknowledged. */
  get areAhead(): boolean {
    return this.all.some(({ records, committed }) =>
      records.some((own, partition) => (own.at(-1)?.offset ?? -1) >= (committed[partition] as number)),
    );
  }

  /** An acknowledged record that is missing in the log. Null if there is none. */
  lostOf({ history }: Topic): string | null {
    const brought = new Set(history.flatMap((slots) => slots.map((slot) => slot && originHeader(slot.headers))));
    for (const { topic, topicId, records } of this.all)
      for (const { partition, offset } of records.flat())
        if (!brought.has(originText(topic, topicId, partition, offset))) return `${topic} p${partition} ${offset}`;
    return null;
  }
}

/** An id as topics have them, for what is called so. */
function uuidOf(name: string): string {
  return `00000000-0000-4000-8000-${Buffer.from(name).toString('hex').slice(-12).padStart(12, '0')}`;
}
