import {
  type Cursor,
  contiguousEnd,
  type Plan,
  type Pointer,
  type PublishedRun,
  partitionsOf,
  QueryError,
  type ReadSnapshot,
  readSnapshotOf,
  type Scope,
  type SealedSnapshot,
  snapshotOf,
  stillReadable,
  unsealSnapshot,
  type ViewQuery,
  withFinality,
} from '@bifold/core/engine';
import { readWatermark } from '../speed/watermark.ts';
import type { QueryPorts } from './ports.ts';

/** The current read snapshot of a view. */
export async function newSnapshot(
  { storage }: Pick<Plan, 'storage'>,
  { snapshot }: Pick<ViewQuery, 'snapshot'>,
  pointer: Pointer,
  { store }: Pick<QueryPorts, 'store'>,
): Promise<ReadSnapshot> {
  const partitions = new Set([...(await store.partitions()), ...partitionsOf(pointer.current)]);
  const progress = await Promise.all(
    Array.from(partitions, async (partition) => {
      const from = pointer.current?.cuts[String(partition)] ?? 0;
      return [partition, await store.readProgress(partition, from, null)] as const;
    }),
  );
  return readSnapshotOf(pointer, [...partitions], new Map(progress), storage.segmentSize, snapshot);
}

/**
 * The read snapshot that a cursor names, if its run is still kept. A cursor comes from a client, so
 * its offsets are checked against progress.
 */
export async function snapshotFromCursor(
  plan: Plan,
  scope: Scope,
  cursor: Cursor,
  pointer: Pointer,
  { store, batch, published }: QueryPorts,
): Promise<ReadSnapshot> {
  const isOther = cursor.version !== scope.version || cursor.topicId !== scope.topicId;
  if (isOther || !stillReadable(cursor, pointer)) throw cursorExpired(cursor, generationsOf(scope, pointer));
  const isKnown = new Set([...(await store.partitions()), ...partitionsOf(keptRun(cursor.run, pointer))]);
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
    // The database may have been emptied or restored since the pointer was read. The cursor is
    // valid in that case.
    const after = await batch.readPointer('quorum');
    await published.check(after);
    if (!stillReadable(cursor, after)) throw cursorExpired(cursor, generationsOf(scope, after));
    throw falseCursor(falsely.partition, falsely.next);
  }
  const named = { generation: cursor.generation, current: keptRun(cursor.run, pointer), previous: null };
  return readSnapshotOf(named, [...claimed.keys()], claimed, plan.storage.segmentSize, false);
}

/**
 * Every mark describes a prefix of the log, and progress is written after its mark. So the
 * watermark of covered offsets is always stored, whichever writer folded them.
 */
export async function withWatermarks(
  plan: Plan,
  readSnapshot: ReadSnapshot,
  { operatorState }: QueryPorts,
): Promise<ReadSnapshot> {
  if (plan.late === undefined) return readSnapshot;
  const { coverage, batchBelow } = readSnapshot;
  const watermarks = await Promise.all(
    Object.entries(coverage).map(async ([name, ranges]) => {
      const { segmentSize } = plan.storage;
      const { watermarkMs } = await readWatermark(
        Number(name),
        batchBelow[name] ?? 0,
        contiguousEnd(ranges),
        segmentSize,
        operatorState,
      );
      return [Number(name), watermarkMs] as const;
    }),
  );
  return withFinality(plan, readSnapshot, new Map(watermarks));
}

function generationsOf({ version }: Scope, { generation }: Pointer): string {
  return `generations ${Math.max(0, generation - 1)} and ${generation} of ${version}`;
}

export function cursorExpired({ generation, version }: Cursor, allowed: string): QueryError {
  return new QueryError('BIFOLD_CURSOR_EXPIRED', {
    failed: 'a page cannot be read: the generation of its cursor is no longer retained',
    received: `generation ${generation} of ${version}`,
    allowed,
    remedy: 'ask again from the first page',
  });
}

function falseCursor(partition: number, next: number): QueryError {
  return new QueryError('BIFOLD_BAD_CURSOR', {
    failed: 'a cursor covers offsets that are not folded yet',
    received: `partition ${partition} up to ${next}`,
    allowed: 'the cursor of the page before, unchanged',
    remedy: 'ask again from the first page',
  });
}

/** A stored read snapshot, if its run is still kept. Null otherwise. */
export function snapshotFromSeal(
  { storage: { segmentSize } }: Pick<Plan, 'storage'>,
  { snapshot }: Pick<ViewQuery, 'snapshot'>,
  sealed: SealedSnapshot,
  pointer: Pointer,
): ReadSnapshot | null {
  if (!stillReadable(sealed, pointer)) return null;
  return snapshot ? snapshotOf(sealed, keptRun(sealed.run, pointer), segmentSize) : unsealSnapshot(sealed, segmentSize);
}

function keptRun(run: string | null, { current, previous }: Pointer): PublishedRun | null {
  return [current, previous].find((kept) => kept !== null && kept.run === run) ?? null;
}
