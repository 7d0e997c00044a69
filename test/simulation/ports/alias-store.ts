import type { MemoryDatabase } from '@bifold/adapters/memory';
import type { AliasStore, ViewName } from '@bifold/core/engine';
import type { Actor } from '../world/scheduler.ts';
import { call } from './calls.ts';
import type { Stage } from './stage.ts';

export function aliasStore(stage: Stage, actor: Actor, view: ViewName): AliasStore {
  const aliases = (stage.replicas[0] as MemoryDatabase).aliasStore(view);
  return {
    read: () => call(stage, actor, 'alias', () => aliases.read(), false),
    move: (expected, next) =>
      call(
        stage,
        actor,
        `alias ${next.generation}: ${next.current}${next.next === null ? '' : `, next ${next.next}`}${next.sealed === null ? '' : `, sealed at ${JSON.stringify(next.sealed.coverage)}`}`,
        () => aliases.move(expected, next),
        true,
      ),
  };
}
