import { type SegmentSize, type SpeedStore, segmentEnd, segmentOf, segmentStart } from '@bifold/core/engine';

/**
 * Where the log's prefix ends of which every state entry is stored: below the cut the batch layer
 * wrote them, from there on each complete segment. Nothing that is above it can be judged before
 * all that is below it was.
 *
 * @param cut the first segment that is not the batch layer's
 * @param upTo an offset: whatever the prefix is beyond its segment, is not asked
 */
export async function contiguousEndOf(
  partition: number,
  cut: number,
  upTo: number,
  segmentSize: SegmentSize,
  store: Pick<SpeedStore, 'readProgress'>,
): Promise<number> {
  const last = Math.max(cut, segmentOf(upTo, segmentSize));
  const progress = await store.readProgress(partition, cut, last + 1);
  for (let segment = cut; ; segment++) {
    const next = progress.get(segment) ?? segmentStart(segment, segmentSize);
    if (segment === last || next < segmentEnd(segment, segmentSize)) return next;
  }
}
