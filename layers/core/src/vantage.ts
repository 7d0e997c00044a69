import { type OpenSegment, type Vantage, vantageOf } from './answer.ts';
import { withoutRange } from './coverage.ts';
import type { SegmentSize } from './plan.ts';
import type { PublishedRun } from './ports.ts';
import { segmentEnd, segmentOf, segmentStart } from './segment.ts';

/** A vantage that is written down, so that answers can be given from it again: its segments follow from what it covers. */
export type SealedVantage = Pick<Vantage, 'generation' | 'run' | 'coverage' | 'batchBelow'>;

export function sealVantage({ generation, run, coverage, batchBelow }: Vantage): SealedVantage {
  return { generation, run, coverage, batchBelow };
}

/** The vantage that was written down. */
export function unsealVantage(sealed: SealedVantage, segmentSize: SegmentSize): Vantage {
  const { generation, run, coverage, batchBelow } = sealed;
  const segments: OpenSegment[] = [];
  for (const [name, ranges] of Object.entries(coverage)) {
    for (const [from, end] of withoutRange(ranges, [0, batchBelow[name] ?? 0])) {
      // Segments that were complete touch, and are one range: each is covered from its first offset.
      for (let segment = segmentOf(from, segmentSize); segmentStart(segment, segmentSize) < end; segment++) {
        const start = segmentStart(segment, segmentSize);
        const next = Math.min(end, segmentEnd(segment, segmentSize));
        segments.push({ partition: Number(name), segment, start, next });
      }
    }
  }
  return { generation, run, segments, coverage, batchBelow };
}

/** The part of a sealed vantage whose rows all cover the same offsets. `current` is the run that it names. */
export function snapshotOf(sealed: SealedVantage, current: PublishedRun | null, segmentSize: SegmentSize): Vantage {
  const progress = new Map<number, Map<number, number>>();
  for (const { partition, segment, next } of unsealVantage(sealed, segmentSize).segments)
    progress.set(partition, (progress.get(partition) ?? new Map<number, number>()).set(segment, next));
  const pointer = { generation: sealed.generation, current, previous: null };
  return vantageOf(pointer, [...progress.keys()], progress, segmentSize, true);
}
