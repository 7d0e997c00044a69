import { type BatchStore, bucketOf, type Pointer, type PublishedRun, type Scope } from '@bifold/core/engine';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { ALL, collect, freshScope, LOOKALIKE_KEYS } from './speed-store.ts';

const BUCKETS = 4;

const published = (run: string, runGeneration: number): PublishedRun => ({
  run,
  runGeneration,
  cuts: { 0: 3, 11: 0 },
  lost: { 0: [[5, 9]] },
  publishedAtMs: 1_700_000_000_000,
});
const successor = (pointer: Pointer, run: string): Pointer => ({
  generation: pointer.generation + 1,
  current: published(run, pointer.generation + 1),
  previous: pointer.current,
});

/** The protocol's requirements on the batch layer's tables. */
export function batchStoreContract(
  name: string,
  open: (scope: Scope, options: { readonly buckets: number }) => Promise<BatchStore>,
): void {
  describe(`${name}: batch store`, () => {
    let scope: Scope;
    let store: BatchStore;
    let other: BatchStore;

    beforeAll(async () => {
      scope = freshScope();
      [store, other] = await Promise.all([open(scope, { buckets: BUCKETS }), open(scope, { buckets: BUCKETS })]);
    });

    it('begins with generation 0, moves by one, and tells every reader', async () => {
      const nothing = await store.readPointer('serial');
      expect(nothing).toEqual({ generation: 0, current: null, previous: null });
      const first = successor(nothing, 'run-1');
      expect(await store.publish(nothing, first)).toBe(true);
      const second = successor(first, 'run-2');
      expect(await store.publish(first, second)).toBe(true);
      expect(await other.readPointer('serial')).toEqual(second);
      expect(await other.readPointer('quorum')).toEqual(second);
    });

    it('refuses who expects an older generation, or leaps', async () => {
      const pointer = await store.readPointer('serial');
      const stale: Pointer = { ...pointer, generation: pointer.generation - 1 };
      expect(await store.publish(stale, successor(stale, 'run-stale'))).toBe(false);
      const leap = { ...successor(pointer, 'run-leap'), generation: pointer.generation + 2 };
      await expect(store.publish(pointer, leap)).rejects.toMatchObject({ code: 'BIFOLD_POINTER_JUMP' });
      expect(await store.readPointer('serial')).toEqual(pointer);
    });

    it('refuses who expects another run of the same generation', async () => {
      const pointer = await store.readPointer('serial');
      const ofAnother: Pointer = { ...pointer, current: published('run-of-a-lost-database', 4) };
      expect(await store.publish(ofAnother, successor(ofAnother, 'run-upon-it'))).toBe(false);
      expect(await store.restorePointer(ofAnother, { ...ofAnother, generation: 9 })).toBe(false);
      expect(await store.readPointer('serial')).toEqual(pointer);
    });

    it('restores a pointer where there is none, and over a lower one, with a generation that leaps', async () => {
      const restoring = await open(freshScope(), { buckets: BUCKETS });
      const nothing = await restoring.readPointer('serial');
      const restored: Pointer = { generation: 7, current: published('run-4', 4), previous: null };
      expect(await restoring.restorePointer(nothing, restored)).toBe(true);
      expect(await restoring.readPointer('serial')).toEqual(restored);
      expect(await restoring.restorePointer(nothing, { ...restored, generation: 8 })).toBe(false);
      expect(await restoring.restorePointer(restored, { ...restored, generation: 12 })).toBe(true);
      expect(
        await restoring.publish({ ...restored, generation: 12 }, successor({ ...restored, generation: 12 }, 'r')),
      ).toBe(true);
    });

    it('lets exactly one of many publishers win, from the first generation on', async () => {
      const raced = freshScope();
      for (let round = 0; round < 5; round++) {
        const stores = await Promise.all(Array.from({ length: 6 }, () => open(raced, { buckets: BUCKETS })));
        const pointer = await (stores[0] as BatchStore).readPointer('serial');
        const nexts = stores.map((_, index) => successor(pointer, `run-${round}-${index}`));
        const won = await Promise.all(stores.map((each, index) => each.publish(pointer, nexts[index] as Pointer)));
        expect(won.filter(Boolean)).toHaveLength(1);
        expect(await (stores[0] as BatchStore).readPointer('serial')).toEqual(nexts[won.indexOf(true)]);
      }
    });

    it('keeps the rows of a run until it is deleted, and hides what a zombie writes afterwards', async () => {
      const entry = { run: 'run-a', generation: 4 };
      const kept = { run: 'run-b', generation: 4 };
      await store.registerRun(kept);
      await store.registerRun(entry);
      await store.registerRun({ run: 'run-z', generation: 3 });
      const rows = Array.from({ length: 3000 }, (_, index) => ({
        key: `["k${index}"]`,
        window: 'daily',
        startMs: index,
        cell: new Uint8Array([index & 255, 1]),
      }));
      await store.writeRows(entry, rows);
      await store.writeRows(kept, rows.slice(0, 10));
      const scanned = [];
      for (let bucket = 0; bucket < BUCKETS; bucket++)
        scanned.push(...(await collect(other.scan('run-a', bucket, ALL, null))));
      const plain = (some: readonly { startMs: number; cell: Uint8Array }[]) =>
        some.map(({ startMs, cell }) => [startMs, ...cell]).sort(([left = 0], [right = 0]) => left - right);
      expect(plain(scanned)).toEqual(plain(rows));
      const key = '["k77"]';
      const one = await collect(other.scan('run-a', bucketOf(key, BUCKETS), { ...ALL, keys: [key] }, null));
      expect(one.map((row) => row.key)).toEqual([key]);
      expect(await store.listRuns()).toEqual([{ run: 'run-z', generation: 3 }, entry, kept]);

      await store.deleteRun(entry);
      await other.writeRows(entry, rows.slice(0, 100));
      for (let bucket = 0; bucket < BUCKETS; bucket++)
        expect(await collect(store.scan('run-a', bucket, ALL, null))).toEqual([]);
      expect(await store.listRuns()).toEqual([{ run: 'run-z', generation: 3 }, kept]);
      expect(
        await collect(store.scan('run-b', bucketOf('["k1"]', BUCKETS), { ...ALL, keys: ['["k1"]'] }, null)),
      ).toHaveLength(1);
    });

    it('keeps keys apart that differ by one format, control or combining character', async () => {
      const entry = { run: 'run-keys', generation: 4 };
      const rows = LOOKALIKE_KEYS.map((key, index) => ({
        key,
        window: 'daily',
        startMs: 0,
        cell: new Uint8Array([index]),
      }));
      await store.registerRun(entry);
      await store.writeRows(entry, rows);
      const plain = (found: readonly { key: string; cell: Uint8Array }[]) =>
        found.map(({ key, cell }) => [key, ...cell]);
      const scanned = [];
      for (let bucket = 0; bucket < BUCKETS; bucket++)
        scanned.push(...(await collect(other.scan(entry.run, bucket, ALL, null))));
      expect(new Set(plain(scanned).map(String))).toEqual(new Set(plain(rows).map(String)));
      for (const row of rows) {
        const filter = { ...ALL, keys: [row.key] };
        const found = await collect(other.scan(entry.run, bucketOf(row.key, BUCKETS), filter, null));
        expect(plain(found)).toEqual(plain([row]));
      }
      await store.deleteRun(entry);
    });
  });
}
