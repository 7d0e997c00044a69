import {
  type AggregationPlan,
  keyOfRow,
  type MergedRow,
  mergeWindows,
  type RowParts,
  resultCell,
  resultTypeOf,
  rowAggregationOf,
  rowId,
  type Slots,
  type Value,
  type WindowPlan,
  windowEndMs,
  windowStartsOf,
} from '@bifold/core/engine';
import type { PlannedBatch } from './checkpoint/checkpoint.ts';
import type { Stream } from './definition/stream.ts';
import type { Operator } from './operators.ts';

/** The kept state of one pane of a window. */
interface Pane {
  readonly startMs: number;
  readonly states: unknown[];
}

/**
 * One window definition of the aggregation: its panes by key, and the panes that this batch
 * changed.
 */
interface WindowState {
  readonly plan: WindowPlan;
  readonly paneOf: (timeMs: number) => number | null;
  readonly tracksEventTimeBounds: boolean;
  /**
   * The end of the last window that contains this event time. Null if no window ends. Epoch
   * milliseconds.
   */
  readonly lastEndOf: (timeMs: number) => number | null;
  readonly keys: Map<string, Map<number, Pane>>;
  touched: Map<string, Set<number>>;
}

const ALL = { fromMs: null, toMs: null, total: false } as const;

/**
 * The result table of an aggregation. Core folds it, as it folds the views of a pipeline, and
 * Spark's output modes define which rows are emitted.
 *
 * A window is closed when the watermark has reached its end. Then it is emitted (append) and its
 * state is dropped (append, update). A row for it in a later batch is late. `complete` keeps all
 * windows, and no row is late.
 */
export function aggregationOf({ outputMode, output, rows }: Stream, aggregation: AggregationPlan): Operator {
  const fold = rowAggregationOf({ ...rows, ...aggregation });
  const evictsState = outputMode !== 'complete';
  const windows = aggregation.windows.map((plan): WindowState => {
    const panes = fold.panes.find(({ name }) => name === plan.name) as (typeof fold.panes)[number];
    return { plan, ...panes, lastEndOf: lastEndOf(plan), keys: new Map(), touched: new Map() };
  });

  /** The order of the rows of a batch is always the same, so this counter is a stable position. */
  const place = { batch: 0, row: 0 };

  const paneIn = (window: WindowState, key: string, startMs: number, states: () => unknown[]): Pane => {
    let panes = window.keys.get(key);
    if (panes === undefined) {
      panes = new Map();
      window.keys.set(key, panes);
    }
    let pane = panes.get(startMs);
    if (pane === undefined) {
      pane = { startMs, states: states() };
      panes.set(startMs, pane);
    }
    return pane;
  };

  const emptyOf = (window: WindowState) => () => [...fold.rows.of(window.plan.name).empty];
  const cellOf = (window: WindowState, pane: Pane) => fold.rows.of(window.plan.name).encode(pane.states);

  /** Assembles the windows of some keys from their panes. */
  const windowsOf = async (window: WindowState, keys: Iterable<string>): Promise<MergedRow[]> => {
    const rows: MergedRow[] = [];
    const panes = partsOf(window, keys);
    for await (const row of mergeWindows(fold.rows, window.plan, ALL, panes, null)) rows.push(row);
    return rows;
  };

  async function* partsOf(window: WindowState, keys: Iterable<string>): AsyncGenerator<RowParts> {
    for (const key of keys) {
      const place = { key, window: window.plan.name };
      const panes = [...(window.keys.get(key)?.values() ?? [])];
      for (const pane of panes.sort((left, right) => left.startMs - right.startMs)) {
        const position = { ...place, startMs: pane.startMs };
        yield { ...position, batch: { ...position, cell: cellOf(window, pane) }, fragments: [] };
      }
    }
  }

  /** The rows of one window definition that this batch emits. */
  const given = async (window: WindowState, { watermarkMs, lateBelowMs }: PlannedBatch): Promise<MergedRow[]> => {
    switch (outputMode) {
      case 'complete':
        return windowsOf(window, window.keys.keys());
      case 'update': {
        const rows = await windowsOf(window, window.touched.keys());
        return rows.filter((row) => !isClosed(row, lateBelowMs) && holdsOne(row, window.touched.get(row.key)));
      }
      case 'append': {
        if (watermarkMs === null || watermarkMs === lateBelowMs) return [];
        const rows = await windowsOf(window, window.keys.keys());
        // Windows that closed earlier are already emitted; their panes may be kept for windows that
        // are still open.
        return rows.filter((row) => isClosed(row, watermarkMs) && !isClosed(row, lateBelowMs));
      }
    }
  };

  return {
    load(id, cell) {
      const [name = '', startMs = ''] = id.split('|', 2);
      const window = windows.find(({ plan }) => plan.name === name) as WindowState;
      paneIn(window, keyOfRow(id), Number(startMs), () => [...fold.rows.of(name).decode(Buffer.from(cell, 'base64'))]);
    },

    add(slots: Slots, timeMs: number, { batch, lateBelowMs }: PlannedBatch) {
      place.row = place.batch === batch ? place.row + 1 : 0;
      place.batch = batch;
      const key = fold.keyOf(slots);
      let isLate = false;
      let isTaken = false;
      for (const window of windows) {
        const startMs = window.paneOf(timeMs);
        if (startMs === null) continue;
        const endMs = window.lastEndOf(timeMs);
        if (evictsState && lateBelowMs !== null && endMs !== null && endMs <= lateBelowMs) {
          isLate = true;
          continue;
        }
        const pane = paneIn(window, key, startMs, emptyOf(window));
        fold.addTo(pane.states, slots, { timeMs, partition: batch, offset: place.row });
        if (window.tracksEventTimeBounds) fold.addTime(pane.states, timeMs);
        const touched = window.touched.get(key);
        if (touched) touched.add(startMs);
        else window.touched.set(key, new Set([startMs]));
        isTaken = true;
      }
      return isTaken || !isLate;
    },

    async finish(planned: PlannedBatch) {
      const rows: MergedRow[] = [];
      const changes = new Map<string, string | null>();
      for (const window of windows) {
        rows.push(...(await given(window, planned)));
        const { name } = window.plan;
        for (const [key, starts] of window.touched) {
          for (const startMs of starts) {
            const pane = paneIn(window, key, startMs, emptyOf(window));
            changes.set(rowId(name, startMs, key), cellOf(window, pane).toString('base64'));
          }
        }
        window.touched = new Map();
        if (!evictsState || planned.watermarkMs === null || planned.watermarkMs === planned.lateBelowMs) continue;
        for (const [key, startMs] of await expiredPanes(window, planned.watermarkMs)) {
          const panes = window.keys.get(key);
          panes?.delete(startMs);
          if (panes?.size === 0) window.keys.delete(key);
          changes.set(rowId(name, startMs, key), null);
        }
      }
      return { rows: rows.sort(inOrder).map(valuesOf), changes };
    },
  };

  /** Panes that belong to closed windows only. */
  async function expiredPanes(
    window: WindowState,
    watermarkMs: number,
  ): Promise<readonly (readonly [key: string, startMs: number])[]> {
    const { plan, keys, lastEndOf: endOf } = window;
    if (plan.kind !== 'session')
      return [...keys].flatMap(([key, panes]) =>
        [...panes.keys()]
          .filter((startMs) => (endOf(startMs) ?? Number.POSITIVE_INFINITY) <= watermarkMs)
          .map((startMs) => [key, startMs] as const),
      );
    const sessions = (await windowsOf(window, keys.keys())).filter((row) => isClosed(row, watermarkMs));
    return sessions.flatMap(({ key, startMs, endMs }) => {
      // All events of a pane belong to one session, so the pane expires with that session.
      const first = window.paneOf(startMs) as number;
      const starts = [...(keys.get(key) as Map<number, Pane>).keys()];
      return starts
        .filter((start) => start >= first && start < (endMs as number) - plan.gapMs + 1)
        .map((start) => [key, start] as const);
    });
  }

  function valuesOf({ window, startMs, endMs, key, states }: MergedRow): readonly Value[] {
    const keyValues = JSON.parse(key) as readonly Value[];
    const shown = fold.rows.view.present(states);
    const values = new Map<string, Value>([
      ['window', window],
      // A running total has no time.
      ...(endMs === null ? [] : ([['start', startMs] as const, ['end', endMs] as const] as const)),
      ...aggregation.groupBy.map((name, index) => [name, keyValues[index] as Value] as const),
      ...aggregation.aggregates.map(
        (aggregate) => [aggregate.name, resultCell(resultTypeOf(aggregate), shown[aggregate.name] ?? null)] as const,
      ),
    ]);
    return output.map(({ name }) => values.get(name) ?? null);
  }
}

function isClosed({ endMs }: MergedRow, watermarkMs: number | null): boolean {
  return endMs !== null && watermarkMs !== null && endMs <= watermarkMs;
}

/** Whether a window contains one of these panes. A running total contains all of them. */
function holdsOne({ startMs, endMs }: MergedRow, panes: ReadonlySet<number> | undefined): boolean {
  if (endMs === null) return true;
  for (const pane of panes ?? []) if (pane >= startMs && pane < endMs) return true;
  return false;
}

function lastEndOf(window: WindowPlan): (timeMs: number) => number | null {
  switch (window.kind) {
    case 'tumbling':
    case 'sliding': {
      const startsOf = windowStartsOf(window);
      return (timeMs) => (startsOf(timeMs).at(-1) ?? timeMs) + window.sizeMs;
    }
    case 'calendar':
      return (timeMs) => windowEndMs(window, timeMs);
    case 'session':
      return (timeMs) => timeMs + window.gapMs;
    case 'running':
      return () => null;
  }
}

/** Orders by time, then by key, so that a restored run emits rows in the same order. */
function inOrder(left: MergedRow, right: MergedRow): number {
  return (
    left.startMs - right.startMs ||
    (left.endMs ?? 0) - (right.endMs ?? 0) ||
    order(left.window, right.window) ||
    order(left.key, right.key)
  );
}

function order(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
