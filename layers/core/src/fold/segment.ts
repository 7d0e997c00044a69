import type { SegmentSize } from '../plan/storage.ts';

/**
 * The segment of an offset. Segments are a pure function of the offset alone, so every layer has
 * the same ones and nothing about them is stored. Exact for every offset below 2^53.
 */
export function segmentOf(offset: number, segmentSize: SegmentSize): number {
  if (typeof segmentSize === 'number') return quotient(offset, segmentSize);
  const { least, most, share } = segmentSize;
  // The size doubles where a segment of twice the size is 1/share of the offsets below it.
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

/** Without the rounding of a division, which could reach the next whole number above 2^52. */
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
   * Every record of the segment below the batch is folded already, or the batch holds the segment's
   * first.
   */
  | { readonly kind: 'open' }
  /**
   * As `open`; and if the log has nothing in `[from, start)`, the segment before this one is
   * complete too: it ends in a hole.
   */
  | { readonly kind: 'open-after-hole'; readonly from: number }
  /** Records may be missing: the log must be read over `[from, start)`. */
  | { readonly kind: 'ask'; readonly from: number; readonly earlier: number | null };

/**
 * Compares a batch that starts at `start` with the progress of its segment (`next`) and of the one
 * before it (`previous`, null for the first segment). Absent progress is the segment's first
 * offset.
 */
export function openingOf(start: number, segmentSize: SegmentSize, next: number, previous: number | null): Opening {
  const segmentFirst = segmentStart(segmentOf(start, segmentSize), segmentSize);
  const endsInHole = previous !== null && next === segmentFirst && previous < segmentFirst;
  if (start > next) return { kind: 'ask', from: next, earlier: endsInHole ? previous : null };
  // The batch starts at the segment's first offset then: its progress is there.
  if (endsInHole) return { kind: 'open-after-hole', from: previous };
  return { kind: 'open' };
}
