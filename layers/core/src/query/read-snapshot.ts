import { segmentEnd, segmentOf, segmentStart } from '../fold/segment.ts';
import type { SegmentSize } from '../plan/storage.ts';
import type { PublishedRun } from '../ports/batch-store.ts';
import { type OpenSegment, type ReadSnapshot, readSnapshotOf } from './answer.ts';
import { withoutRange } from './coverage.ts';

/** The stored form of a read snapshot. Its open segments are computed from its coverage. */
export type SealedSnapshot = Pick<ReadSnapshot, 'generation' | 'run' | 'coverage' | 'batchBelow'>;

export function sealSnapshot({ generation, run, coverage, batchBelow }: ReadSnapshot): SealedSnapshot {
  return { generation, run, coverage, batchBelow };
}

/** Reads a stored read snapshot. */
export function unsealSnapshot(sealed: SealedSnapshot, segmentSize: SegmentSize): ReadSnapshot {
  const { generation, run, coverage, batchBelow } = sealed;
  const segments: OpenSegment[] = [];
  for (const [name, ranges] of Object.entries(coverage)) {
    for (const [from, end] of withoutRange(ranges, [0, batchBelow[name] ?? 0])) {
      // Adjacent complete segments form one range. Each is covered from its first offset.
      for (let segment = segmentOf(from, segmentSize); segmentStart(segment, segmentSize) < end; segment++) {
        const start = segmentStart(segment, segmentSize);
        const next = Math.min(end, segmentEnd(segment, segmentSize));
        segments.push({ partition: Number(name), segment, start, next });
      }
    }
  }
  return { generation, run, segments, coverage, batchBelow };
}

/**
 * The part of a sealed read snapshot whose rows all cover the same offsets. `current` is the run
 * that it names.
 */
export function snapshotOf(
  sealed: SealedSnapshot,
  current: PublishedRun | null,
  segmentSize: SegmentSize,
): ReadSnapshot {
  const progress = new Map<number, Map<number, number>>();
  for (const { partition, segment, next } of unsealSnapshot(sealed, segmentSize).segments)
    progress.set(partition, (progress.get(partition) ?? new Map<number, number>()).set(segment, next));
  const pointer = { generation: sealed.generation, current, previous: null };
  return readSnapshotOf(pointer, [...progress.keys()], progress, segmentSize, true);
}
