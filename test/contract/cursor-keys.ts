import { randomBytes, randomInt } from 'node:crypto';
import type { CursorKeys } from '@bifold/core/engine';
import { describe, expect, it } from '@jest/globals';

/** The query function's requirement: a period always has one key for all functions. */
export function cursorKeysContract(name: string, open: () => Promise<CursorKeys>): void {
  describe(`${name}: cursor keys`, () => {
    const hex = (key: Uint8Array | null) => key && Buffer.from(key).toString('hex');
    /** A period that no other test uses: the table may be shared. */
    const freshPeriod = () => randomInt(1_000_000, 2 ** 40);

    it('have none for a period until one is made', async () => {
      expect(await (await open()).read(freshPeriod())).toBeNull();
    });

    it('give every racer the one key that stands', async () => {
      const keys = await open();
      const period = freshPeriod();
      const made = await Promise.all(Array.from({ length: 6 }, () => keys.create(period, randomBytes(32))));
      expect(new Set(made.map(hex)).size).toBe(1);
      expect(hex(await keys.read(period))).toBe(hex(made[0] as Uint8Array));
      expect(hex(await keys.create(period, randomBytes(32)))).toBe(hex(made[0] as Uint8Array));
      expect(await keys.read(period + 1)).toBeNull();
    });
  });
}
