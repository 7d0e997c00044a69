import type { AnyAlgebra } from './aggregates/index.ts';
import { type Coverage, covers } from './coverage.ts';
import type { Pipeline } from './definition/pipeline.ts';
import { foldOf, type ResolveLookup, rowId } from './fold.ts';
import type { LogRecord, RowPosition } from './ports.ts';
import type { States } from './row.ts';

/** A row of the plain fold. */
export interface FoldedRow extends RowPosition {
  readonly states: States;
}

/** The plain fold of a log: rows by `rowId`, records that were events or poison, and poison by reason. */
export interface FoldedLog {
  readonly rows: ReadonlyMap<string, FoldedRow>;
  readonly records: number;
  readonly quarantined: Readonly<Record<string, number>>;
}

/**
 * The memory interpreter: one plain fold over the log, restricted to some offsets. No segments, no fragments, no batch: the meaning of a pipeline,
 * and what every other interpreter must agree with.
 *
 * @param lookups the lookup rows that a record's segment is bound to
 * @param only folds these rows alone (by `rowId`); all rows when null
 */
export async function interpret(
  pipeline: Pipeline,
  log: AsyncIterable<LogRecord> | Iterable<LogRecord>,
  coverage: Coverage,
  lookups: (partition: number, offset: number) => ResolveLookup,
  only: Pick<ReadonlySet<string>, 'has'> | null = null,
): Promise<FoldedLog> {
  const fold = foldOf(pipeline);
  const { view } = fold.rows;
  const rows = new Map<string, { key: string; window: string; startMs: number; states: unknown[] }>();
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
    for (const { name, startsOf } of fold.windowStarts) {
      for (const startMs of startsOf(decoded.timeMs)) {
        const id = rowId(name, startMs, key);
        if (only !== null && !only.has(id)) continue;
        const row = rows.get(id);
        if (row) row.states.splice(0, row.states.length, ...view.merge(row.states, lifted));
        else rows.set(id, { key, window: name, startMs, states: lifted.slice() });
      }
    }
  }
  return { rows, records, quarantined };
}
