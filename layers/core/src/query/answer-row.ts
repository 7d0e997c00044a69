import type { ErrorBound } from '../aggregates/algebra.ts';
import type { Result } from '../aggregates/result.ts';
import type { RowAlgebra } from '../fold/row.ts';
import type { Plan } from '../plan/plan.ts';
import type { RowPosition } from '../ports/scope.ts';
import { keyText, type Value } from '../records/record.ts';
import { boundText, keyColumns } from '../records/wire.ts';
import type { CoverageDelta, MergedRow, ReadSnapshot } from './answer.ts';
import { isFinal } from './finality.ts';
import type { ViewQuery } from './view-query.ts';

type FormattedValues = Readonly<Record<string, Result>>;

/**
 * One row of an answer. The columns of its key and its aggregates are separate objects. `ahead` and
 * `behind` are present only if the row covers other offsets than the receipt.
 */
export interface AnswerRow {
  readonly key: Readonly<Record<string, Value>>;
  readonly window: { readonly name: string; readonly start: string | null; readonly end: string | null };
  readonly values: FormattedValues;
  /**
   * The error bound of each inexact value, by the name of its aggregate. Absent if all values are
   * exact.
   */
  readonly bounds?: Readonly<Record<string, ErrorBound>>;
  /**
   * True if no later event can change the row. Absent for totals, for windows without an end, and
   * for views without `dropLate`.
   */
  readonly final?: boolean;
  readonly parts?: { readonly batch: FormattedValues | null; readonly speed: FormattedValues | null };
  readonly ahead?: readonly CoverageDelta[];
  readonly behind?: readonly CoverageDelta[];
}

/** Formats a row. Every layer uses this one form. */
export function formatRow(
  plan: Plan,
  view: RowAlgebra,
  { finalBeforeMs }: ReadSnapshot,
  query: ViewQuery,
  row: MergedRow,
): AnswerRow {
  const window = plan.windows.find(({ name }) => name === query.window) as Plan['windows'][number];
  const bounds = query.total
    ? { start: query.fromMs, end: query.toMs }
    : { start: window.kind === 'running' ? null : row.startMs, end: row.endMs };
  const errorBounds = view.boundsOf(row.states);
  return {
    key: keyColumns(plan, row.key),
    window: { name: window.name, start: boundText(bounds.start), end: boundText(bounds.end) },
    values: view.present(row.states),
    ...(Object.keys(errorBounds).length === 0 ? {} : { bounds: errorBounds }),
    ...(finalBeforeMs === undefined || row.endMs === null ? {} : { final: isFinal(window, row, finalBeforeMs) }),
    ...(query.parts
      ? { parts: { batch: row.batch && view.present(row.batch), speed: row.speed && view.present(row.speed) } }
      : {}),
    ...(row.ahead.length > 0 ? { ahead: row.ahead } : {}),
    ...(row.behind.length > 0 ? { behind: row.behind } : {}),
  };
}

export function hasCoverageDelta({ ahead, behind }: AnswerRow): boolean {
  return ahead !== undefined || behind !== undefined;
}

/**
 * The position of a row, from its `formatRow` form. The position of a total is the start of the
 * requested range, or 0.
 */
export function positionOfRow(plan: Pick<Plan, 'groupBy'>, { key, window }: AnswerRow): RowPosition {
  const start = window.start ?? '1970-01-01T00:00:00.000Z';
  const startMs = /^-?\d+$/.test(start) ? Number(start) : Date.parse(start);
  return { key: keyText(plan.groupBy.map((name) => key[name] ?? null)), window: window.name, startMs };
}
