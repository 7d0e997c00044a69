import {
  type AggregationPlan,
  type Column,
  keyOfRow,
  type MergedRow,
  resultCell,
  resultTypeOf,
  rowAggregationOf,
  type Slots,
  type Value,
} from '@bifold/core/engine';
import type { PlannedBatch } from '../checkpoint/checkpoint.ts';
import type { OutputMode } from '../definition/output-mode.ts';
import type { Stream } from '../definition/stream.ts';
import { CLOSED_SESSION } from './closed-sessions.ts';
import type { Operator, OperatorOutput } from './operators.ts';
import { isClosed, WindowPanes } from './window-panes.ts';

/**
 * The result table of an aggregation. Core folds and assembles it as it does a pipeline's views,
 * and its rows are emitted as Spark defines its output modes. A window closes when the watermark
 * has reached its end. It is then emitted (append) and evicted (append, update), and a row of a
 * later batch that belongs to it is late. In complete mode all windows stay, and no row is late.
 */
export class Aggregation implements Operator {
  private readonly plan: AggregationPlan;
  private readonly outputMode: OutputMode;
  private readonly output: readonly Column[];
  private readonly evictsState: boolean;
  private readonly fold: ReturnType<typeof rowAggregationOf>;
  private readonly windows: readonly WindowPanes[];
  /** The rows of a batch come in one order, however often it runs: it is their position. */
  private batch = 0;
  private row = 0;

  constructor({ outputMode, output, rows }: Pick<Stream, 'outputMode' | 'output' | 'rows'>, plan: AggregationPlan) {
    const fold = rowAggregationOf({ ...rows, ...plan });
    this.plan = plan;
    this.outputMode = outputMode;
    this.output = output;
    this.evictsState = outputMode !== 'complete';
    this.fold = fold;
    this.windows = plan.windows.map((window) => new WindowPanes(window, fold));
  }

  load(id: string, cell: string): void {
    const rowId = id.startsWith(CLOSED_SESSION) ? id.slice(CLOSED_SESSION.length) : id;
    const [name = '', startMs = ''] = rowId.split('|', 2);
    const window = this.windows.find(({ plan }) => plan.name === name) as WindowPanes;
    if (rowId === id) window.load(keyOfRow(rowId), Number(startMs), cell);
    else window.closedSessions.add(keyOfRow(rowId), { startMs: Number(startMs), endMs: Number(cell) });
  }

  add(slots: Slots, timeMs: number, { batch, lateBelowMs }: PlannedBatch): boolean {
    this.row = this.batch === batch ? this.row + 1 : 0;
    this.batch = batch;
    const key = this.fold.keyOf(slots);
    let isLate = false;
    let isAdded = false;
    for (const window of this.windows) {
      const startMs = window.paneOf(timeMs);
      if (startMs === null) continue;
      if (this.evictsState && lateBelowMs !== null && window.isLate(key, timeMs, lateBelowMs)) {
        isLate = true;
        continue;
      }
      window.add(key, startMs, slots, { timeMs, partition: batch, offset: this.row });
      isAdded = true;
    }
    return isAdded || !isLate;
  }

  async finish(planned: PlannedBatch): Promise<OperatorOutput> {
    const rows: MergedRow[] = [];
    const changes = new Map<string, string | null>();
    const { watermarkMs, lateBelowMs } = planned;
    for (const window of this.windows) {
      const emitted = await this.emitted(window, planned);
      rows.push(...emitted);
      window.takeChanges(changes);
      if (this.evictsState && watermarkMs !== null && watermarkMs !== lateBelowMs)
        window.evict(watermarkMs, emitted, changes);
    }
    return { rows: rows.sort(byTimeAndKey).map((row) => this.valuesOf(row)), changes };
  }

  /** The rows of one kind of window that the batch emits. */
  private async emitted(
    window: WindowPanes,
    { watermarkMs, lateBelowMs }: PlannedBatch,
  ): Promise<readonly MergedRow[]> {
    switch (this.outputMode) {
      case 'complete':
        return window.all();
      case 'update':
        return (await window.changedWindows()).filter((row) => !isClosed(row, lateBelowMs));
      case 'append':
        if (watermarkMs === null || watermarkMs === lateBelowMs) return [];
        // Windows that closed earlier are already emitted; their panes may be kept for windows that
        // are still open.
        return (await window.all()).filter((row) => isClosed(row, watermarkMs) && !isClosed(row, lateBelowMs));
    }
  }

  private valuesOf({ window, startMs, endMs, key, states }: MergedRow): readonly Value[] {
    const keyValues = JSON.parse(key) as readonly Value[];
    const results = this.fold.rows.view.present(states);
    const values = new Map<string, Value>([['window', window]]);
    // A running total has no time.
    if (endMs !== null) values.set('start', startMs).set('end', endMs);
    for (const [index, name] of this.plan.groupBy.entries()) values.set(name, keyValues[index] as Value);
    for (const aggregate of this.plan.aggregates)
      values.set(aggregate.name, resultCell(resultTypeOf(aggregate), results[aggregate.name] ?? null));
    return this.output.map(({ name }) => values.get(name) ?? null);
  }
}

/**
 * By time, then by key: the same rows in the same order, whatever was restored from a checkpoint in
 * between.
 */
function byTimeAndKey(left: MergedRow, right: MergedRow): number {
  return (
    left.startMs - right.startMs ||
    (left.endMs ?? 0) - (right.endMs ?? 0) ||
    compareTexts(left.window, right.window) ||
    compareTexts(left.key, right.key)
  );
}

function compareTexts(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
