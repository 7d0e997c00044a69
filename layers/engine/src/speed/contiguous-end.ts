import { type SegmentSize, type SpeedStore, segmentEnd, segmentOf, segmentStart } from '@bifold/core/engine';

/**
 * The end of the prefix of the log for which all operator state is stored. The batch layer stores
 * it below the cut, the speed layer above, up to the progress of each segment. Stateful operators
 * cannot run beyond this end.
 *
 * @param cut the first segment that the batch layer does not cover
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
