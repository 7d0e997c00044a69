import type { SegmentSize } from '../plan/storage.ts';

/**
 * The segment of an offset. Segments are a pure function of the offset alone, so every layer has
 * the same ones and nothing about them is stored. Exact for every offset below 2^53.
 */
export function segmentOf(offset: number, segmentSize: SegmentSize): number {
  if (typeof segmentSize === 'number') return quotient(offset, segmentSize);
  const { least, most, share } = segmentSize;
  // The size doubles once the offset has reached `share` times the doubled size.
  const doublings = doublingsOf(Math.min(offset / (least * share), most / least));
  return share * doublings + Math.floor(offset / (least * 2 ** doublings));
}

/** First offset of a segment. */
export function segmentStart(segment: number, segmentSize: SegmentSize): number {
  if (typeof segmentSize === 'number') return segment * segmentSize;
  const { least, most, share } = segmentSize;
  const doublings = Math.min(Math.max(Math.floor(segment / share) - 1, 0), doublingsOf(most / least));
  return (segment - share * doublings) * least * 2 ** doublings;
}

/** The end of a segment, exclusive: the first offset of the next one. */
export function segmentEnd(segment: number, segmentSize: SegmentSize): number {
  return segmentStart(segment + 1, segmentSize);
}

/** `segmentOf` in SQL, of an expression that is an offset. */
export function segmentSql(offset: string, segmentSize: SegmentSize): string {
  if (typeof segmentSize === 'number') return `${offset} // ${segmentSize}`;
  const { least, most, share } = segmentSize;
  const cases: string[] = [];
  for (let size = least, first = 0; size < most; size *= 2, first += share)
    cases.push(`WHEN ${offset} < ${2 * share * size} THEN ${first} + ${offset} // ${size}`);
  return `CASE ${cases.join(' ')} ELSE ${share * doublingsOf(most / least)} + ${offset} // ${most} END`;
}

/** Integer division. Plain division could round up to the next whole number above 2^52. */
function quotient(offset: number, size: number): number {
  return (offset - (offset % size)) / size;
}

/** `floor(log2(ratio))`, and 0 below 1. */
function doublingsOf(ratio: number): number {
  return ratio < 1 ? 0 : 31 - Math.clz32(ratio);
}

/** The ways in which the speed layer may treat the segment in which a batch starts (rule 5). */
export type Opening =
  /**
   * Every record of the segment below the batch is folded already, or the batch contains the first
   * record of the segment.
   */
  | { readonly kind: 'open' }
  /**
   * Like `open`. In addition, if the log has nothing in `[from, start)`, the previous segment ends
   * in a hole and is complete.
   */
  | { readonly kind: 'open-after-hole'; readonly from: number }
  /** Records may be missing: the log must be read over `[from, start)`. */
  | { readonly kind: 'ask'; readonly from: number; readonly earlier: number | null };

/**
 * Compares a batch that starts at `start` with the progress of its segment (`next`), and of the
 * previous segment (`previous`, null if there is none). Without stored progress, `next` is the
 * first offset of the segment.
 */
export function openingOf(start: number, segmentSize: SegmentSize, next: number, previous: number | null): Opening {
  const segmentFirst = segmentStart(segmentOf(start, segmentSize), segmentSize);
  const endsInHole = previous !== null && next === segmentFirst && previous < segmentFirst;
  if (start > next) return { kind: 'ask', from: next, earlier: endsInHole ? previous : null };
  // Here the batch starts at the first offset of its segment.
  if (endsInHole) return { kind: 'open-after-hole', from: previous };
  return { kind: 'open' };
}
