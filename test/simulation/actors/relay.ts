import type { LogRecord } from '@bifold/core/engine';
import { relayDelivery } from '@bifold/engine';
import { logWriter } from '../ports/index.ts';
import type { Happening } from '../run.ts';
import { PARTITIONS } from '../world/topic.ts';
import type { World } from '../world/world.ts';

/** Brings what a source has beyond the group's offset, or, as a zombie, from below it. */
export function relay(world: World, { id, random }: Happening): void {
  const { sources, stage, topic: log } = world;
  const source = random.pick(sources.all);
  const partition = random.below(PARTITIONS);
  const { topic, topicId, committed } = source;
  const next = committed[partition] as number;
  const from = Math.max(0, next - (random.chance(0.1) && !world.calm ? random.below(6) : 0));
  const batch = (source.records[partition] as LogRecord[])
    .filter(({ offset }) => offset >= from)
    .slice(0, 1 + random.below(6));
  if (batch.length === 0) return;
  const end = (batch.at(-1) as LogRecord).offset + 1;
  const commit = (): void => {
    committed[partition] = Math.max(end, committed[partition] as number);
  };
  world.start(id, `relay of ${topic} p${partition} [${batch.map(({ offset }) => offset)}]`, 'relay', async (actor) => {
    if (world.sabotage.relayedEarly) commit();
    await relayDelivery(sources.partitioners, topic, new Map([[partition, batch]]), {
      sources: new Map([[topic, { topicId, log: { topicId: async () => topicId } }]]),
      writer: logWriter(stage, actor, (record) => {
        log.append(record);
      }),
    });
    // A recreated topic has another group, which has committed nothing.
    if (committed === source.committed) commit();
  });
}

/**
 * Checks that the log contains every record of the sources, and every record that the relay
 * acknowledged.
 */
export async function relayAll(world: World): Promise<void> {
  const { sources } = world;
  while (sources.areAhead && world.failure === null) {
    relay(world, world.certain());
    await world.drain();
  }
  const lost = sources.lostOf(world.topic);
  if (lost !== null) world.fail(`the relay lost ${lost}`);
}
