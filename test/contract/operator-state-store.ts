import type { OperatorStateStore, Scope, StateEntry } from '@bifold/core/engine';
import { describe, expect, it } from '@jest/globals';
import { freshScope } from './speed-store.ts';

const placed = (operatorState: readonly StateEntry[]): readonly string[] =>
  operatorState.map(({ id, timeMs, offset }) => `${id} ${timeMs} ${offset}`).sort();

/**
 * The requirements of stateful operators (rule 10): no acknowledged entry is missing, whatever its
 * writer, order or repetition.
 */
export function operatorStateStoreContract(name: string, open: (scope: Scope) => Promise<OperatorStateStore>): void {
  describe(`${name}: state entry store`, () => {
    it('gives all operator state of the ids that are asked for, between their times, both ends with them', async () => {
      const store = await open(freshScope());
      await store.write(0, [
        { id: '["a"]', timeMs: 10, offset: 7 },
        { id: '["a"]', timeMs: 10, offset: 3 },
        { id: '["b"]', timeMs: -5, offset: 4 },
      ]);
      await store.write(0, [
        { id: '["a"]', timeMs: 20, offset: 1 },
        { id: '["a"]', timeMs: 21, offset: 2 },
        { id: '["a"]', timeMs: 10, offset: 3 },
      ]);
      await store.write(1, [{ id: '["a"]', timeMs: 10, offset: 0 }]);
      const found = await store.read(0, [
        { id: '["a"]', fromMs: 10, toMs: 20 },
        { id: '["b"]', fromMs: -5, toMs: -5 },
        { id: '["c"]', fromMs: 0, toMs: 100 },
      ]);
      expect(placed(found)).toEqual(['["a"] 10 3', '["a"] 10 7', '["a"] 20 1', '["b"] -5 4']);
    });

    it('gives what came as it was, where that is kept', async () => {
      const store = await open(freshScope());
      const values = ['é"\n', 0.1, 2 ** 53 - 1, -1e-300, true, null, ''];
      await store.write(0, [{ id: 'join', timeMs: 5, offset: 1, values }]);
      await store.write(0, [
        { id: 'join', timeMs: 5, offset: 1, values },
        { id: 'join', timeMs: 5, offset: 2, values: [] },
        { id: 'join', timeMs: 5, offset: 3 },
      ]);
      const found = await store.read(0, [{ id: 'join', fromMs: 5, toMs: 5 }]);
      expect(found.map(({ offset, values }) => [offset, values]).sort()).toEqual([
        [1, values],
        [2, []],
        [3, undefined],
      ]);
    });

    it('keeps views and topic ids apart', async () => {
      const [one, other] = [await open(freshScope()), await open(freshScope())];
      await one.write(0, [{ id: 'x', timeMs: 0, offset: 0 }]);
      expect(await other.read(0, [{ id: 'x', fromMs: 0, toMs: 0 }])).toEqual([]);
    });

    it('takes thousands of ids, of any text', async () => {
      const store = await open(freshScope());
      const ids = Array.from({ length: 2_000 }, (_, index) => `["é𝄞 '\\"${index}"]`);
      await store.write(
        2,
        ids.map((id, offset) => ({ id, timeMs: 0, offset })),
      );
      const found = await store.read(
        2,
        ids.map((id) => ({ id, fromMs: 0, toMs: 0 })),
      );
      expect(found.map(({ id }) => id).sort()).toEqual([...ids].sort());
    });
  });
}
