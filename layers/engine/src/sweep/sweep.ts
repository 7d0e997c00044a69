import {
  type BatchStore,
  isSweepableRun,
  partitionsOf,
  type SpeedStore,
  type SweepLedger,
  sweepableSegments,
  type ViewStore,
} from '@bifold/core/engine';
import type { PublishedView } from '../query/published.ts';

export interface SweepPorts {
  readonly store: SpeedStore;
  readonly ledger: SweepLedger;
  readonly batch: BatchStore;
  readonly published: Pick<PublishedView, 'check'>;
  readonly views: ViewStore;
  /** Whether there is time for more. */
  readonly hasTime: () => boolean;
}

export interface Swept {
  readonly generation: number;
  /** Segments whose fragments were deleted, over all partitions. */
  readonly segments: number;
  readonly runs: readonly string[];
  /** False if time ran out. The next sweep continues. */
  readonly complete: boolean;
}

/**
 * Rule 9: the only function that deletes. It deletes fragments below the lower of the pointer's two
 * cuts, and runs up to the pointer's generation that the pointer does not name. A run that is being
 * written has a higher generation, or loses its compare-and-set.
 * @throws {ViewLostError} when the database lacks what was published
 */
export async function sweep({ store, ledger, batch, published, views, hasTime }: SweepPorts): Promise<Swept> {
  const pointer = await batch.readPointer('serial');
  // In an emptied database, the pointer may name a run that a late writer published. The runs that
  // it does not name may then be those that a restore is writing.
  await published.check(pointer);
  let segments = 0;
  let complete = true;
  for (const partition of partitionsOf(pointer.current)) {
    const below = sweepableSegments(pointer, partition);
    const from = await ledger.sweptBelow(partition);
    for (let segment = from; segment < below && complete; segment += SEGMENTS_AT_ONCE) {
      const to = Math.min(below, segment + SEGMENTS_AT_ONCE);
      await store.deleteFragmentsBelow(partition, segment, to);
      await ledger.markSwept(partition, to);
      segments += to - segment;
      complete = hasTime();
    }
  }
  const runs: string[] = [];
  for (const entry of await batch.listRuns()) {
    if (!complete || !isSweepableRun(pointer, entry.run, entry.generation)) continue;
    await views.deleteRun(entry.run);
    await batch.deleteRun(entry);
    runs.push(entry.run);
    complete = hasTime();
  }
  return { generation: pointer.generation, segments, runs, complete };
}

const SEGMENTS_AT_ONCE = 16;
