/** Places drawn records in two partitions, with a drawn distance between their offsets. */
export function placed<T extends { readonly partition: number; readonly skipped: number }>(
  drawn: readonly T[],
): readonly (Omit<T, 'skipped'> & { readonly offset: number })[] {
  const ends = [0, 0];
  return drawn.map(({ skipped, ...record }) => {
    const offset = (ends[record.partition] as number) + skipped;
    ends[record.partition] = offset + 1;
    return { ...record, offset };
  });
}
