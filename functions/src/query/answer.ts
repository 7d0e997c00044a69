import {
  type Answer,
  type AppearanceStore,
  answerOf,
  askedOf,
  type BatchRow,
  type BatchStore,
  type BindingStore,
  boundModels,
  bucketOf,
  type Cursor,
  type FragmentRow,
  fillPage,
  gatherSorted,
  type MergedRow,
  type ModelVersions,
  mergeTotal,
  mergeWindows,
  type OpenSegment,
  type Page,
  type PageStart,
  type Plan,
  type Pointer,
  paneRange,
  partitionsOf,
  prefixEnd,
  QUARANTINE_POSITION,
  type Quarantined,
  type Question,
  QuestionError,
  questionDigest,
  type RowAlgebras,
  type RowFilter,
  type RowParts,
  type RowPosition,
  rowAlgebrasOf,
  type Scope,
  type SpeedStore,
  stillReadable,
  type Vantage,
  vantageOf,
  withFinality,
} from '@bifold/core';
import { clockBelow } from '../clock.ts';
import { type PublishedView, rowsLost } from '../published.ts';

export interface QueryPorts {
  readonly store: SpeedStore;
  readonly batch: BatchStore;
  readonly bindings: BindingStore;
  /** Holds the marks of the clocks, of a view that drops what is late. */
  readonly appearances: Pick<AppearanceStore, 'read'>;
  readonly published: PublishedView;
}

const TRIES = 5;
/** Of rows, below the 6 MB that Lambda lets a function answer: the rest is the receipt's and the cursor's. */
const PAGE_BYTES_MAX = 4 * 1024 * 1024;
/** Of the sessions of one key, which are not cut into pages. */
const RESPONSE_BYTES_MAX = 5 * 1024 * 1024;

/**
 * Rule 8: reads the pointer, progress, rows, and the pointer again; what it read stands if that moved by one generation at
 * most.
 * @throws {ViewLostError} when the database lacks what was once published: a smaller answer would look like a complete one
 */
export async function answerQuestion(plan: Plan, scope: Scope, question: Question, ports: QueryPorts): Promise<Answer> {
  const algebras = rowAlgebrasOf(plan);
  checkContinues(plan, question);
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const pointer = await ports.batch.readPointer('quorum');
    await ports.published.check(pointer);
    const covering = question.cursor
      ? await resumedVantage(plan, scope, question.cursor, pointer, ports)
      : await freshVantage(plan, question, pointer, ports);
    const vantage = await withClocks(plan, covering, ports);
    const [page, counted, models] = await Promise.all([
      readPage(plan, algebras, vantage, question, ports),
      question.cursor?.quarantined ?? countQuarantined(plan, algebras, vantage, ports),
      modelsOf(plan, vantage, question, ports),
    ]);
    const after = await ports.batch.readPointer('quorum');
    if (!stillReadable(vantage.generation, after)) continue;
    // A first generation may have come and gone with the database meanwhile.
    if (vantage.generation === 0) await ports.published.check(after);
    if (counted === null) throw rowsLost(plan, vantage.run as string);
    if (Object.keys(vantage.coverage).length === 0) await ports.published.checkNothingCovered();
    return answerOf(plan, scope, vantage, question, { quarantined: counted, models }, startOf(question), page);
  }
  throw new QuestionError('BIFOLD_MOVED_ON', {
    failed: 'an answer could not be read before its generation was replaced twice',
    received: `${TRIES} tries`,
    allowed: 'at most one generation published while an answer is read',
    remedy: 'ask for fewer rows at a time, or publish less often',
  });
}

/** The versions that the covered segments are bound to; on all pages of an answer those of the first. */
async function modelsOf(
  plan: Plan,
  { coverage }: Vantage,
  { cursor }: Question,
  { bindings }: QueryPorts,
): Promise<ModelVersions | null> {
  if (plan.models === undefined) return null;
  if (cursor?.models !== undefined) return cursor.models;
  const bound = await Promise.all(
    Object.keys(coverage).map(async (name) => [name, await bindings.list(Number(name), 0, null)] as const),
  );
  return boundModels(plan, coverage, new Map(bound));
}

async function freshVantage(plan: Plan, question: Question, pointer: Pointer, { store }: QueryPorts): Promise<Vantage> {
  const partitions = new Set([...(await store.partitions()), ...partitionsOf(pointer.current)]);
  const progress = await Promise.all(
    Array.from(partitions, async (partition) => {
      const from = pointer.current?.cuts[String(partition)] ?? 0;
      return [partition, await store.readProgress(partition, from, null)] as const;
    }),
  );
  return vantageOf(pointer, [...partitions], new Map(progress), plan.storage.segmentSize, question.snapshot);
}

/** The vantage that a cursor names, if its run is still kept. A cursor comes from outside: what it claims of the log must be there. */
async function resumedVantage(
  plan: Plan,
  scope: Scope,
  cursor: Cursor,
  pointer: Pointer,
  { store, batch, published }: QueryPorts,
): Promise<Vantage> {
  const kept = [pointer.current, pointer.previous].find((run) => (run?.run ?? null) === cursor.run) ?? null;
  const known = cursor.run === null ? pointer.generation <= 1 : kept !== null;
  if (
    cursor.version !== scope.version ||
    cursor.incarnation !== scope.incarnation ||
    !known ||
    !stillReadable(cursor.generation, pointer)
  )
    throw cursorExpired(scope, cursor, pointer);
  const isKnown = new Set([...(await store.partitions()), ...partitionsOf(kept)]);
  const claimed = new Map<number, Map<number, number>>();
  for (const [partition, segment, next] of cursor.segments)
    claimed.set(partition, (claimed.get(partition) ?? new Map<number, number>()).set(segment, next));
  const excessive = await Promise.all(
    Array.from(claimed, async ([partition, segments]) => {
      const first = [...segments.keys()].reduce((least, segment) => Math.min(least, segment));
      const stored = isKnown.has(partition) ? await store.readProgress(partition, first, null) : new Map();
      return [...segments].flatMap(([segment, next]) => (next > (stored.get(segment) ?? 0) ? { partition, next } : []));
    }),
  );
  const [falsely] = excessive.flat();
  if (falsely !== undefined) {
    // The database may have been emptied, or restored, since the pointer was read: then the cursor was true.
    const after = await batch.readPointer('quorum');
    await published.check(after);
    if (!stillReadable(cursor.generation, after)) throw cursorExpired(scope, cursor, after);
    throw falseCursor(falsely.partition, falsely.next);
  }
  const named: Pointer = { generation: cursor.generation, current: kept, previous: null };
  return vantageOf(named, [...claimed.keys()], claimed, plan.storage.segmentSize, false);
}

/** Every mark stands for a prefix of the log, and progress was written after its mark: so what is covered up to an offset has its clock, whoever folded it. */
async function withClocks(plan: Plan, vantage: Vantage, { appearances }: QueryPorts): Promise<Vantage> {
  if (plan.late === undefined) return vantage;
  const { coverage, batchBelow } = vantage;
  const clocks = await Promise.all(
    Object.entries(coverage).map(async ([name, ranges]) => {
      const { segmentSize } = plan.storage;
      const { clockMs } = await clockBelow(
        Number(name),
        batchBelow[name] ?? 0,
        prefixEnd(ranges),
        segmentSize,
        appearances,
      );
      return [Number(name), clockMs] as const;
    }),
  );
  return withFinality(plan, vantage, new Map(clocks));
}

/** The receipt repeats the question, and a cursor holds what is true of the one that it was given for. */
function checkContinues(plan: Plan, question: Question): void {
  if (question.cursor === null || question.cursor.question === questionDigest(askedOf(plan, question))) return;
  throw new QuestionError('BIFOLD_BAD_CURSOR', {
    failed: 'a cursor goes on with another question than the one it was given for',
    received: JSON.stringify(askedOf(plan, question)).slice(0, 200),
    allowed: 'the question of the first page; only its limit may change',
    remedy: 'repeat the question of the first page, or ask without a cursor',
  });
}

function cursorExpired({ version }: Scope, cursor: Cursor, { generation }: Pointer): QuestionError {
  return new QuestionError('BIFOLD_CURSOR_EXPIRED', {
    failed: 'a page cannot be given: the generation of its cursor is no longer kept',
    received: `generation ${cursor.generation} of ${cursor.version}`,
    allowed: `generations ${Math.max(0, generation - 1)} and ${generation} of ${version}`,
    remedy: 'ask again from the first page',
  });
}

function falseCursor(partition: number, next: number): QuestionError {
  return new QuestionError('BIFOLD_BAD_CURSOR', {
    failed: 'a cursor claims more of the log than was folded',
    received: `partition ${partition} up to ${next}`,
    allowed: 'the cursor of the page before, unchanged',
    remedy: 'ask again from the first page',
  });
}

/** Where the asked page begins; null for the first. */
function startOf({ cursor }: Question): PageStart | null {
  return cursor && { bucket: cursor.bucket, after: cursor.after };
}

/** Rows until the page is full, in number or in bytes. */
async function readPage(
  plan: Plan,
  algebras: RowAlgebras,
  vantage: Vantage,
  question: Question,
  ports: QueryPorts,
): Promise<Page> {
  // The receipt repeats the question, whose keys may be many.
  let sizeBytes = bytesInResponse(question.keys);
  return fillPage(
    plan,
    algebras.view,
    vantage,
    question,
    mergedRows(plan, algebras, vantage, question, ports),
    (row, rowsBefore) => {
      sizeBytes += bytesInResponse(row);
      if (sizeBytes > RESPONSE_BYTES_MAX)
        throw new QuestionError('BIFOLD_KEY_TOO_LARGE', {
          failed: 'a key has more sessions than one response holds, and they are given together',
          received: `more than ${RESPONSE_BYTES_MAX} bytes of sessions of ${JSON.stringify(row.key)}`,
          allowed: `${RESPONSE_BYTES_MAX} bytes`,
          remedy: 'ask for a range of times, or for the total',
        });
      return rowsBefore === 0 || (rowsBefore < question.limit && sizeBytes <= PAGE_BYTES_MAX);
    },
  );
}

/** A body is a text inside the JSON of a function's result, so its quotes are escaped once more. */
function bytesInResponse(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(JSON.stringify(value)));
}

/** From the page's start on: bucket by bucket, each bucket in the tables' order. */
async function* mergedRows(
  plan: Plan,
  algebras: RowAlgebras,
  vantage: Vantage,
  question: Question,
  ports: QueryPorts,
): AsyncGenerator<MergedRow> {
  for (const bucket of bucketsOf(plan, question)) {
    if (bucket >= (question.cursor?.bucket ?? 0)) yield* rowsOfBucket(plan, algebras, vantage, question, bucket, ports);
  }
}

function bucketsOf(plan: Plan, { keys }: Question): readonly number[] {
  const { buckets } = plan.storage;
  if (keys === null) return Array.from({ length: buckets }, (_, bucket) => bucket);
  return [...new Set(keys.map((key) => bucketOf(key, buckets)))].sort((left, right) => left - right);
}

async function* rowsOfBucket(
  plan: Plan,
  algebras: RowAlgebras,
  vantage: Vantage,
  question: Question,
  bucket: number,
  ports: QueryPorts,
): AsyncGenerator<MergedRow> {
  const { keys, cursor } = question;
  const window = plan.windows.find(({ name }) => name === question.window) as Plan['windows'][number];
  const filter: RowFilter = {
    keys: keys?.filter((key) => bucketOf(key, plan.storage.buckets) === bucket) ?? null,
    window: window.name,
    ...paneRange(window, question),
  };
  const after = cursor?.bucket === bucket ? cursor.after : null;
  const panes = gatherParts(vantage, bucket, filter, after, ports);
  yield* mergeWindows(algebras, window, question, panes, after);
}

/** The stored parts of each pane of a bucket: the batch row of the vantage's run, and the fragments of its open segments. */
async function* gatherParts(
  vantage: Vantage,
  bucket: number,
  filter: RowFilter,
  after: RowPosition | null,
  { store, batch }: QueryPorts,
): AsyncGenerator<RowParts> {
  const sources: AsyncIterable<BatchRow | FragmentRow>[] = vantage.segments.map(({ partition, segment }) =>
    store.scan(partition, segment, bucket, filter, after),
  );
  const batchSource = sources.length;
  if (vantage.run !== null) sources.push(batch.scan(vantage.run, bucket, filter, after));
  for await (const { position, rows } of gatherSorted(sources)) {
    const stored = rows.find(([source]) => source === batchSource)?.[1] ?? null;
    const fragments = rows
      .filter(([source]) => source !== batchSource)
      .map(([source, row]) => [vantage.segments[source] as OpenSegment, row as FragmentRow] as const);
    yield { ...position, batch: stored, fragments };
  }
}

/**
 * How many records among the covered offsets were quarantined: a total, so it may be behind its receipt where a count ran
 * ahead. Every run has this row. @returns null when the run lacks it: the rows of the run are gone
 */
async function countQuarantined(
  plan: Plan,
  algebras: RowAlgebras,
  vantage: Vantage,
  ports: QueryPorts,
): Promise<Quarantined | null> {
  const { key, window, startMs } = QUARANTINE_POSITION;
  const filter: RowFilter = { keys: [key], window, fromMs: startMs, toMs: startMs + 1 };
  const rows: RowParts[] = [];
  for await (const part of gatherParts(vantage, bucketOf(key, plan.storage.buckets), filter, null, ports))
    rows.push(part);
  if (vantage.run !== null && !rows.some(({ batch }) => batch !== null)) return null;
  const { states, behind } = mergeTotal(algebras.quarantine, key, window, startMs, rows);
  const counts = Object.entries(algebras.quarantine.present(states)).filter(([, records]) => records !== 0);
  return { reasons: Object.fromEntries(counts) as Record<string, number>, behind };
}
