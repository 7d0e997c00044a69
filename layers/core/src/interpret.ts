import type { AnyAlgebra } from './aggregates/index.ts';
import { type Coverage, covers } from './coverage.ts';
import type { Pipeline } from './definition/pipeline.ts';
import { foldOf, keyOfRow, type ResolveLookup, rowId } from './fold.ts';
import type { LogRecord, RowPosition } from './ports.ts';
import type { States } from './row.ts';
import { sessionsOfEvents, windowEndMs, windowStartsOf } from './windows.ts';

/** A row of the plain fold. */
export interface FoldedRow extends RowPosition {
  readonly endMs: number | null;
  readonly states: States;
}

/** The plain fold of a log: rows by `rowId`, records that were events or poison, and poison by reason. */
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

/**
 * The memory interpreter: one plain fold over the log, restricted to some offsets. No segments, no fragments, no panes, no batch: the meaning of a
 * pipeline, and what every other interpreter must agree with.
 *
 * @param lookups the lookup rows that a record's segment is bound to
 * @param only folds these rows alone (by `rowId`); all rows when null
 * @param total gives one row per key, by its key: each event once that any of these windows holds
 */
export async function interpret(
  pipeline: Pipeline,
  log: AsyncIterable<LogRecord> | Iterable<LogRecord>,
  coverage: Coverage,
  lookups: (partition: number, offset: number) => ResolveLookup,
  only: Pick<ReadonlySet<string>, 'has'> | null = null,
  total: TotalOf | null = null,
): Promise<FoldedLog> {
  const fold = foldOf(pipeline);
  const { view } = fold.rows;
  const windows = pipeline.plan.windows
    .filter(({ name }) => total === null || total.window === name)
    .map((window) => ({ window, startsOf: windowStartsOf(window) }));
  const asked = ({ startMs }: { readonly startMs: number }): boolean =>
    total === null ||
    ((total.fromMs === null || startMs >= total.fromMs) && (total.toMs === null || startMs < total.toMs));
  const rows = new Map<string, FoldingRow>();
  const events = new Map<string, SessionEvent[]>();
  const addTo = (id: string, row: Omit<FoldingRow, 'states'>, lifted: States): void => {
    if (total === null && only !== null && !only.has(id)) return;
    const known = rows.get(id);
    if (known) known.states = view.merge(known.states, lifted);
    else rows.set(id, { ...row, states: lifted });
  };
  const quarantined: Record<string, number> = {};
  let records = 0;
  for await (const record of log) {
    if (!covers(coverage[record.partition] ?? [], record.offset)) continue;
    records++;
    const decoded = fold.decode(record.value);
    if (decoded.kind === 'poison') {
      quarantined[decoded.reason] = (quarantined[decoded.reason] ?? 0) + 1;
      continue;
    }
    const slots = fold.enrich(decoded.values, lookups(record.partition, record.offset));
    if (slots === null) continue;
    const lifted: unknown[] = view.algebras.map((algebra: AnyAlgebra) => algebra.empty);
    fold.addTo(lifted, slots);
    const key = fold.keyOf(slots);
    for (const { window, startsOf } of windows) {
      if (window.kind === 'session') {
        const id = rowId(window.name, 0, key);
        const own = events.get(id);
        if (own) own.push({ timeMs: decoded.timeMs, lifted });
        else events.set(id, [{ timeMs: decoded.timeMs, lifted }]);
        continue;
      }
      const starts = startsOf(decoded.timeMs).map((startMs) => ({ startMs, endMs: windowEndMs(window, startMs) }));
      const place = { key, window: window.name };
      if (total === null)
        for (const bounds of starts) addTo(rowId(window.name, bounds.startMs, key), { ...place, ...bounds }, lifted);
      else if (window.kind === 'running' || starts.some(asked))
        addTo(key, { ...place, startMs: 0, endMs: null }, lifted);
    }
  }
  for (const { window } of windows) {
    if (window.kind !== 'session') continue;
    for (const [id, own] of events) {
      if (!id.startsWith(rowId(window.name, 0, ''))) continue;
      const key = keyOfRow(id);
      for (const { events: some, ...bounds } of sessionsOfEvents(own, window.gapMs)) {
        if (!asked(bounds)) continue;
        const row = { key, window: window.name, ...(total === null ? bounds : { startMs: 0, endMs: null }) };
        for (const { lifted } of some)
          addTo(total === null ? rowId(window.name, bounds.startMs, key) : key, row, lifted);
      }
    }
  }
  return { rows, records, quarantined };
}

interface FoldingRow extends RowPosition {
  readonly endMs: number | null;
  states: States;
}

interface SessionEvent {
  readonly timeMs: number;
  readonly lifted: States;
}
