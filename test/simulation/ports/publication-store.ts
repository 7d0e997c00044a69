import type { Pointer, PublicationStore, Scope } from '@bifold/core/engine';
import type { Actor } from '../world/scheduler.ts';
import { call } from './calls.ts';
import type { Stage } from './stage.ts';

export function publicationStore(stage: Stage, actor: Actor, scope: Scope): PublicationStore {
  const key = `${scope.version} ${scope.topicId}`;
  const own = stage.publications.get(key) ?? new Map<number, Pointer>();
  stage.publications.set(key, own);
  return {
    newest: () =>
      call(
        stage,
        actor,
        'newest publication',
        async () => own.get([...own.keys()].reduce((most, generation) => Math.max(most, generation), 0)) ?? null,
        false,
      ),
    record: (pointer) =>
      call(
        stage,
        actor,
        `record generation ${pointer.generation}`,
        async () => void (own.has(pointer.generation) || own.set(pointer.generation, pointer)),
        true,
      ),
  };
}
