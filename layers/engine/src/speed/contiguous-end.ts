import { type SegmentSize, type SpeedStore, segmentEnd, segmentOf, segmentStart } from '@bifold/core/engine';

/**
 * The end of the log's prefix whose state entries are all stored. The batch layer wrote those below
 * the cut; above it each complete segment has its own. No record above that end can be judged
 * before the lower ones are stored.
 *
 * @param cut the first segment that is not the batch layer's
 * @param upTo an offset: the prefix is not read beyond its segment
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
