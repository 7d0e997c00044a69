import type { Pointer, PublicationStore, PublishedRun, Scope } from '@bifold/core/engine';
import { describe, expect, it } from '@jest/globals';
import { freshScope } from './speed-store.ts';

const runOf = (generation: number, run = `run-${generation}`): PublishedRun => ({
  run,
  runGeneration: generation,
  cuts: { 0: generation, 11: 2 },
  lost: { 0: [[3, 7]] },
  publishedAtMs: 1_700_000_000_000 + generation,
});
const pointerOf = (generation: number, run?: string): Pointer => ({
  generation,
  current: runOf(generation, run),
  previous: generation === 1 ? null : runOf(generation - 1),
});

/** The protocol's requirements for distinguishing an emptied database from a new one. */
export function publicationStoreContract(name: string, open: (scope: Scope) => Promise<PublicationStore>): void {
  describe(`${name}: publication store`, () => {
    it('gives the newest pointer that was recorded, in whatever order they came', async () => {
      const scope = freshScope();
      const store = await open(scope);
      expect(await store.newest()).toBeNull();
      for (const generation of [1, 9, 12, 10, 2]) await store.record(pointerOf(generation));
      expect(await store.newest()).toEqual(pointerOf(12));
      expect(await (await open(scope)).newest()).toEqual(pointerOf(12));
      expect(await (await open({ ...scope, version: 'contract-2' })).newest()).toBeNull();
    });

    it('never changes what is recorded', async () => {
      const store = await open(freshScope());
      await store.record(pointerOf(4));
      await store.record(pointerOf(4, 'another-run'));
      expect(await store.newest()).toEqual(pointerOf(4));
    });
  });
}
