import { randomUUID } from 'node:crypto';
import { count, definePipeline, running, topic } from '@bifold/core';
import {
  type AliasStore,
  announced,
  firstAlias,
  handedOver,
  type Plan,
  type PlanStore,
  sealedAt,
  type ViewName,
} from '@bifold/core/engine';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';

const SEALED = {
  generation: 3,
  run: 'run-3',
  coverage: {
    0: [[0, 12]],
    7: [
      [4, 6],
      [8, 9],
    ],
  },
  batchBelow: { 0: 8 },
} as const;

const freshView = (): ViewName => ({ pipeline: `view-${randomUUID()}`, topicId: randomUUID() });

/**
 * The requirements of rule 3: an alias moves only by compare-and-set, and later reads see each
 * move.
 */
export function aliasStoreContract(name: string, open: (view: ViewName) => Promise<AliasStore>): void {
  describe(`${name}: alias store`, () => {
    it('lets one of all racers create the alias', async () => {
      const view = freshView();
      const stores = await Promise.all(Array.from({ length: 6 }, () => open(view)));
      expect(await (stores[0] as AliasStore).read()).toBeNull();
      const created = await Promise.all(stores.map((store, index) => store.move(null, firstAlias(`v${index}`))));
      expect(created.filter(Boolean)).toHaveLength(1);
      const stored = await (stores[5] as AliasStore).read();
      expect(stored).toEqual(firstAlias(`v${created.indexOf(true)}`));
    });

    it('keeps every part of an alias through a handover', async () => {
      const store = await open(freshView());
      const first = firstAlias('v1');
      const next = announced(first, 'v2');
      const sealed = sealedAt(next, SEALED);
      const done = handedOver(sealed);
      let before = null;
      for (const alias of [first, next, sealed, done]) {
        expect(await store.move(before, alias)).toBe(true);
        expect(await store.read()).toEqual(alias);
        before = alias;
      }
      expect(done).toEqual({ generation: 4, current: 'v2', previous: 'v1', next: null, sealed: null });
    });

    it('refuses a move from an alias that has moved', async () => {
      const store = await open(freshView());
      const first = firstAlias('v1');
      await store.move(null, first);
      const [won, lost] = [announced(first, 'v2'), announced(first, 'v3')];
      expect(await store.move(first, won)).toBe(true);
      expect(await store.move(first, lost)).toBe(false);
      expect(await store.move(null, firstAlias('v4'))).toBe(false);
      expect(await store.read()).toEqual(won);
    });

    it('keeps views and topic ids apart', async () => {
      const view = freshView();
      const [one, other] = [await open(view), await open({ ...view, topicId: randomUUID() })];
      await one.move(null, firstAlias('v1'));
      expect(await other.read()).toBeNull();
      expect(await (await open(freshView())).read()).toBeNull();
    });
  });
}

export function planStoreContract(name: string, open: () => Promise<PlanStore>): void {
  describe(`${name}: plan store`, () => {
    it('gives each version its own plan, frozen, and null for a version that was never deployed', async () => {
      const store = await open();
      const plans = [1, 2].map(planOf);
      for (const plan of [...plans, ...plans]) await store.write(plan);
      for (const plan of plans) {
        const read = await store.read(plan.version);
        expect(read).toEqual(plan);
        expect(Object.isFrozen(read?.windows)).toBe(true);
      }
      expect(await store.read(`${plans[0]?.name}-000000000000`)).toBeNull();
    });

    it('refuses a plan that is not the one of its version', async () => {
      const store = await open();
      const plan = planOf(3);
      await store.write({ ...plan, groupBy: [] });
      await expect(store.read(plan.version)).rejects.toMatchObject({ code: 'BIFOLD_PLAN_UNREADABLE' });
      await store.write(plan);
      expect(await store.read(plan.version)).toEqual(plan);
    });
  });
}

function planOf(schemaVersion: number): Plan {
  const schema = z.object({ at: z.int(), city: z.string() });
  const eventTime = { field: 'at', unit: 'ms' } as const;
  const name = `plans-${randomUUID().slice(0, 8)}`;
  return definePipeline({
    name,
    from: topic(name, { schema, schemaVersion, partitionBy: 'city', eventTime }),
    groupBy: ['city'],
    windows: { ever: running() },
    aggregates: { n: count() },
  }).plan;
}
