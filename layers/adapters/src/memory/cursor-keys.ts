import type { CursorKeys } from '@bifold/core/engine';

/** An in-memory table of cursor keys. */
export function memoryCursorKeys(): CursorKeys {
  const keys = new Map<number, Uint8Array>();
  return {
    read: async (period) => keys.get(period) ?? null,
    async create(period, key) {
      const stored = keys.get(period) ?? key.slice();
      keys.set(period, stored);
      return stored;
    },
  };
}
