import { type AnyAlgebra, keyOfRow, rowId, type Slots, type Value, type WindowPlan, windowEndMs } from '@bifold/core';
import type { PlannedBatch } from './checkpoint/checkpoint.ts';
import type { Stream } from './definition/stream.ts';
import type { Operator } from './operators.ts';
import type { Transform } from './transform.ts';

/** One row of the result table. */
interface ResultRow {
  readonly id: string;
  readonly window: WindowPlan;
  readonly startMs: number;
  readonly endMs: number;
  readonly key: readonly Value[];
  readonly states: unknown[];
}

/**
 * The result table of an aggregation, folded by core as a pipeline's views are, and given out as Spark defines its output modes: a window is over for good
 * when the watermark has reached its end. It is then given (append) and forgotten (append, update); a row that comes for a window that was over before this batch is late.
 * A result that is given whole keeps all windows, and nothing is late for it.
 */
export function aggregationOf(stream: Stream, { fold }: Transform): Operator {
  const { outputMode, output, pipeline } = stream;
  const { plan } = pipeline;
  const { view } = fold.rows;
  const windows = new Map(plan.windows.map((window) => [window.name, window]));
  const results = new Map<string, ResultRow>();
  let touched = new Set<ResultRow>();
  const forgets = outputMode !== 'complete';

  const rowOf = (id: string, window: WindowPlan, startMs: number, states: unknown[]): ResultRow => ({
    ...{ id, window, startMs, states },
    endMs: windowEndMs(window, startMs),
    key: JSON.parse(keyOfRow(id)),
  });
  const isOver = ({ endMs }: ResultRow, watermarkMs: number | null): boolean =>
    watermarkMs !== null && endMs <= watermarkMs;

  return {
    load(entries) {
      for (const [id, cell] of entries) {
        const [name = '', startMs] = id.split('|', 2);
        const states = [...view.decode(Buffer.from(cell, 'base64'))];
        results.set(id, rowOf(id, windows.get(name) as WindowPlan, Number(startMs), states));
      }
    },

    add(slots: Slots, timeMs: number, { lateBelowMs }: PlannedBatch) {
      const key = fold.keyOf(slots);
      let isTaken = false;
      for (const { name, startsOf } of fold.windowStarts) {
        const window = windows.get(name) as WindowPlan;
        for (const startMs of startsOf(timeMs)) {
          if (forgets && lateBelowMs !== null && windowEndMs(window, startMs) <= lateBelowMs) continue;
          const id = rowId(name, startMs, key);
          let row = results.get(id);
          if (row === undefined) {
            row = rowOf(
              id,
              window,
              startMs,
              view.algebras.map((algebra: AnyAlgebra) => algebra.empty),
            );
            results.set(id, row);
          }
          fold.addTo(row.states, slots);
          touched.add(row);
          isTaken = true;
        }
      }
      return isTaken;
    },

    finish({ watermarkMs }: PlannedBatch) {
      const over = forgets ? [...results.values()].filter((row) => isOver(row, watermarkMs)) : [];
      const given = outputMode === 'append' ? over : outputMode === 'update' ? [...touched] : [...results.values()];
      const rows = given.toSorted(inOrder).map(valuesOf);
      const changes = new Map<string, string | null>();
      for (const row of touched) changes.set(row.id, view.encode(row.states).toString('base64'));
      for (const row of over) {
        results.delete(row.id);
        changes.set(row.id, null);
      }
      touched = new Set();
      return { rows, changes };
    },
  };

  function valuesOf({ window, startMs, endMs, key, states }: ResultRow): readonly Value[] {
    const values = new Map<string, Value>([
      ['window', window.name],
      ['start', startMs],
      ['end', endMs],
      ...plan.groupBy.map((name, index) => [name, key[index] as Value] as const),
      ...Object.entries(view.present(states)),
    ]);
    return output.map(({ name }) => values.get(name) ?? null);
  }
}

/** By time, then by key: the same rows in the same order, whatever was restored from a checkpoint in between. */
function inOrder(left: ResultRow, right: ResultRow): number {
  return left.startMs - right.startMs || left.endMs - right.endMs || (left.id < right.id ? -1 : 1);
}
