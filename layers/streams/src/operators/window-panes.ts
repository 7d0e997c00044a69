import {
  type MergedRow,
  mergeWindows,
  type RowParts,
  type rowAggregationOf,
  rowId,
  type Slots,
  type WindowPlan,
  windowEndMs,
  windowStartsOf,
} from '@bifold/core/engine';
import { ClosedSessions } from './closed-sessions.ts';

type Fold = ReturnType<typeof rowAggregationOf>;
type Position = Parameters<Fold['addTo']>[2];

/** The state of one pane of a window. */
interface Pane {
  readonly startMs: number;
  readonly states: unknown[];
}

type PanePosition = readonly [key: string, startMs: number];

const ALL = { fromMs: null, toMs: null, total: false } as const;

/**
 * One kind of window of an aggregation: the panes of each key, and which of them the batch under
 * way changed.
 */
export class WindowPanes {
  readonly plan: WindowPlan;
  private readonly fold: Fold;
  private readonly panes: Fold['panes'][number];
  private readonly rows: ReturnType<Fold['rows']['of']>;
  private readonly lastEndOf: (timeMs: number) => number | null;
  private readonly keys = new Map<string, Map<number, Pane>>();
  private changed = new Map<string, Set<number>>();
  /** The sessions that were emitted and evicted; empty for other windows. */
  readonly closedSessions: ClosedSessions;

  constructor(plan: WindowPlan, fold: Fold) {
    this.plan = plan;
    this.fold = fold;
    this.panes = fold.panes.find(({ name }) => name === plan.name) as Fold['panes'][number];
    this.rows = fold.rows.of(plan.name);
    this.lastEndOf = lastEndOf(plan);
    this.closedSessions = new ClosedSessions(plan.name, plan.kind === 'session' ? plan.gapMs : 0);
  }

  /** Restores a pane as `takeChanges` returned it. */
  load(key: string, startMs: number, cell: string): void {
    this.insert(key, startMs, [...this.rows.decode(Buffer.from(cell, 'base64'))]);
  }

  /** The start of the pane of an event; null if no window of this kind holds it. */
  paneOf(timeMs: number): number | null {
    return this.panes.paneOf(timeMs);
  }

  /** Whether all windows that an event would be in are closed. */
  isLate(key: string, timeMs: number, watermarkMs: number): boolean {
    return this.isClosedFor(timeMs, watermarkMs) || this.closedSessions.hasNear(key, timeMs);
  }

  /** Whether the last window that holds an event of this time is closed. */
  private isClosedFor(timeMs: number, watermarkMs: number): boolean {
    const endMs = this.lastEndOf(timeMs);
    return endMs !== null && endMs <= watermarkMs;
  }

  add(key: string, startMs: number, slots: Slots, position: Position): void {
    const pane = this.keys.get(key)?.get(startMs) ?? this.insert(key, startMs, [...this.rows.empty]);
    this.fold.addTo(pane.states, slots, position);
    if (this.panes.tracksEventTimeBounds) this.fold.addTime(pane.states, position.timeMs);
    const starts = this.changed.get(key);
    if (starts) starts.add(startMs);
    else this.changed.set(key, new Set([startMs]));
  }

  /** All windows, assembled from their panes. */
  all(): Promise<MergedRow[]> {
    return this.assembled(this.keys.keys());
  }

  /** The windows that hold a pane which the batch changed. */
  async changedWindows(): Promise<readonly MergedRow[]> {
    const rows = await this.assembled(this.changed.keys());
    return rows.filter((row) => holdsAny(row, this.changed.get(row.key)));
  }

  /** Writes the panes that the batch changed to `changes`, and starts the next batch. */
  takeChanges(changes: Map<string, string | null>): void {
    for (const [key, starts] of this.changed)
      for (const startMs of starts) {
        const pane = this.keys.get(key)?.get(startMs) as Pane;
        changes.set(rowId(this.plan.name, startMs, key), this.cellOf(pane).toString('base64'));
      }
    this.changed = new Map();
  }

  /**
   * Removes the panes of which all windows are closed. `emitted` are the windows that the batch
   * emitted. Sessions are only appended, so they are the sessions that its watermark closes.
   */
  evict(watermarkMs: number, emitted: readonly MergedRow[], changes: Map<string, string | null>): void {
    const { plan } = this;
    const sessions = plan.kind === 'session' ? emitted : [];
    const expired = plan.kind === 'session' ? this.panesOf(sessions, plan.gapMs) : this.expired(watermarkMs);
    this.closedSessions.advance(watermarkMs, sessions, changes);
    for (const [key, startMs] of expired) {
      const panes = this.keys.get(key);
      panes?.delete(startMs);
      if (panes?.size === 0) this.keys.delete(key);
      changes.set(rowId(this.plan.name, startMs, key), null);
    }
  }

  private insert(key: string, startMs: number, states: unknown[]): Pane {
    let panes = this.keys.get(key);
    if (panes === undefined) {
      panes = new Map();
      this.keys.set(key, panes);
    }
    const pane = { startMs, states };
    panes.set(startMs, pane);
    return pane;
  }

  private cellOf({ states }: Pane): Buffer {
    return this.rows.encode(states);
  }

  private async assembled(keys: Iterable<string>): Promise<MergedRow[]> {
    const rows: MergedRow[] = [];
    for await (const row of mergeWindows(this.fold.rows, this.plan, ALL, this.partsOf(keys), null)) rows.push(row);
    return rows;
  }

  private async *partsOf(keys: Iterable<string>): AsyncGenerator<RowParts> {
    for (const key of keys) {
      const panes = [...(this.keys.get(key)?.values() ?? [])];
      for (const pane of panes.sort((left, right) => left.startMs - right.startMs)) {
        const position = { key, window: this.plan.name, startMs: pane.startMs };
        yield { ...position, batch: { ...position, cell: this.cellOf(pane) }, fragments: [] };
      }
    }
  }

  private expired(watermarkMs: number): readonly PanePosition[] {
    return [...this.keys].flatMap(([key, panes]) =>
      [...panes.keys()]
        .filter((startMs) => this.isClosedFor(startMs, watermarkMs))
        .map((startMs) => [key, startMs] as const),
    );
  }

  private panesOf(sessions: readonly MergedRow[], gapMs: number): readonly PanePosition[] {
    return sessions.flatMap(({ key, startMs, endMs }) => {
      // The events of a pane belong to one session, so the pane expires with it.
      const first = this.paneOf(startMs) as number;
      const starts = [...(this.keys.get(key) as Map<number, Pane>).keys()];
      return starts
        .filter((start) => start >= first && start < (endMs as number) - gapMs + 1)
        .map((start) => [key, start] as const);
    });
  }
}

export function isClosed({ endMs }: MergedRow, watermarkMs: number | null): boolean {
  return endMs !== null && watermarkMs !== null && endMs <= watermarkMs;
}

/** Whether a window holds one of these panes; a running total holds all of them. */
function holdsAny({ startMs, endMs }: MergedRow, panes: ReadonlySet<number> | undefined): boolean {
  if (endMs === null) return true;
  for (const pane of panes ?? []) if (pane >= startMs && pane < endMs) return true;
  return false;
}

/**
 * The end of the last window that an event of a time falls into; null where no window ever ends.
 * Epoch milliseconds.
 */
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
