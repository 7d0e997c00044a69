/** The segment of an offset: `floor(offset / segmentSize)`. */
export function segmentOf(offset: number, segmentSize: number): number {
  return Math.floor(offset / segmentSize);
}

/** First offset of a segment. */
export function segmentStart(segment: number, segmentSize: number): number {
  return segment * segmentSize;
}

/** What the speed layer may do with the segment in which a batch starts: rule 5. */
export type Opening =
  /** Every record of the segment below the batch is folded already, or the batch holds the segment's first. */
  | { readonly kind: 'open' }
  /** As `open`; and if the log has nothing in `[from, start)`, the segment before this one is complete too: it ends in a hole. */
  | { readonly kind: 'open-after-hole'; readonly from: number }
  /** Records may be missing: the log must tell what stands in `[from, start)`. */
  | { readonly kind: 'ask'; readonly from: number; readonly earlier: number | null };

/**
 * How a batch that starts at `start` meets the progress of its segment (`next`) and of the one before it (`previous`, null for the first segment).
 * Absent progress is the segment's first offset.
 */
export function openingOf(start: number, segmentSize: number, next: number, previous: number | null): Opening {
  const segmentFirst = segmentStart(segmentOf(start, segmentSize), segmentSize);
  const endsInHole = previous !== null && next === segmentFirst && previous < segmentFirst;
  if (start > next) return { kind: 'ask', from: next, earlier: endsInHole ? previous : null };
  // The batch starts at the segment's first offset then: its progress is there.
  if (endsInHole) return { kind: 'open-after-hole', from: previous };
  return { kind: 'open' };
}
