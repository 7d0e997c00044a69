import type { RowAlgebra } from '../fold/row.ts';
import type { Plan } from '../plan/plan.ts';
import type { Scope } from '../ports/scope.ts';
import { bucketOf } from '../ports/tables.ts';
import { boundText } from '../records/wire.ts';
import { coverageGaps, type MergedRow, type ReadSnapshot } from './answer.ts';
import { type AnswerRow, formatRow, hasCoverageDelta } from './answer-row.ts';
import { sizeOf } from './coverage.ts';
import { digestOf } from './digest.ts';
import type { PageStart, Receipt } from './receipt.ts';
import { cursorText, queryDigest, queryParametersOf, type ViewQuery } from './view-query.ts';

export interface Answer {
  readonly rows: readonly AnswerRow[];
  readonly receipt: Receipt;
  /** The cursor that requests the next page. Null on the last page. */
  readonly cursor: string | null;
}

/** Rows of one page. */
export interface Page {
  readonly rows: readonly AnswerRow[];
  /** The position after the last row. */
  readonly end: PageStart | null;
  /** No row follows. */
  readonly last: boolean;
}

/**
 * Fills a page with rows, in the order of the answer, up to the size limit. All sessions of one key
 * are on one page, because offsets that a key is behind can change its sessions, and two pages
 * might be behind by different offsets. So the first key of a page is complete even if it exceeds
 * the limit.
 */
export async function fillPage(
  plan: Plan,
  view: RowAlgebra,
  readSnapshot: ReadSnapshot,
  query: ViewQuery,
  merged: AsyncIterable<MergedRow> | Iterable<MergedRow>,
  fits: (row: AnswerRow, rowsBefore: number) => boolean,
): Promise<Page> {
  const isSession = plan.windows.find(({ name }) => name === query.window)?.kind === 'session';
  // Totals and sessions never split a key: the next page starts after the last window of the key.
  const isWhole = isSession || query.total;
  const rows: AnswerRow[] = [];
  let end: PageStart | null = null;
  /** The end of the page without the current key. */
  let before: { readonly key: string | null; readonly rows: number; readonly end: PageStart | null } = {
    key: null,
    rows: 0,
    end,
  };
  for await (const { key, window, startMs, ...rest } of merged) {
    if (key !== before.key) before = { key, rows: rows.length, end };
    const row = formatRow(plan, view, readSnapshot, query, { key, window, startMs, ...rest });
    if (!fits(row, rows.length)) {
      if (!isSession) return { rows, end, last: false };
      if (before.rows > 0) return { rows: rows.slice(0, before.rows), end: before.end, last: false };
    }
    rows.push(row);
    const after = { key, window, startMs: isWhole ? Number.MAX_SAFE_INTEGER : startMs };
    end = { bucket: bucketOf(key, plan.storage.buckets), after };
  }
  return { rows, end, last: true };
}

/** A page with its receipt and the cursor of the next one. */
export function answerOf(
  plan: Plan,
  { version, topicId }: Scope,
  readSnapshot: ReadSnapshot,
  query: ViewQuery,
  { quarantined, models }: Pick<Receipt, 'quarantined' | 'models'>,
  start: PageStart | null,
  { rows, end, last }: Page,
): Answer {
  const { coverage, generation, run, segments, batchBelow, finalBeforeMs } = readSnapshot;
  const speed = segments.reduce((total, segment) => total + segment.next - segment.start, 0);
  const covered = Object.values(coverage).reduce((total, ranges) => total + sizeOf(ranges), 0);
  const unsealed = {
    pipeline: plan.name,
    version,
    topicId,
    generation,
    run,
    models,
    question: queryParametersOf(plan, query),
    coverage,
    gaps: coverageGaps(coverage),
    batchBelow,
    ...(finalBeforeMs === undefined ? {} : { finalBefore: boundText(finalBeforeMs) }),
    offsets: { batch: covered - speed, speed },
    quarantined,
  };
  const cursor = (next: PageStart): string =>
    cursorText({
      version,
      topicId,
      query: queryDigest(unsealed.question),
      generation,
      run,
      segments: segments.map((segment) => [segment.partition, segment.segment, segment.next] as const),
      quarantined,
      ...(models === null ? {} : { models }),
      ...next,
    });
  return { rows, receipt: sealReceipt(unsealed, start, rows, last), cursor: last || end === null ? null : cursor(end) };
}

/** The receipt of these rows, including the digest. */
function sealReceipt(
  unsealed: Omit<Receipt, 'page' | 'digest'>,
  start: PageStart | null,
  rows: readonly AnswerRow[],
  last: boolean,
): Receipt {
  const page = { start, rows: rows.length, deviating: rows.filter(hasCoverageDelta).length, last };
  return { ...unsealed, page, digest: digestOf({ ...unsealed, page }, rows) };
}

/**
 * Combines all pages of an answer into one. The digest covers all rows, as if the answer had one
 * page.
 */
export function gatherPages(receipt: Receipt, rows: readonly AnswerRow[]): Answer {
  const { page: _, digest: __, ...unsealed } = receipt;
  return { rows, receipt: sealReceipt(unsealed, null, rows, true), cursor: null };
}
