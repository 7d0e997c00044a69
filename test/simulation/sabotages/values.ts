import type { AnyAlgebra } from '@bifold/core/engine';
import type { Sabotage } from './sabotage.ts';

/** Rules 12 and 13: exact values, and reproducible lookups and scores. */
export const VALUE_SABOTAGES: readonly Sabotage[] = [
  {
    name: 'rounded-sums',
    rule: 12,
    breaks: 'the speed layer adds doubles and rounds each time',
    fold: (fold) => ({
      ...fold,
      addTo: (states, slots, at) => {
        fold.addTo(states, slots, at);
        fold.rows.view.aggregates.forEach(({ kind, domain }, index) => {
          const algebra = fold.rows.view.algebras[index] as AnyAlgebra;
          if (kind !== 'sum' || domain !== 'double') return;
          states[index] = algebra.add(algebra.empty, algebra.present(states[index]) as number);
        });
      },
    }),
  },
  {
    name: 'last-by-arrival',
    rule: 12,
    breaks: 'the speed layer takes the event that stands last in the log for the latest',
    fold: (fold) => ({ ...fold, addTo: (states, slots, at) => fold.addTo(states, slots, { ...at, timeMs: 0 }) }),
  },
  {
    name: 'binding-not-conditional',
    rule: 13,
    breaks: 'each writer uses the lookup version that is current for it',
    bindings: (store) => ({
      ...store,
      bind: async (partition, wanted) => {
        await store.bind(partition, wanted);
        return wanted.map(({ version }) => version);
      },
    }),
  },
  {
    name: 'bindings-not-archived',
    rule: 13,
    breaks: 'what segments are bound to stands in the database alone, and is lost with it',
    bindingArchive: (archive) => ({ ...archive, bind: async (_, wanted) => wanted.map(({ version }) => version) }),
  },
  {
    name: 'model-of-the-moment',
    rule: 13,
    breaks: 'each writer scores with the version of a model that is current when it folds',
    bindings: (store) => ({
      ...store,
      bind: async (partition, wanted) => {
        const bound = await store.bind(partition, wanted);
        return wanted.map(({ name, version }, index) =>
          name.startsWith('model:') ? version : (bound[index] as string),
        );
      },
      // A fold lists the bindings of the current segments; a receipt lists those of all.
      list: async (partition, from, to) => {
        const bound = await store.list(partition, from, to);
        const own = (names: ReadonlyMap<string, string>) => [...names].filter(([name]) => !name.startsWith('model:'));
        return to === null ? bound : new Map(Array.from(bound, ([segment, names]) => [segment, new Map(own(names))]));
      },
    }),
  },
];
