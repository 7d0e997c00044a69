import {
  NO_WATERMARK_MS,
  type OperatorStateStore,
  type SegmentSize,
  segmentOf,
  watermarkId,
} from '@bifold/core/engine';

/**
 * The number of segments in one read of marks. The last mark is nearly always in the first read.
 */
const MARKS_AT_ONCE = 64;

/**
 * The last stored watermark below an offset, and the first offset that it does not include. The
 * batch layer always stores one at its cut.
 *
 * @param cut the offset below which the batch layer covers everything
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
