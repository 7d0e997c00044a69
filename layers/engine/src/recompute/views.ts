import {
  type AnyAlgebra,
  type BatchRow,
  columnValue,
  enrichedSql,
  keyText,
  type MergedRow,
  mergeWindows,
  nonPushdownFold,
  nonPushdownInputSql,
  type Plan,
  POISON_REASONS,
  QUARANTINE_POSITION,
  type RowParts,
  rowAlgebrasOf,
  rowId,
  type SqlEngine,
  type States,
  stateOfParts,
  statePartsOf,
  viewSql,
  type WindowPlan,
} from '@bifold/core/engine';
import { BINDINGS } from './lookups.ts';
import { COVERED } from './manifest.ts';

/**
 * Every pane of one window of the view over the covered records. SQL groups, and computes the
 * aggregates that it can compute exactly. Core computes the rest.
 */
export async function* paneRows(plan: Plan, window: WindowPlan, engine: SqlEngine): AsyncGenerator<BatchRow> {
  const algebras = rowAlgebrasOf(plan);
  const { view } = algebras;
  const stored = algebras.of(window.name);
  const enriched = `(${enrichedSql(plan, COVERED, BINDINGS)})`;
  const folded = await foldInexact(plan, window, enriched, engine);
  const keyTypes = plan.groupBy.length;
  // SQL computes no part of what core folds.
  const partCounts = plan.aggregates.map((aggregate) => statePartsOf(aggregate).length);
  for await (const chunk of engine.query(viewSql(plan, window, enriched))) {
    for (const values of chunk) {
      const startMs = Number(values[0]);
      const key = keyText(values.slice(1, 1 + keyTypes).map(columnValue));
      const id = rowId(window.name, startMs, key);
      let next = 1 + keyTypes;
      const states: States = plan.aggregates.map((aggregate, index) => {
        const count = partCounts[index] as number;
        if (count === 0) return folded.get(id)?.[index] ?? (view.algebras[index] as AnyAlgebra).empty;
        const parts = values.slice(next, next + count);
        next += count;
        return stateOfParts(aggregate, parts);
      });
      const times = values.slice(next).map(Number);
      yield { key, window: window.name, startMs, cell: stored.encode([...states, ...times]) };
    }
  }
}

/**
 * Assembles the windows of a view from its panes. The panes of each key must be adjacent and in
 * order.
 */
export function assembleWindows(plan: Plan, window: WindowPlan, panes: readonly BatchRow[]): AsyncGenerator<MergedRow> {
  const everything = { fromMs: null, toMs: null, total: false };
  return mergeWindows(rowAlgebrasOf(plan), window, everything, partsOf(panes), null);
}

async function* partsOf(panes: readonly BatchRow[]): AsyncGenerator<RowParts> {
  for (const { key, window, startMs, cell } of panes)
    yield { key, window, startMs, batch: { key, window, startMs, cell }, fragments: [] };
}

/**
 * Folds the aggregates for which SQL has no exact state, row by row, over the columns of the
 * engine. Each state is at the index of its aggregate.
 */
async function foldInexact(
  plan: Plan,
  window: WindowPlan,
  enriched: string,
  engine: SqlEngine,
): Promise<ReadonlyMap<string, readonly unknown[]>> {
  const rows = new Map<string, unknown[]>();
  const sql = nonPushdownInputSql(plan, window, enriched);
  if (sql === null) return rows;
  const { view } = rowAlgebrasOf(plan);
  const add = nonPushdownFold(plan, view.algebras);
  const firstValue = 1 + plan.groupBy.length;
  for await (const chunk of engine.query(sql)) {
    for (const values of chunk) {
      const id = rowId(window.name, Number(values[0]), keyText(values.slice(1, firstValue).map(columnValue)));
      let states = rows.get(id);
      if (!states) {
        states = [...view.empty];
        rows.set(id, states);
      }
      add(states, values.slice(firstValue));
    }
  }
  return rows;
}

/**
 * The number of quarantined records among the covered ones, by reason: the row of the built-in
 * quarantine view.
 */
export async function quarantineRow(plan: Plan, engine: SqlEngine): Promise<BatchRow> {
  const counts = new Map<string, number>();
  for await (const chunk of engine.query(
    `SELECT _reason, count(*) FROM ${COVERED} WHERE _reason IS NOT NULL GROUP BY _reason`,
  )) {
    for (const [reason, records] of chunk) counts.set(String(reason), Number(records));
  }
  const states = POISON_REASONS.map((reason) => counts.get(reason) ?? 0);
  return { ...QUARANTINE_POSITION, cell: rowAlgebrasOf(plan).quarantine.encode(states) };
}
