import type { Pipeline } from '../definition/pipeline.ts';
import { comparePositions } from '../order.ts';
import type { LogRecord } from '../ports/log.ts';
import type { RowPosition } from '../ports/scope.ts';
import { bucketOf } from '../ports/tables.ts';
import { type MergedRow, type ReadSnapshot, rowCoverage } from '../query/answer.ts';
import { type AnswerRow, hasCoverageDelta, positionOfRow } from '../query/answer-row.ts';
import type { Coverage } from '../query/coverage.ts';
import { withFinality } from '../query/finality.ts';
import { type Answer, answerOf, fillPage } from '../query/page.ts';
import { unsealSnapshot } from '../query/read-snapshot.ts';
import type { Quarantined, Receipt } from '../query/receipt.ts';
import type { ViewQuery } from '../query/view-query.ts';
import { foldOf, rowId } from './fold.ts';
import { interpretEach } from './interpret.ts';
import type { FoldedLog, Folding } from './plain-fold.ts';
import type { ResolveLookup } from './row-transform.ts';

/** A saved answer. Only its offsets are used; its values are computed again. */
export interface SavedAnswer {
  /** The query of the receipt, parsed. */
  readonly query: ViewQuery;
  readonly receipt: Receipt;
  /**
   * Must include every row that covers other offsets than the receipt, because the receipt does not
   * name these offsets.
   */
  readonly rows: readonly AnswerRow[];
}

/** The offsets of an answer: those of its receipt, and those by which its rows were ahead. */
export function offsetsOf({ receipt, rows }: Pick<SavedAnswer, 'receipt' | 'rows'>): Coverage {
  return rows.reduce((coverage, { ahead = [] }) => rowCoverage(coverage, ahead, []), receipt.coverage);
}

/**
 * Reproduces an old answer to the byte: one plain fold over the offsets that its receipt and its
 * rows name, formatted, ordered and paged as the query function does. Its digest is computed again.
 * It equals the receipt's unless the data, the definition or the receipt have changed.
 *
 * @param log all records of `offsetsOf`, in any order; others are skipped. For a view with stateful
 *   operators, the records of `readFor`, in the order of each partition
 * @param lookups the lookup rows to which a record's segment is bound
 */
export async function replayAnswer(
  pipeline: Pipeline,
  { query, receipt, rows }: SavedAnswer,
  log: AsyncIterable<LogRecord> | Iterable<LogRecord>,
  lookups: (partition: number, offset: number) => ResolveLookup,
): Promise<Answer> {
  const { plan } = pipeline;
  const { view } = foldOf(pipeline).rows;
  const unsealed = unsealSnapshot(receipt, plan.storage.segmentSize);
  const { page, version, topicId } = receipt;
  const folded = await foldAsOf(pipeline, { query, receipt, rows }, unsealed, log, lookups);
  const readSnapshot = withFinality(plan, unsealed, folded.watermarks);
  const order = compareRows(plan.storage.buckets);
  const behindStart = ({ key, window, startMs }: RowPosition): boolean => {
    if (page.start === null) return true;
    const { bucket, after } = page.start;
    const own = bucketOf(key, plan.storage.buckets);
    return (
      own > bucket || (own === bucket && (after === null || comparePositions({ key, window, startMs }, after) > 0))
    );
  };
  const merged = folded.rows.filter(behindStart).sort(order);
  const filled = await fillPage(
    plan,
    view,
    readSnapshot,
    query,
    merged,
    (_, before) => page.last || before < page.rows,
  );
  // The next row may consist of offsets ahead of the receipt alone; only the next page names it.
  const { last } = page;
  // Later bindings do not apply to an old answer. Its receipt names the versions, and its digest
  // includes them.
  const { models } = receipt;
  return answerOf(
    plan,
    { version, topicId },
    readSnapshot,
    query,
    { quarantined: folded.quarantined, models },
    page.start,
    {
      ...filled,
      last,
    },
  );
}

/** The order of the rows of an answer: by bucket, then in the order of the tables. */
function compareRows(buckets: number): (left: RowPosition, right: RowPosition) => number {
  return (left, right) => bucketOf(left.key, buckets) - bucketOf(right.key, buckets) || comparePositions(left, right);
}

interface FoldedAsOf {
  readonly rows: readonly MergedRow[];
  readonly quarantined: Quarantined;
  readonly watermarks: FoldedLog['watermarks'];
}

/** The plain fold over the offsets that a receipt and its rows name. */
async function foldAsOf(
  pipeline: Pipeline,
  { query, receipt, rows }: SavedAnswer,
  { coverage, batchBelow }: ReadSnapshot,
  log: AsyncIterable<LogRecord> | Iterable<LogRecord>,
  lookups: (partition: number, offset: number) => ResolveLookup,
): Promise<FoldedAsOf> {
  const { window, fromMs, toMs, keys, total } = query;
  const { behind } = receipt.quarantined;
  const deltas = rows.filter(hasCoverageDelta).map((row) => {
    const { ahead = [], behind = [] } = row;
    return { position: positionOfRow(pipeline.plan, row), ahead, behind };
  });
  const folding: Folding = {
    coverage,
    range: { window, fromMs, toMs },
    isTotal: total,
    only: null,
    asOf: {
      keys: keys && new Set(keys),
      batchBelow,
      rows: deltas.map(({ position, ahead, behind }) => ({
        ...position,
        coverage: rowCoverage(coverage, ahead, behind),
      })),
      quarantineCoverage: rowCoverage(coverage, [], behind),
    },
  };
  const [folded] = (await interpretEach(pipeline, log, [folding], lookups)) as [FoldedLog];
  const isOfSessions = pipeline.plan.windows.find(({ name }) => name === window)?.kind === 'session';
  // One read returns all sessions of a key, so they have the same coverage delta.
  const idOf = ({ key, window, startMs }: RowPosition): string =>
    isOfSessions || total ? key : rowId(window, startMs, key);
  const deltaOf = new Map(deltas.map(({ position, ahead, behind }) => [idOf(position), { ahead, behind }]));
  return {
    rows: Array.from(folded.rows.values(), (row) => ({ ...row, ...(deltaOf.get(idOf(row)) ?? NO_DELTA) })),
    quarantined: { reasons: folded.quarantined, behind },
    watermarks: folded.watermarks,
  };
}

const NO_DELTA = { ahead: [], behind: [] } as const;
