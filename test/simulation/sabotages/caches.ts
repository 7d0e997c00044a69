import type { Sabotage } from './sabotage.ts';

/** Rule 4: when a warm cache is valid. */
export const CACHE_SABOTAGES: readonly Sabotage[] = [
  {
    name: 'cache-kept-on-failure',
    rule: 4,
    breaks: 'a failed invocation leaves its changed cache behind',
    warm: (cold) => ({
      ...cold,
      partitions: new (class<K, V> extends Map<K, V> {
        override delete(): boolean {
          return false;
        }
      })(),
    }),
  },
  {
    name: 'cache-for-any-batch',
    rule: 4,
    breaks: 'a cache is used for a batch that does not start where it ends',
    delivery: (delivery, warm) => {
      for (const [partition, [first]] of delivery) {
        const known = warm.partitions.get(partition);
        if (known && first) warm.partitions.set(partition, { ...known, end: first.offset });
      }
      return delivery;
    },
  },
  {
    name: 'cache-across-deployments',
    rule: 4,
    breaks: 'a warm process serves another version or topic id with the cache of the last',
    sharedWarmth: true,
  },
  {
    name: 'absent-key-not-read',
    rule: 4,
    breaks: 'a key that is not in the cache is taken for new, not read',
    speed: (store, role) => ({
      ...store,
      readSegment: async (partition, segment) => {
        const rows = await store.readSegment(partition, segment);
        return role === 'speed' ? rows.slice(0, -1) : rows;
      },
    }),
  },
];
