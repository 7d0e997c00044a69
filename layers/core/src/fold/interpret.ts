import type { AnyAlgebra } from '../aggregates/descriptor.ts';
import type { EventPosition } from '../aggregates/positioned-value.ts';
import type { Pipeline } from '../definition/pipeline.ts';
import type { Slots } from '../expression/evaluate.ts';
import type { WindowPlan } from '../plan/window.ts';
import type { LogRecord, RowPosition } from '../ports/ports.ts';
import { type Coverage, covers } from '../query/coverage.ts';
import { InMemoryStatefulStage } from '../stateful/stateful-stage.ts';
import { sessionsOfEvents, windowEndMs, windowStartsOf } from '../windows/windows.ts';
import { type Fold, foldOf, type ResolveLookup, rowId } from './fold.ts';
import type { RowAlgebra, States } from './row.ts';

/** A row of the plain fold. */
export interface FoldedRow extends RowPosition {
  readonly endMs: number | null;
  readonly states: States;
}

/**
 * The plain fold of a log: rows by `rowId`, records that were events or poison, and poison by
 * reason.
 */
export interface FoldedLog {
  readonly rows: ReadonlyMap<string, FoldedRow>;
  readonly records: number;
  readonly quarantined: Readonly<Record<string, number>>;
}

/** What a total is over: the windows of one kind that begin in `[fromMs, toMs)`. */
export interface TotalOf {
  readonly window: string;
  readonly fromMs: number | null;
  readonly toMs: number | null;
}

/** What is asked of one fold. */
export interface Folding {
  /** Records at other offsets take no part. */
  readonly coverage: Coverage;
  /** Folds these rows alone (by `rowId`); all rows when null. */
  readonly only: Pick<ReadonlySet<string>, 'has'> | null;
  /** Gives one row per key, by its key: each event once that any of these windows holds. */
  readonly total: TotalOf | null;
}

/**
 * The memory interpreter: one plain fold over the log, restricted to some offsets. No segments, no
 * fragments, no panes, no batch: the meaning of a pipeline, and what every other interpreter must
 * agree with.
 *
 * @param log of a view that looks back, all that stands before what is covered too, in the order of
 * each partition (`readFor`)
 * @param lookups the lookup rows that a record's segment is bound to
 */
export async function interpret(
  pipeline: Pipeline,
  log: AsyncIterable<LogRecord> | Iterable<LogRecord>,
  coverage: Coverage,
  lookups: (partition: number, offset: number) => ResolveLookup,
  only: Folding['only'] = null,
  total: TotalOf | null = null,
): Promise<FoldedLog> {
  const [folded] = await interpretEach(pipeline, log, [{ coverage, only, total }], lookups);
  return folded as FoldedLog;
}

/** Several plain folds in one pass over the log: each is what it would be by itself. */
export async function interpretEach(
  pipeline: Pipeline,
  log: AsyncIterable<LogRecord> | Iterable<LogRecord>,
  foldings: readonly Folding[],
  lookups: (partition: number, offset: number) => ResolveLookup,
): Promise<readonly FoldedLog[]> {
  const fold = foldOf(pipeline);
  const plain = foldings.map((folding) => new PlainFold(pipeline, fold, folding));
  const earlier = fold.statefulStage && new InMemoryStatefulStage(fold.statefulStage);
  for await (const record of log) {
    const concerned = plain.filter(({ folding }) => covers(folding.coverage[record.partition] ?? [], record.offset));
    if (concerned.length === 0 && earlier === null) continue;
    const decoded = fold.decode(record.value, record.headers);
    const admitted = earlier?.admit(record, decoded) ?? decoded;
    if (concerned.length === 0) continue;
    if (admitted.kind === 'poison') {
      for (const each of concerned) each.addPoison(admitted.reason);
      continue;
    }
    const { partition, offset } = record;
    const resolve = lookups(partition, offset);
    const events = (admitted.kind === 'event' ? [admitted] : admitted.events).flatMap(({ values, timeMs }) =>
      fold.enrich(values, resolve).map((slots) => ({
        ...{ key: fold.keyOf(slots), timeMs },
        lifted: liftedBy(fold, slots, { timeMs, partition, offset }),
      })),
    );
    for (const each of concerned) each.addRecord(events);
  }
  return plain.map((each) => each.result());
}

function liftedBy(fold: Fold, slots: Slots, at: EventPosition): States {
  const lifted: unknown[] = fold.rows.view.algebras.map((algebra: AnyAlgebra) => algebra.empty);
  fold.addTo(lifted, slots, at);
  return lifted;
}

interface PlainEvent {
  readonly key: string;
  readonly timeMs: number;
  readonly lifted: States;
}

/** One fold while it goes on. */
class PlainFold {
  readonly folding: Folding;
  private readonly view: RowAlgebra;
  private readonly windows: readonly {
    readonly window: WindowPlan;
    readonly startsOf: (timeMs: number) => readonly number[];
  }[];
  private readonly rows = new Map<string, FoldingRow>();
  private readonly sessions = new Map<string, Map<string, PlainEvent[]>>();
  private readonly quarantined: Record<string, number> = {};
  private records = 0;

  constructor({ plan }: Pipeline, { rows }: Fold, folding: Folding) {
    this.folding = folding;
    this.view = rows.view;
    this.windows = plan.windows
      .filter(({ name }) => folding.total === null || folding.total.window === name)
      .map((window) => ({ window, startsOf: windowStartsOf(window) }));
  }

  addPoison(reason: string): void {
    this.records++;
    this.quarantined[reason] = (this.quarantined[reason] ?? 0) + 1;
  }

  /** A record without events takes no part. */
  addRecord(events: readonly PlainEvent[]): void {
    this.records++;
    for (const event of events) this.addEvent(event);
  }

  private addEvent(event: PlainEvent): void {
    const { key, timeMs, lifted } = event;
    for (const { window, startsOf } of this.windows) {
      if (window.kind === 'session') {
        const keys = this.sessions.get(window.name) ?? new Map<string, PlainEvent[]>();
        this.sessions.set(window.name, keys);
        const own = keys.get(key);
        if (own) own.push(event);
        else keys.set(key, [event]);
      } else if (this.folding.total === null) {
        for (const startMs of startsOf(timeMs))
          this.addTo({ key, window: window.name, startMs, endMs: windowEndMs(window, startMs) }, lifted);
      } else if (window.kind === 'running' || startsOf(timeMs).some((startMs) => this.isAsked(startMs))) {
        this.addTo({ key, window: window.name, startMs: 0, endMs: null }, lifted);
      }
    }
  }

  result(): FoldedLog {
    for (const { window } of this.windows) {
      if (window.kind !== 'session') continue;
      for (const [key, own] of this.sessions.get(window.name) ?? []) {
        for (const { startMs, endMs, events } of sessionsOfEvents(own, window.gapMs)) {
          if (!this.isAsked(startMs)) continue;
          const bounds = this.folding.total === null ? { startMs, endMs } : { startMs: 0, endMs: null };
          for (const { lifted } of events) this.addTo({ key, window: window.name, ...bounds }, lifted);
        }
      }
    }
    const { rows, records, quarantined } = this;
    return { rows, records, quarantined };
  }

  private isAsked(startMs: number): boolean {
    const { fromMs = null, toMs = null } = this.folding.total ?? {};
    return (fromMs === null || startMs >= fromMs) && (toMs === null || startMs < toMs);
  }

  private addTo(row: Omit<FoldingRow, 'states'>, lifted: States): void {
    const { only, total } = this.folding;
    const id = total === null ? rowId(row.window, row.startMs, row.key) : row.key;
    if (total === null && only !== null && !only.has(id)) return;
    const known = this.rows.get(id);
    if (known) known.states = this.view.merge(known.states, lifted);
    else this.rows.set(id, { ...row, states: lifted });
  }
}

interface FoldingRow extends RowPosition {
  readonly endMs: number | null;
  states: States;
}
