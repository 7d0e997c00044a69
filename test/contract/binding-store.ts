import { randomUUID } from 'node:crypto';
import type { BindingStore, LookupStore, Scope, SweepLedger, Value } from '@bifold/core/engine';
import { describe, expect, it } from '@jest/globals';
import { collect, freshScope } from './speed-store.ts';

/**
 * The protocol's requirements for lookups: a version is bound once per segment (rule 13), versions
 * are complete and immutable.
 */
export function bindingStoreContract(name: string, open: (scope: Scope) => Promise<BindingStore>): void {
  describe(`${name}: binding store`, () => {
    it('gives every racer the one version that stands', async () => {
      const scope = freshScope();
      const stores = await Promise.all(Array.from({ length: 6 }, () => open(scope)));
      const wanted = (version: string) => [{ segment: 7, name: 'planes', version }];
      const bound = await Promise.all(stores.map((store, index) => store.bind(0, wanted(`v${index}`))));
      expect(new Set(bound.flat()).size).toBe(1);
      expect(await (stores[5] as BindingStore).bind(0, wanted('v9'))).toEqual(bound[0]);
    });

    it('binds many segments together, and gives the version that stands for each that was bound before', async () => {
      const [one, other] = [await open(freshScope()), await open(freshScope())];
      const wanted = (segments: readonly number[], version: string) =>
        segments.flatMap((segment) => ['planes', 'airlines'].map((name) => ({ segment, name, version })));
      const all = Array.from({ length: 250 }, (_, segment) => segment);
      const odd = all.filter((segment) => segment % 2 === 1);
      expect(new Set(await one.bind(0, wanted(odd, 'old')))).toEqual(new Set(['old']));
      const stands = wanted(all, 'new').map(({ segment }) => (segment % 2 === 1 ? 'old' : 'new'));
      expect(await one.bind(0, wanted(all, 'new'))).toEqual(stands);
      expect((await one.list(0, 0, null)).size).toBe(250);
      expect(await other.bind(0, [])).toEqual([]);
      expect((await other.list(0, 0, null)).size).toBe(0);
    });

    it('lets racers who bind overlapping segments agree on each of them', async () => {
      const scope = freshScope();
      const stores = await Promise.all(Array.from({ length: 6 }, () => open(scope)));
      const racers = stores.map((store, index) => {
        const wanted = Array.from({ length: 20 }, (_, at) => ({
          segment: index * 5 + at,
          name: 'planes',
          version: `v${index}`,
        }));
        return store.bind(0, wanted).then((bound) => wanted.map(({ segment }, at) => [segment, bound[at]] as const));
      });
      const told = (await Promise.all(racers)).flat();
      const after = await (stores[0] as BindingStore).list(0, 0, null);
      expect(after.size).toBe(45);
      expect(told.filter(([segment, version]) => after.get(segment)?.get('planes') !== version)).toEqual([]);
    });

    it('lists bindings by segment, ascending, in slices', async () => {
      const store = await open(freshScope());
      for (const segment of [12, 2, 3]) await store.bind(0, [{ segment, name: 'planes', version: `p${segment}` }]);
      await store.bind(0, [{ segment: 2, name: 'airlines', version: 'a2' }]);
      await store.bind(1, [{ segment: 2, name: 'planes', version: 'other' }]);
      const listed = await store.list(0, 2, 12);
      expect([...listed].map(([segment, names]) => [segment, Object.fromEntries(names)])).toEqual([
        [2, { airlines: 'a2', planes: 'p2' }],
        [3, { planes: 'p3' }],
      ]);
      expect([...(await store.list(0, 3, null)).keys()]).toEqual([3, 12]);
      expect((await store.list(2, 0, null)).size).toBe(0);
    });
  });
}

export function lookupStoreContract(name: string, open: () => Promise<LookupStore>): void {
  describe(`${name}: lookup store`, () => {
    it('points to the version that was loaded last, and keeps the others', async () => {
      const store = await open();
      const table = `planes_${randomUUID().replaceAll('-', '')}`;
      expect(await store.currentVersion(table)).toBeNull();
      const row = (index: number): Record<string, Value> => ({
        seats: index,
        weight: index / 7,
        name: `é𝄞${index}`,
        old: index % 2 === 0,
        none: null,
      });
      const rows = new Map(Array.from({ length: 3000 }, (_, index) => [`"N${index}"`, row(index)]));
      await store.load(table, 'v1', rows);
      expect(await store.currentVersion(table)).toBe('v1');
      await store.load(table, 'v2', new Map([['"N1"', { seats: 2 }]]));
      await store.load(table, 'v2', new Map([['"N1"', { seats: 2 }]]));
      expect(await store.currentVersion(table)).toBe('v2');
      const keys = ['"N1"', '"N2999"', '"nobody"', ...Array.from({ length: 500 }, (_, index) => `"N${index}"`)];
      const found = await store.rows(table, 'v1', keys);
      expect(found.size).toBe(501);
      expect(found.get('"N2999"')).toEqual(row(2999));
      expect([...(await store.rows(table, 'v2', keys))]).toEqual([['"N1"', { seats: 2 }]]);
      expect(new Map(await collect(store.allRows(table, 'v1')))).toEqual(rows);
      const gone = { code: 'BIFOLD_LOOKUP_GONE' };
      await expect(store.rows(table, 'v3', keys)).rejects.toMatchObject(gone);
      await expect(collect(store.allRows(table, 'v3'))).rejects.toMatchObject(gone);
      expect([await store.isWhole(table, 'v2'), await store.isWhole(table, 'v3')]).toEqual([true, false]);
      await store.write(table, 'v3', new Map([['"N1"', { seats: 3 }]]));
      expect(await store.currentVersion(table)).toBe('v2');
      expect((await store.rows(table, 'v3', keys)).size).toBe(1);
    });
  });
}

export function sweepLedgerContract(name: string, open: (scope: Scope) => Promise<SweepLedger>): void {
  describe(`${name}: sweep ledger`, () => {
    it('remembers per partition how far the sweeper got, and never goes back', async () => {
      const scope = freshScope();
      const ledger = await open(scope);
      expect(await ledger.sweptBelow(0)).toBe(0);
      await ledger.markSwept(0, 12);
      await ledger.markSwept(0, 7);
      await ledger.markSwept(1, 3);
      expect([await ledger.sweptBelow(0), await ledger.sweptBelow(1)]).toEqual([12, 3]);
      expect(await (await open({ ...scope, version: 'contract-2' })).sweptBelow(0)).toBe(0);
    });
  });
}
