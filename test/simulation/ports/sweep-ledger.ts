import type { MemoryDatabase } from '@bifold/adapters/memory';
import type { Scope, SweepLedger } from '@bifold/core/engine';
import type { Actor } from '../world/scheduler.ts';
import { mutate, read } from './calls.ts';
import type { Stage } from './stage.ts';

export function sweepLedger(stage: Stage, actor: Actor, scope: Scope): SweepLedger {
  const of = (database: MemoryDatabase): SweepLedger => database.sweepLedger(scope);
  return {
    sweptBelow: (partition) =>
      read(
        stage,
        actor,
        'swept below',
        (db) => of(db).sweptBelow(partition),
        Math.max,
        async () => undefined,
      ),
    markSwept: (partition, below) =>
      mutate(stage, actor, `swept p${partition} below ${below}`, (db) => of(db).markSwept(partition, below)),
  };
}
