import type { Pipeline } from '@bifold/core';
import {
  type Answer,
  type AnswerRow,
  type Coverage,
  covers,
  digestOf,
  type FoldedRow,
  interpret,
  keyText,
  type LogRecord,
  normalRanges,
  type Receipt,
  rowAlgebrasOf,
  rowCoverage,
  rowId,
  type ViewQuery,
  withoutRange,
} from '@bifold/core/engine';
import type { History, Lookups } from '../world/history.ts';
import { finalBeforeDifference } from './finality.ts';

/** An answer, all its pages together. */
export interface WholeAnswer {
  readonly query: ViewQuery;
  readonly pages: readonly Answer[];
}

/** An answer beside the log that it was read from. */
interface Judged {
  readonly pipeline: Pipeline;
  readonly history: History;
  readonly lookups: Lookups;
  readonly query: ViewQuery;
  readonly pages: readonly Answer[];
  /** The receipt of the first page. */
  readonly receipt: Receipt;
  readonly records: readonly LogRecord[];
  readonly rowAlgebra: ReturnType<typeof rowAlgebrasOf>['view'];
}

/**
 * The promise itself: every row equals the plain fold over exactly the offsets that its receipt
 * names, and no row of that fold is missing. Returns what is wrong, or null.
 */
export async function differenceOf(
  pipeline: Pipeline,
  history: History,
  lookups: Lookups,
  { query, pages }: WholeAnswer,
): Promise<string | null> {
  const { receipt } = pages[0] as Answer;
  const records = history.flatMap((slots) => slots.filter((slot) => slot !== null));
  const { view: rowAlgebra } = rowAlgebrasOf(pipeline.plan);
  const judged: Judged = { pipeline, history, lookups, query, pages, receipt, records, rowAlgebra };
  return (
    receiptDifference(judged) ??
    finalBeforeDifference(pipeline, history, receipt) ??
    (await rowsDifference(judged)) ??
    (await quarantineDifference(judged)) ??
    digestDifference(judged)
  );
}

/** All pages have one receipt, and it claims what the log has. */
function receiptDifference({ history, pages, receipt }: Judged): string | null {
  for (const page of pages) {
    if (sharedText(page.receipt) !== sharedText(receipt)) return `pages of one answer have different receipts`;
  }
  for (const [partition, ranges] of Object.entries(receipt.coverage)) {
    const end = history[Number(partition)]?.length ?? 0;
    if (ranges.some(([start, stop]) => start < 0 || stop > end))
      return `the receipt claims ${JSON.stringify(ranges)} of partition ${partition}, whose log ends at ${end}`;
  }
  return null;
}

type FoldOver = (coverage: Coverage) => Promise<ReadonlyMap<string, FoldedRow>>;

/** The plain fold of the query. A coverage that several rows share is folded once. */
function plainFoldOf({ pipeline, lookups, query, records }: Judged): FoldOver {
  const total = query.total ? { window: query.window, fromMs: query.fromMs, toMs: query.toMs } : null;
  const folds = new Map<string, Promise<ReadonlyMap<string, FoldedRow>>>();
  return (coverage) => {
    const id = JSON.stringify(coverage);
    const known =
      folds.get(id) ?? interpret(pipeline, records, coverage, lookups, null, total).then(({ rows }) => rows);
    folds.set(id, known);
    return known;
  };
}

async function rowsDifference(judged: Judged): Promise<string | null> {
  const { pipeline, query, pages, receipt } = judged;
  const foldOver = plainFoldOf(judged);
  // Sessions of a key are behind together, so they are compared over the coverage of their key.
  const isSession = pipeline.plan.windows.find(({ name }) => name === query.window)?.kind === 'session';
  const keysBehind = new Set<string>();
  const seen = new Set<string>();
  for (const row of pages.flatMap((page) => page.rows)) {
    const key = keyText(pipeline.plan.groupBy.map((name) => row.key[name] ?? null));
    const startMs = row.window.start === null ? 0 : Date.parse(row.window.start);
    const id = query.total ? key : rowId(query.window, startMs, key);
    if (seen.has(id)) return `row ${id} is there twice`;
    seen.add(id);
    if (isSession && row.behind) keysBehind.add(key);
    const coverage = rowCoverage(receipt.coverage, row.ahead ?? [], row.behind ?? []);
    const wrong = rowDifference(judged, row, id, (await foldOver(coverage)).get(id), coverage);
    if (wrong !== null) return wrong;
  }
  for (const row of (await foldOver(receipt.coverage)).values()) {
    const id = query.total ? row.key : rowId(row.window, row.startMs, row.key);
    if (keysBehind.has(row.key)) continue;
    if (isAskedFor(query, row) && !seen.has(id))
      return `row ${id} is missing, over ${JSON.stringify(receipt.coverage)}`;
  }
  return null;
}

function rowDifference(
  { query, rowAlgebra }: Judged,
  row: AnswerRow,
  id: string,
  folded: FoldedRow | undefined,
  coverage: Coverage,
): string | null {
  // A row whose records all lie in offsets that it is behind by is empty, but must exist.
  const expected = folded?.states ?? (row.behind ? rowAlgebra.empty : undefined);
  const endMs = folded?.endMs ?? null;
  if (
    !query.total &&
    folded !== undefined &&
    row.window.end !== (endMs === null ? null : new Date(endMs).toISOString())
  )
    return `row ${id} ends at ${row.window.end}, the fold has ${endMs}`;
  if (expected === undefined)
    return `row ${id} is nowhere in the log over ${JSON.stringify(coverage)}: ${JSON.stringify(row)}`;
  const [given, values] = [JSON.stringify(row.values), JSON.stringify(rowAlgebra.present(expected))];
  return given === values ? null : `row ${id} is ${given}, the fold over ${JSON.stringify(coverage)} is ${values}`;
}

function isAskedFor(query: ViewQuery, { key, window, startMs }: FoldedRow): boolean {
  if (query.keys !== null && !query.keys.includes(key)) return false;
  return (
    query.total ||
    (window === query.window &&
      (query.fromMs === null || startMs >= query.fromMs) &&
      (query.toMs === null || startMs < query.toMs))
  );
}

async function quarantineDifference({ pipeline, lookups, receipt, records }: Judged): Promise<string | null> {
  const { reasons, behind } = receipt.quarantined;
  const { quarantined } = await interpret(
    pipeline,
    records,
    rowCoverage(receipt.coverage, [], behind),
    lookups,
    new Set(),
  );
  const sorted = (counts: Readonly<Record<string, number>>): string => JSON.stringify(Object.entries(counts).sort());
  return sorted(reasons) === sorted(quarantined)
    ? null
    : `quarantined ${sorted(reasons)}, the fold has ${sorted(quarantined)} over ${JSON.stringify(receipt.coverage)}`;
}

function digestDifference({ pages }: Judged): string | null {
  for (const page of pages) {
    const read: Answer = JSON.parse(JSON.stringify(page));
    if (digestOf(read.receipt, read.rows) !== page.receipt.digest)
      return 'a page has another digest when it is read from JSON';
  }
  return null;
}

/** The part that the receipts of all pages share. */
function sharedText({ page: _, digest: __, ...shared }: Receipt): string {
  return JSON.stringify(shared);
}

/** Offsets with records that `before` covers and `after` does not. */
export function uncovered(history: History, before: Coverage, after: Coverage): Coverage {
  const missing = Object.entries(before).flatMap(([partition, ranges]) => {
    const rest = (after[partition] ?? []).reduce(withoutRange, normalRanges(ranges));
    const slots = history[Number(partition)] ?? [];
    const withRecords = rest.filter((range) => slots.some((slot, offset) => slot !== null && covers([range], offset)));
    return withRecords.length === 0 ? [] : [[partition, withRecords] as const];
  });
  return Object.fromEntries(missing);
}
