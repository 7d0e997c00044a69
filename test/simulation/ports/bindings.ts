import type { MemoryDatabase } from '@bifold/adapters/memory';
import type { ArchivedBinding, Binding, BindingArchive, BindingStore, Scope } from '@bifold/core/engine';
import type { Actor } from '../world/scheduler.ts';
import { call } from './calls.ts';
import type { Stage } from './stage.ts';

function textOf(bindings: readonly Binding[]): string {
  return bindings.map(({ segment, version }) => `s${segment} ${version}`).join(', ');
}

export function bindingStore(stage: Stage, actor: Actor, scope: Scope): BindingStore {
  const bindings = (stage.replicas[0] as MemoryDatabase).bindingStore(scope);
  return {
    bind: (partition, wanted) =>
      call(stage, actor, `bind p${partition} ${textOf(wanted)}`, () => bindings.bind(partition, wanted), true),
    list: (partition, from, to) =>
      call(stage, actor, `bindings of p${partition}`, () => bindings.list(partition, from, to), false),
  };
}

export function bindingArchive(stage: Stage, actor: Actor, scope: Scope): BindingArchive {
  const key = `${scope.version} ${scope.topicId}`;
  const own = stage.bindings.get(key) ?? new Map<string, ArchivedBinding>();
  stage.bindings.set(key, own);
  return {
    // An object each: a writer may fail between two of them.
    async bind(partition, wanted) {
      const stands: string[] = [];
      for (const binding of wanted) {
        const bind = async () => {
          const id = `${partition} ${binding.segment} ${binding.name}`;
          const bound = own.get(id) ?? { partition, ...binding };
          own.set(id, bound);
          return bound.version;
        };
        stands.push(await call(stage, actor, `archive binding p${partition} ${textOf([binding])}`, bind, true));
      }
      return stands;
    },
    all: () => call(stage, actor, 'archived bindings', async () => [...own.values()], false),
  };
}
