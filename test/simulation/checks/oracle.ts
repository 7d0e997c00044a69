import type { Pipeline } from '@bifold/core';
import {
  type Answer,
  type Coverage,
  covers,
  digestOf,
  type FoldedRow,
  interpret,
  keyText,
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
  const { plan } = pipeline;
  const { view } = rowAlgebrasOf(plan);
  const receipt = (pages[0] as Answer).receipt;
  for (const page of pages) {
    if (sharedText(page.receipt) !== sharedText(receipt)) return `pages of one answer have different receipts`;
  }
  for (const [partition, ranges] of Object.entries(receipt.coverage)) {
    const end = history[Number(partition)]?.length ?? 0;
    if (ranges.some(([start, stop]) => start < 0 || stop > end))
      return `the receipt claims ${JSON.stringify(ranges)} of partition ${partition}, whose log ends at ${end}`;
  }
  const unfinal = finalBeforeDifference(pipeline, history, receipt);
  if (unfinal !== null) return unfinal;

  const records = history.flatMap((slots) => slots.filter((slot) => slot !== null));
  const folds = new Map<string, Promise<ReadonlyMap<string, FoldedRow>>>();
  const foldOver = (coverage: Coverage): Promise<ReadonlyMap<string, FoldedRow>> => {
    const id = JSON.stringify(coverage);
    const known =
      folds.get(id) ?? interpret(pipeline, records, coverage, lookups, null, total).then(({ rows }) => rows);
    folds.set(id, known);
    return known;
  };
  const total = query.total ? { window: query.window, fromMs: query.fromMs, toMs: query.toMs } : null;
  const askedKey = ({ key }: FoldedRow): boolean => query.keys === null || query.keys.includes(key);
  const asked = ({ key, window, startMs }: FoldedRow): boolean =>
    window === query.window &&
    (query.keys === null || query.keys.includes(key)) &&
    (query.fromMs === null || startMs >= query.fromMs) &&
    (query.toMs === null || startMs < query.toMs);
  // For sessions, whole keys are behind: their rows are judged by the coverage of their key.
  const isSession = plan.windows.find(({ name }) => name === query.window)?.kind === 'session';
  const keysBehind = new Set<string>();

  const seen = new Set<string>();
  for (const row of pages.flatMap((page) => page.rows)) {
    const key = keyText(plan.groupBy.map((name) => row.key[name] ?? null));
    const startMs = row.window.start === null ? 0 : Date.parse(row.window.start);
    const id = query.total ? key : rowId(query.window, startMs, key);
    if (seen.has(id)) return `row ${id} is there twice`;
    seen.add(id);
    const coverage = rowCoverage(receipt.coverage, row.ahead ?? [], row.behind ?? []);
    const rows = await foldOver(coverage);
    if (isSession && row.behind) keysBehind.add(key);
    // A row that lies in what it is behind alone holds nothing, and is there all the same.
    const expected = rows.get(id)?.states ?? (row.behind ? view.empty : undefined);
    const ends = rows.get(id)?.endMs ?? null;
    if (!query.total && rows.has(id) && row.window.end !== (ends === null ? null : new Date(ends).toISOString()))
      return `row ${id} ends at ${row.window.end}, the fold has ${ends}`;
    if (expected === undefined)
      return `row ${id} is nowhere in the log over ${JSON.stringify(coverage)}: ${JSON.stringify(row)}`;
    const [given, folded] = [JSON.stringify(row.values), JSON.stringify(view.present(expected))];
    if (given !== folded) return `row ${id} is ${given}, the fold over ${JSON.stringify(coverage)} is ${folded}`;
  }
  for (const row of (await foldOver(receipt.coverage)).values()) {
    const id = query.total ? row.key : rowId(row.window, row.startMs, row.key);
    if (keysBehind.has(row.key)) continue;
    if ((query.total ? askedKey(row) : asked(row)) && !seen.has(id))
      return `row ${id} is missing, over ${JSON.stringify(receipt.coverage)}`;
  }

  const { reasons, behind } = receipt.quarantined;
  const { quarantined } = await interpret(
    pipeline,
    records,
    rowCoverage(receipt.coverage, [], behind),
    lookups,
    new Set(),
  );
  const sorted = (counts: Readonly<Record<string, number>>): string => JSON.stringify(Object.entries(counts).sort());
  if (sorted(reasons) !== sorted(quarantined))
    return `quarantined ${sorted(reasons)}, the fold has ${sorted(quarantined)} over ${JSON.stringify(receipt.coverage)}`;
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
