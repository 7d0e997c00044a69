import type { MemoryDatabase } from '@bifold/adapters/memory';
import type { OperatorStateStore, Scope, StateEntry } from '@bifold/core/engine';
import type { Actor } from '../world/scheduler.ts';
import { mutate, read } from './calls.ts';
import { union } from './rows.ts';
import type { Stage } from './stage.ts';

export function operatorStateStore(stage: Stage, actor: Actor, scope: Scope): OperatorStateStore {
  const of = (database: MemoryDatabase): OperatorStateStore => database.operatorStateStore(scope);
  return {
    read: async (partition, wanted) => {
      // Each id is read by itself: what is written between two of them is seen by one.
      const found: (readonly StateEntry[])[] = [];
      for (const one of wanted)
        found.push(
          await read(
            stage,
            actor,
            `operator state of ${one.id} in p${partition}`,
            (db) => of(db).read(partition, [one]),
            union<StateEntry>(({ timeMs, offset }) => `${timeMs} ${offset}`),
            (db, merged) => of(db).write(partition, merged),
          ),
        );
      return found.flat();
    },
    write: async (partition, operatorState) => {
      await Promise.all(
        operatorState.map((one) =>
          mutate(stage, actor, `state entry of ${one.id} in p${partition} at ${one.offset}`, (db) =>
            of(db).write(partition, [one]),
          ),
        ),
      );
    },
  };
}
