import type { Log, LogWriter, RelayedRecord } from '@bifold/core/engine';
import type { Actor } from '../world/scheduler.ts';
import { call } from './calls.ts';
import type { Stage } from './stage.ts';

export function log(stage: Stage, actor: Actor): Log {
  const { log: broker } = stage;
  return {
    topicId: () => call(stage, actor, 'topic id', () => broker.topicId(), false),
    partitions: () => call(stage, actor, 'partitions of the topic', () => broker.partitions(), false),
    bounds: (partition) => call(stage, actor, `bounds of p${partition}`, () => broker.bounds(partition), false),
    read: (partition, from, to) =>
      call(
        stage,
        actor,
        `read log p${partition} [${from}, ${to})`,
        () => broker.read(partition, from, to, actor.random.chance(0.5) ? 1 : 1_000),
        false,
      ),
    close: async () => undefined,
  };
}

/** The writer of a relay: a record may be written without an acknowledgement, or later. */
export function logWriter(
  stage: Stage,
  actor: Actor,
  append: (record: RelayedRecord) => void,
): Pick<LogWriter, 'append'> {
  return {
    append: async (records) => {
      for (const record of records)
        await call(stage, actor, `append to p${record.partition}`, async () => append(record), true);
    },
  };
}
