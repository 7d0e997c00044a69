import type { MemoryDatabase } from '@bifold/adapters/memory';
import type { Actor } from '../world/scheduler.ts';
import { NoAnswer, type Stage } from './stage.ts';

type Apply = (database: MemoryDatabase) => Promise<unknown>;

const QUORUM = 2;

/** A plain write: acknowledged by a quorum; the other replicas get it later. */
export async function mutate(stage: Stage, actor: Actor, label: string, apply: Apply): Promise<void> {
  const { scheduler, replicas } = stage;
  const { random } = actor;
  await scheduler.turn(actor, label);
  if (stage.isUnavailable()) {
    scheduler.say(`  refused: ${label}`);
    throw new NoAnswer(label);
  }
  if (random.chance(stage.timeouts())) {
    scheduler.say(`  no answer to: ${label}`);
    for (const replica of replicas) {
      if (random.chance(0.25)) await apply(replica);
      else if (random.chance(0.5)) scheduler.sendLate(actor, label, () => apply(replica));
    }
    throw new NoAnswer(label);
  }
  const order = random.shuffled(replicas);
  for (const [index, replica] of order.entries()) {
    if (index < QUORUM) {
      if (index > 0) await scheduler.turn(actor, `${label}, second replica`);
      await apply(replica);
    } else scheduler.sendLate(actor, label, () => apply(replica));
  }
}

/**
 * A read by quorum. `merge` reconciles the values of two replicas; `repair` writes the result back
 * to both before the reader gets it (read_repair = BLOCKING).
 */
export async function read<T>(
  stage: Stage,
  actor: Actor,
  label: string,
  ask: (database: MemoryDatabase) => Promise<T>,
  merge: (left: T, right: T) => T,
  repair: (database: MemoryDatabase, merged: T) => Promise<unknown>,
): Promise<T> {
  const { scheduler, replicas } = stage;
  const { random } = actor;
  await scheduler.turn(actor, label);
  if (random.chance(stage.timeouts() / 4)) throw new NoAnswer(label);
  const [first, second] = random.shuffled(replicas) as [MemoryDatabase, MemoryDatabase | undefined];
  const one = await ask(first);
  if (!second) return one;
  await scheduler.turn(actor, `${label}, second replica`);
  const merged = merge(one, await ask(second));
  if (stage.readRepair) {
    await repair(first, merged);
    await repair(second, merged);
  }
  return merged;
}

/**
 * A call to something that is one of its kind: the broker, the bucket, a row that is written by
 * compare-and-set.
 */
export async function call<T>(
  stage: Stage,
  actor: Actor,
  label: string,
  effect: () => Promise<T>,
  writes: boolean,
): Promise<T> {
  const { scheduler } = stage;
  const { random } = actor;
  await scheduler.turn(actor, label);
  if (random.chance(stage.timeouts() / (writes ? 1 : 4))) {
    scheduler.say(`  no answer to: ${label}`);
    if (writes) {
      if (random.chance(0.4)) await effect();
      else if (random.chance(0.5)) scheduler.sendLate(actor, label, effect);
    }
    throw new NoAnswer(label);
  }
  return effect();
}
