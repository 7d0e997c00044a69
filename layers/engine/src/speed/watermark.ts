import {
  NO_WATERMARK_MS,
  type OperatorStateStore,
  type SegmentSize,
  segmentOf,
  watermarkId,
} from '@bifold/core/engine';

/** So many segments are asked at once for a mark: the last one is nearly always near. */
const MARKS_AT_ONCE = 64;

/**
 * The last mark of the watermark below an offset, and where what it has not seen begins. At the cut
 * there is always one, which the batch layer left.
 *
 * @param cut the offset below which all belongs to the batch layer
 */
export async function readWatermark(
  partition: number,
  cut: number,
  upTo: number,
  segmentSize: SegmentSize,
  operatorState: Pick<OperatorStateStore, 'read'>,
): Promise<{ readonly next: number; readonly watermarkMs: number }> {
  const first = segmentOf(Math.max(0, cut - 1), segmentSize);
  for (let last = segmentOf(Math.max(0, upTo - 1), segmentSize); last >= first; last -= MARKS_AT_ONCE) {
    const from = Math.max(first, last - MARKS_AT_ONCE + 1);
    const wanted = Array.from({ length: last - from + 1 }, (_, index) => ({
      id: watermarkId(from + index),
      fromMs: NO_WATERMARK_MS,
      toMs: -NO_WATERMARK_MS,
    }));
    const marks = (await operatorState.read(partition, wanted)).filter(
      ({ offset }) => offset < upTo && offset >= cut - 1,
    );
    if (marks.length === 0) continue;
    const { offset, timeMs } = marks.reduce((one, other) => (other.offset > one.offset ? other : one));
    return { next: offset + 1, watermarkMs: timeMs };
  }
  return { next: cut, watermarkMs: NO_WATERMARK_MS };
}
