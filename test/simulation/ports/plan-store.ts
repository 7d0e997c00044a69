import type { PlanStore } from '@bifold/core/engine';
import type { Actor } from '../world/scheduler.ts';
import { mutate, read } from './calls.ts';
import type { Stage } from './stage.ts';

export function planStore(stage: Stage, actor: Actor): PlanStore {
  return {
    read: (version) =>
      read(
        stage,
        actor,
        `plan of ${version}`,
        (db) => db.planStore().read(version),
        (left, right) => left ?? right,
        async (db, plan) => (plan === null ? undefined : db.planStore().write(plan)),
      ),
    write: (plan) => mutate(stage, actor, `plan of ${plan.version}`, (db) => db.planStore().write(plan)),
  };
}
