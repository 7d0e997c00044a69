import type { EventPosition } from '../aggregates/positioned-value.ts';
import type { Slots } from '../expression/evaluate.ts';
import type { Plan } from '../plan/plan.ts';
import type { WindowPlan } from '../plan/window.ts';
import type { RowPosition } from '../ports/scope.ts';
import { mergeStates } from '../query/answer.ts';
import { type Coverage, covers, unionOf } from '../query/coverage.ts';
import { contiguousEnd } from '../query/finality.ts';
import { POISON_REASONS, type PoisonReason } from '../records/record.ts';
import { sessionsOfEvents, windowEndMs, windowStartsOf } from '../windows/windows.ts';
import { type Fold, rowId } from './fold.ts';
import type { RowAlgebra, States } from './row.ts';

/** The windows of one kind that begin in `[fromMs, toMs)`; a bound that is null is open. */
export interface WindowRange {
  readonly window: string;
  readonly fromMs: number | null;
  readonly toMs: number | null;
}

/** The options of one plain fold. */
export interface Folding {
  /** Records at other offsets do not count. */
  readonly coverage: Coverage;
  /** Null: all windows of every kind. */
  readonly range: WindowRange | null;
  /**
   * One row per key instead of one per window. An event in several windows of the range counts
   * once.
   */
  readonly isTotal: boolean;
  /** Folds these rows alone, by `rowId`; null: all rows. A total has no such rows. */
  readonly only: Pick<ReadonlySet<string>, 'has'> | null;
  /** The coverage of a saved answer, for replay. Null: every row covers `coverage`. */
  readonly asOf: AsOf | null;
}

/** The parts of a saved answer that its replay needs beyond the covered offsets. */
export interface AsOf {
  /** The requested keys; null: all. */
  readonly keys: ReadonlySet<string> | null;
  /**
   * By partition, the cut of the answer as an offset. It separates the shares of the two layers.
   */
  readonly batchBelow: Readonly<Record<string, number>>;
  /** Rows that cover other offsets than the receipt. They are in the result even when empty. */
  readonly rows: readonly (RowPosition & { readonly coverage: Coverage })[];
  /** The offsets whose quarantined records were counted. */
  readonly quarantineCoverage: Coverage;
}

/** A row of the plain fold, with the shares of the two layers if they were requested. */
export interface FoldedRow extends RowPosition {
  readonly endMs: number | null;
  readonly states: States;
  readonly batch: States | null;
  readonly speed: States | null;
}

/** The plain fold of a log: rows by `rowId`, or by key where they are totals. */
export interface FoldedLog {
  readonly rows: ReadonlyMap<string, FoldedRow>;
  /** Records that were events or poison. */
  readonly records: number;
  /** The number of poison records by reason. */
  readonly quarantined: Readonly<Record<string, number>>;
  /** The watermark of each partition after the covered prefix, if the view drops late events. */
  readonly watermarks: ReadonlyMap<number, number>;
}

/** An event of a record, with its contribution to every aggregate. */
export interface PlainEvent extends EventPosition {
  readonly key: string;
  readonly lifted: States;
}

/** The contribution of one event: for each aggregate, the state of this event alone. */
export function liftedBy(fold: Fold, slots: Slots, at: EventPosition): States {
  const lifted: unknown[] = [...fold.rows.view.empty];
  fold.addTo(lifted, slots, at);
  return lifted;
}

interface FoldingRow extends RowPosition {
  endMs: number | null;
  batch: States | null;
  speed: States | null;
}

/** One plain fold in progress, without segments, fragments or panes. */
export class PlainFold {
  private readonly folding: Folding;
  /** Every offset that some row covers. */
  private readonly everything: Coverage;
  private readonly view: RowAlgebra;
  private readonly windows: readonly {
    readonly window: WindowPlan;
    readonly startsOf: (timeMs: number) => readonly number[];
  }[];
  private readonly rows = new Map<string, FoldingRow>();
  /** The coverage of rows that cover other offsets, by id; of sessions, by key. */
  private readonly coverageOfRow = new Map<string, Coverage>();
  private readonly coverageOfKey = new Map<string, Coverage>();
  private readonly sessions = new Map<string, Map<string, PlainEvent[]>>();
  private readonly quarantined = new Map<PoisonReason, number>();
  private readonly watermarks = new Map<number, number>();
  private records = 0;

  constructor(plan: Pick<Plan, 'windows'>, { rows }: Fold, folding: Folding) {
    this.folding = folding;
    const deviating = folding.asOf?.rows ?? [];
    this.everything = unionOf([folding.coverage, ...deviating.map(({ coverage }) => coverage)]);
    this.view = rows.view;
    this.windows = plan.windows
      .filter(({ name }) => folding.range === null || folding.range.window === name)
      .map((window) => ({ window, startsOf: windowStartsOf(window) }));
    for (const { coverage, ...position } of deviating) {
      const window = this.windows.find(({ window }) => window.name === position.window)?.window;
      const id = this.idOf(position);
      this.coverageOfRow.set(id, coverage);
      // One read returns all sessions of a key, so they share one coverage.
      this.coverageOfKey.set(position.key, coverage);
      const endMs = folding.isTotal || window === undefined ? null : windowEndMs(window, position.startMs);
      this.rows.set(id, { ...position, endMs, batch: null, speed: null });
    }
  }

  /** Whether some row covers this offset. */
  isConcerned(partition: number, offset: number): boolean {
    return covers(this.everything[partition] ?? [], offset);
  }

  addPoison(reason: PoisonReason, partition: number, offset: number): void {
    this.records++;
    const { coverage, asOf } = this.folding;
    if (!covers((asOf?.quarantineCoverage ?? coverage)[partition] ?? [], offset)) return;
    this.quarantined.set(reason, (this.quarantined.get(reason) ?? 0) + 1);
  }

  /** Counts a record, also one that has no events. */
  addRecord(events: readonly PlainEvent[]): void {
    this.records++;
    for (const event of events) this.addEvent(event);
  }

  /** Records the watermark of a partition after an offset. */
  setWatermark(partition: number, offset: number, watermarkMs: number): void {
    if (offset < contiguousEnd(this.folding.coverage[partition] ?? [])) this.watermarks.set(partition, watermarkMs);
  }

  result(): FoldedLog {
    for (const { window } of this.windows) {
      if (window.kind !== 'session') continue;
      for (const [key, keyEvents] of this.sessions.get(window.name) ?? []) {
        for (const { startMs, endMs, events } of sessionsOfEvents(keyEvents, window.gapMs)) {
          if (!this.isAsked(window, startMs)) continue;
          const position = this.positionOf(window, key, startMs);
          const id = this.idOf(position);
          for (const event of events) this.addTo(id, position, this.folding.isTotal ? null : endMs, event);
        }
      }
    }
    return {
      rows: new Map(Array.from(this.rows, ([id, row]) => [id, this.folded(row)])),
      records: this.records,
      quarantined: Object.fromEntries(
        POISON_REASONS.flatMap((reason) => {
          const records = this.quarantined.get(reason);
          return records === undefined ? [] : [[reason, records] as const];
        }),
      ),
      watermarks: this.watermarks,
    };
  }

  private addEvent(event: PlainEvent): void {
    const { key, timeMs } = event;
    const { asOf, isTotal } = this.folding;
    if (asOf !== null && asOf.keys !== null && !asOf.keys.has(key)) return;
    for (const { window, startsOf } of this.windows) {
      if (window.kind === 'session') {
        if (this.covers(this.coverageOfKey.get(key), event)) this.keepForSession(window.name, event);
        continue;
      }
      const asked = startsOf(timeMs).filter((startMs) => this.isAsked(window, startMs));
      // A total counts an event once, even if several windows contain it.
      for (const startMs of isTotal ? asked.slice(0, 1) : asked) {
        const position = this.positionOf(window, key, startMs);
        const id = this.idOf(position);
        if (this.covers(this.coverageOfRow.get(id), event))
          this.addTo(id, position, isTotal ? null : windowEndMs(window, startMs), event);
      }
    }
  }

  private keepForSession(window: string, event: PlainEvent): void {
    const keys = this.sessions.get(window) ?? new Map<string, PlainEvent[]>();
    this.sessions.set(window, keys);
    const keyEvents = keys.get(event.key);
    if (keyEvents) keyEvents.push(event);
    else keys.set(event.key, [event]);
  }

  /** Uses the coverage of the row if it has its own, otherwise that of the whole fold. */
  private covers(rowCoverage: Coverage | undefined, { partition, offset }: EventPosition): boolean {
    return covers((rowCoverage ?? this.folding.coverage)[partition] ?? [], offset);
  }

  private isAsked({ kind }: WindowPlan, startMs: number): boolean {
    const { fromMs = null, toMs = null } = this.folding.range ?? {};
    return kind === 'running' || ((fromMs === null || startMs >= fromMs) && (toMs === null || startMs < toMs));
  }

  private positionOf({ name }: WindowPlan, key: string, startMs: number): RowPosition {
    return { key, window: name, startMs: this.folding.isTotal ? (this.folding.range?.fromMs ?? 0) : startMs };
  }

  private idOf({ key, window, startMs }: RowPosition): string {
    return this.folding.isTotal ? key : rowId(window, startMs, key);
  }

  private addTo(
    id: string,
    position: RowPosition,
    endMs: number | null,
    { partition, offset, lifted }: PlainEvent,
  ): void {
    const { only, asOf, isTotal } = this.folding;
    if (only !== null && !isTotal && !only.has(id)) return;
    let row = this.rows.get(id);
    if (row === undefined) {
      row = { ...position, endMs, batch: null, speed: null };
      this.rows.set(id, row);
    }
    // The end of a session is known only now.
    row.endMs = endMs;
    const share = offset < (asOf?.batchBelow[partition] ?? 0) ? 'batch' : 'speed';
    const known = row[share];
    row[share] = known === null ? lifted : this.view.merge(known, lifted);
  }

  private folded(row: FoldingRow): FoldedRow {
    return { ...row, states: mergeStates(this.view, row.batch, row.speed) };
  }
}
