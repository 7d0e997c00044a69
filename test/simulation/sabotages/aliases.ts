import type { ViewAlias } from '@bifold/core/engine';
import { arrivalsOf } from './arrivals.ts';
import type { Sabotage } from './sabotage.ts';

/** Rule 3: an alias moves to a version once that version covers the one before it. */
export const ALIAS_SABOTAGES: readonly Sabotage[] = [
  {
    name: 'alias-moves-early',
    rule: 3,
    breaks: 'the alias names a new version as soon as it is deployed',
    aliases: (store) => ({
      ...store,
      move: (expected, { generation, current, previous, next }) =>
        store.move(expected, {
          generation,
          next: null,
          sealed: null,
          ...(next === null ? { current, previous } : { current: next, previous: current }),
        }),
    }),
  },
  {
    name: 'alias-remembered',
    rule: 3,
    breaks: 'a warm function goes on with the alias that it read first',
    aliases: (store, role, stage, { version, topicId }) => {
      if (role !== 'query') return store;
      const remembered = arrivalsOf<ViewAlias>(stage, 'aliases');
      const id = `${version} ${topicId}`;
      return {
        ...store,
        read: async () => {
          const alias = remembered.get(id) ?? (await store.read());
          if (alias !== null && alias.next === null) remembered.set(id, alias);
          return alias;
        },
      };
    },
  },
  {
    name: 'alias-moved-blindly',
    rule: 3,
    breaks: 'the alias is written without a comparison: of two deployments and questions the last to arrive wins',
    aliases: (store) => ({
      ...store,
      move: async (expected, next) => {
        if (expected === null) return store.move(null, next);
        for (;;) {
          const stored = await store.read();
          if (stored === null) return false;
          if (await store.move(stored, { ...next, generation: stored.generation + 1 })) return true;
        }
      },
    }),
  },
];
