import {
  type AnswerRow,
  boundText,
  type Coverage,
  type FoldedRow,
  isSameResult,
  keyColumns,
  keyOfRow,
  type Plan,
  positionOfRow,
  type Result,
  rowCoverage,
  rowId,
  type Value,
} from '@bifold/core/engine';

type Shown = Readonly<Record<string, Result>>;

/** A row that differs between the answer and the plain fold. */
export interface Difference {
  readonly kind: 'missing' | 'extra' | 'different' | 'quarantine';
  readonly window: string;
  readonly start: string | null;
  readonly key: Readonly<Record<string, Value>>;
  /** The API's row; null if it has none. */
  readonly answered: Shown | null;
  /** The row of the plain fold over the log; null if it has none. */
  readonly recomputed: Shown | null;
}

/** Rows of an answer that cover other offsets than its receipt, grouped by coverage, by `rowId`. */
export interface DeviatingRows {
  readonly coverage: Coverage;
  readonly rows: ReadonlyMap<string, AnswerRow>;
}

export interface Compared {
  readonly differences: readonly Difference[];
  /** Rows that are recomputed over their own coverage. */
  readonly deviating: readonly DeviatingRows[];
}

function answerRowId(plan: Plan, row: AnswerRow): string {
  const { window, startMs, key } = positionOfRow(plan, row);
  return rowId(window, startMs, key);
}

/**
 * Compares every row of one window of an answer with the plain fold, in both directions. Rows with
 * another coverage are returned separately.
 */
export function compareWindow(
  plan: Plan,
  window: string,
  answered: readonly AnswerRow[],
  coverage: Coverage,
  folded: Iterable<FoldedRow>,
  present: (row: FoldedRow) => Shown,
): Compared {
  const rows = new Map(answered.map((row) => [answerRowId(plan, row), row]));
  const differences: Difference[] = [];
  const deviating = new Map<string, { coverage: Coverage; rows: Map<string, AnswerRow> }>();
  for (const [id, row] of rows) {
    if (row.ahead === undefined && row.behind === undefined) continue;
    const covered = rowCoverage(coverage, row.ahead ?? [], row.behind ?? []);
    const name = JSON.stringify(covered);
    const group = deviating.get(name) ?? { coverage: covered, rows: new Map() };
    deviating.set(name, group);
    group.rows.set(id, row);
  }
  const aside = new Set([...deviating.values()].flatMap((group) => [...group.rows.keys()]));
  // A key that is behind has other sessions, at other times, than over the offsets of the receipt.
  const isSession = plan.windows.find(({ name }) => name === window)?.kind === 'session';
  const keysAside = new Set(isSession ? [...aside].map(keyOfRow) : []);
  const met = new Set<string>();
  for (const row of folded) {
    if (row.window !== window || keysAside.has(row.key)) continue;
    const id = rowId(row.window, row.startMs, row.key);
    met.add(id);
    if (!aside.has(id)) pushDifference(differences, plan, rows.get(id) ?? null, row, present);
  }
  for (const [id, row] of rows) {
    if (!met.has(id) && !aside.has(id) && !keysAside.has(keyOfRow(id)))
      pushDifference(differences, plan, row, null, present);
  }
  return { differences, deviating: [...deviating.values()] };
}

/** Adds the differences between two forms of one row, of which at least one exists. */
export function pushDifference(
  differences: Difference[],
  plan: Plan,
  answered: AnswerRow | null,
  folded: FoldedRow | null,
  present: (row: FoldedRow) => Shown,
): void {
  const recomputed = folded && present(folded);
  if (answered && recomputed && sameValues(answered.values, recomputed)) return;
  differences.push({
    kind: answered === null ? 'missing' : folded === null ? 'extra' : 'different',
    ...(answered === null ? placeOf(plan, folded as FoldedRow) : placeIn(answered)),
    answered: answered?.values ?? null,
    recomputed,
  });
}

type Place = Pick<Difference, 'window' | 'start' | 'key'>;

const placeIn = ({ window: { name, start }, key }: AnswerRow): Place => ({ window: name, start, key });

function placeOf(plan: Plan, { window, startMs, key }: FoldedRow): Place {
  const isRunning = plan.windows.find(({ name }) => name === window)?.kind === 'running';
  return { window, start: boundText(isRunning ? null : startMs), key: keyColumns(plan, key) };
}

export function sameValues(answered: Shown, recomputed: Shown): boolean {
  const names = Object.keys(recomputed);
  return (
    names.length === Object.keys(answered).length &&
    names.every((name) => Object.hasOwn(answered, name) && isSameResult(answered[name], recomputed[name]))
  );
}

/** Compares the quarantine counts by reason. Zero equals absent. */
export function compareQuarantine(
  answered: Readonly<Record<string, number>>,
  recomputed: Readonly<Record<string, number>>,
): readonly Difference[] {
  return [...new Set([...Object.keys(answered), ...Object.keys(recomputed)])]
    .filter((reason) => (answered[reason] ?? 0) !== (recomputed[reason] ?? 0))
    .map((reason) => ({
      kind: 'quarantine',
      window: '',
      start: null,
      key: { reason },
      answered: { records: answered[reason] ?? 0 },
      recomputed: { records: recomputed[reason] ?? 0 },
    }));
}
