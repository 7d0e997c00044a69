import {
  type Answer,
  answerOf,
  type BatchRow,
  boundModels,
  bucketOf,
  type FragmentRow,
  fillPage,
  type MergedRow,
  type ModelVersions,
  mergeSorted,
  mergeTotal,
  mergeWindows,
  type OpenSegment,
  type Page,
  type PageStart,
  type Plan,
  paneRange,
  QUARANTINE_POSITION,
  type Quarantined,
  QueryError,
  queryDigest,
  queryParametersOf,
  type ReadSnapshot,
  type RowAlgebras,
  type RowFilter,
  type RowParts,
  type RowPosition,
  rowAlgebrasOf,
  type Scope,
  type SealedSnapshot,
  stillReadable,
  type ViewQuery,
} from '@bifold/core/engine';
import type { QueryPorts } from './ports.ts';
import { rowsLost } from './published.ts';
import { newSnapshot, snapshotFromCursor, snapshotFromSeal, withWatermarks } from './read-snapshot.ts';

const TRIES = 5;
/**
 * The limit of the rows of a page, below the 6 MB that Lambda allows for a response. The receipt
 * and the cursor need the rest.
 */
const PAGE_BYTES_MAX = 4 * 1024 * 1024;
/** The limit of the sessions of one key, which are not split into pages. */
const RESPONSE_BYTES_MAX = 5 * 1024 * 1024;

/**
 * Rule 8: reads the pointer, progress, rows, and the pointer again. The rows are valid if the
 * pointer moved by at most one generation in between.
 * @throws {ViewLostError} when the database lacks what was once published: a smaller answer would
 * look like a complete one
 */
export async function executeQuery(plan: Plan, scope: Scope, query: ViewQuery, ports: QueryPorts): Promise<Answer> {
  checkContinues(plan, query);
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const pointer = await ports.batch.readPointer('quorum');
    await ports.published.check(pointer);
    const snapshot = query.cursor
      ? await snapshotFromCursor(plan, scope, query.cursor, pointer, ports)
      : await newSnapshot(plan, query, pointer, ports);
    const answer = await answerFrom(plan, scope, query, snapshot, ports);
    if (answer !== null) return answer;
  }
  throw movedOn(`${TRIES} tries`);
}

/** Answers from a stored read snapshot; null if its run is no longer retained. */
export async function answerSealed(
  plan: Plan,
  scope: Scope,
  query: ViewQuery,
  sealed: SealedSnapshot,
  ports: QueryPorts,
): Promise<Answer | null> {
  const pointer = await ports.batch.readPointer('quorum');
  await ports.published.check(pointer);
  const readSnapshot = snapshotFromSeal(plan, query, sealed, pointer);
  return readSnapshot && answerFrom(plan, scope, query, readSnapshot, ports);
}

export function movedOn(received: string): QueryError {
  return new QueryError('BIFOLD_MOVED_ON', {
    failed: 'an answer could not be read before its generation was replaced twice',
    received,
    allowed: 'at most one generation published while an answer is read',
    remedy: 'ask for fewer rows at a time, or publish less often',
  });
}

/**
 * An answer from this read snapshot; null when its rows may have been swept while they were read.
 */
async function answerFrom(
  plan: Plan,
  scope: Scope,
  query: ViewQuery,
  snapshot: ReadSnapshot,
  ports: QueryPorts,
): Promise<Answer | null> {
  const algebras = rowAlgebrasOf(plan);
  const readSnapshot = await withWatermarks(plan, snapshot, ports);
  const [page, counted, models] = await Promise.all([
    readPage(plan, algebras, readSnapshot, query, ports),
    query.cursor?.quarantined ?? countQuarantined(plan, algebras, readSnapshot, ports),
    modelsOf(plan, readSnapshot, query, ports),
  ]);
  const after = await ports.batch.readPointer('quorum');
  if (!stillReadable(readSnapshot, after)) return null;
  // Between the two reads, the database may have been emptied after a first publication.
  if (readSnapshot.generation === 0) await ports.published.check(after);
  if (counted === null) throw rowsLost(plan, readSnapshot.run as string);
  if (Object.keys(readSnapshot.coverage).length === 0) await ports.published.checkNothingCovered();
  return answerOf(plan, scope, readSnapshot, query, { quarantined: counted, models }, startOf(query), page);
}

/**
 * The model versions that the covered segments are bound to. All pages of an answer use those of
 * the first page.
 */
async function modelsOf(
  plan: Plan,
  { coverage }: ReadSnapshot,
  { cursor }: ViewQuery,
  { bindings }: QueryPorts,
): Promise<ModelVersions | null> {
  if (plan.models === undefined) return null;
  if (cursor?.models !== undefined) return cursor.models;
  const bound = await Promise.all(
    Object.keys(coverage).map(async (name) => [name, await bindings.list(Number(name), 0, null)] as const),
  );
  return boundModels(plan, coverage, new Map(bound));
}

/**
 * A cursor is valid only for the query of its first page, because the receipt states that query.
 */
function checkContinues(plan: Plan, query: ViewQuery): void {
  if (query.cursor === null || query.cursor.query === queryDigest(queryParametersOf(plan, query))) return;
  throw new QueryError('BIFOLD_BAD_CURSOR', {
    failed: 'a cursor is used with another query than that of its first page',
    received: JSON.stringify(queryParametersOf(plan, query)).slice(0, 200),
    allowed: 'the query of the first page; only its limit may change',
    remedy: 'repeat the query of the first page, or query without a cursor',
  });
}

/** The start of the requested page; null for the first. */
function startOf({ cursor }: ViewQuery): PageStart | null {
  return cursor && { bucket: cursor.bucket, after: cursor.after };
}

/** Rows until the page is full, in number or in bytes. */
async function readPage(
  plan: Plan,
  algebras: RowAlgebras,
  readSnapshot: ReadSnapshot,
  query: ViewQuery,
  ports: QueryPorts,
): Promise<Page> {
  // The receipt repeats the query, which may have many keys.
  let sizeBytes = bytesInResponse(query.keys);
  return fillPage(
    plan,
    algebras.view,
    readSnapshot,
    query,
    mergedRows(plan, algebras, readSnapshot, query, ports),
    (row, rowsBefore) => {
      sizeBytes += bytesInResponse(row);
      if (sizeBytes > RESPONSE_BYTES_MAX)
        throw new QueryError('BIFOLD_KEY_TOO_LARGE', {
          failed: 'a key has more sessions than fit into one response, and sessions of a key are never split',
          received: `more than ${RESPONSE_BYTES_MAX} bytes of sessions of ${JSON.stringify(row.key)}`,
          allowed: `${RESPONSE_BYTES_MAX} bytes`,
          remedy: 'ask for a range of times, or for the total',
        });
      return rowsBefore === 0 || (rowsBefore < query.limit && sizeBytes <= PAGE_BYTES_MAX);
    },
  );
}

/** A body is a text inside the JSON of a function's result, so its quotes are escaped once more. */
function bytesInResponse(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(JSON.stringify(value)));
}

/**
 * The merged rows from the start of the page on: bucket by bucket, each in the order of the tables.
 */
async function* mergedRows(
  plan: Plan,
  algebras: RowAlgebras,
  readSnapshot: ReadSnapshot,
  query: ViewQuery,
  ports: QueryPorts,
): AsyncGenerator<MergedRow> {
  for (const bucket of bucketsOf(plan, query)) {
    if (bucket >= (query.cursor?.bucket ?? 0)) yield* rowsOfBucket(plan, algebras, readSnapshot, query, bucket, ports);
  }
}

function bucketsOf(plan: Plan, { keys }: ViewQuery): readonly number[] {
  const { buckets } = plan.storage;
  if (keys === null) return Array.from({ length: buckets }, (_, bucket) => bucket);
  return [...new Set(keys.map((key) => bucketOf(key, buckets)))].sort((left, right) => left - right);
}

async function* rowsOfBucket(
  plan: Plan,
  algebras: RowAlgebras,
  readSnapshot: ReadSnapshot,
  query: ViewQuery,
  bucket: number,
  ports: QueryPorts,
): AsyncGenerator<MergedRow> {
  const { keys, cursor } = query;
  const window = plan.windows.find(({ name }) => name === query.window) as Plan['windows'][number];
  const filter: RowFilter = {
    keys: keys?.filter((key) => bucketOf(key, plan.storage.buckets) === bucket) ?? null,
    window: window.name,
    ...paneRange(window, query),
  };
  const after = cursor?.bucket === bucket ? cursor.after : null;
  const panes = gatherParts(readSnapshot, bucket, filter, after, ports);
  yield* mergeWindows(algebras, window, query, panes, after);
}

/**
 * The stored parts of each pane of a bucket: the batch row of the read snapshot's run, and the
 * fragments of its open segments.
 */
async function* gatherParts(
  readSnapshot: ReadSnapshot,
  bucket: number,
  filter: RowFilter,
  after: RowPosition | null,
  { store, batch }: QueryPorts,
): AsyncGenerator<RowParts> {
  const sources: AsyncIterable<BatchRow | FragmentRow>[] = readSnapshot.segments.map(({ partition, segment }) =>
    store.scan(partition, segment, bucket, filter, after),
  );
  const batchSource = sources.length;
  if (readSnapshot.run !== null) sources.push(batch.scan(readSnapshot.run, bucket, filter, after));
  for await (const { position, rows } of mergeSorted(sources)) {
    const stored = rows.find(([source]) => source === batchSource)?.[1] ?? null;
    const fragments = rows
      .filter(([source]) => source !== batchSource)
      .map(([source, row]) => [readSnapshot.segments[source] as OpenSegment, row as FragmentRow] as const);
    yield { ...position, batch: stored, fragments };
  }
}

/**
 * The number of quarantined records among the covered offsets. It is a total, so it may be behind
 * its receipt if a count ran ahead. Every run has this row.
 * @returns null if the run lacks it: the rows of the run are gone
 */
async function countQuarantined(
  plan: Plan,
  algebras: RowAlgebras,
  readSnapshot: ReadSnapshot,
  ports: QueryPorts,
): Promise<Quarantined | null> {
  const { key, window, startMs } = QUARANTINE_POSITION;
  const filter: RowFilter = { keys: [key], window, fromMs: startMs, toMs: startMs + 1 };
  const rows: RowParts[] = [];
  for await (const part of gatherParts(readSnapshot, bucketOf(key, plan.storage.buckets), filter, null, ports))
    rows.push(part);
  if (readSnapshot.run !== null && !rows.some(({ batch }) => batch !== null)) return null;
  const { states, behind } = mergeTotal(algebras.quarantine, key, window, startMs, rows);
  const counts = Object.entries(algebras.quarantine.present(states)).filter(([, records]) => records !== 0);
  return { reasons: Object.fromEntries(counts) as Record<string, number>, behind };
}
