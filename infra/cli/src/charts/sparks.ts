const SPARKS = '▁▂▃▄▅▆▇█';
const WIDTH_MAX = 15;

/** A histogram in one line. If there are many bins, pairs of bins are combined. */
export function sparks(counts: readonly number[], most?: number): string {
  const bins = sparkBins(counts);
  const highest = most ?? Math.max(1, ...bins);
  return bins.map((count) => (count === 0 ? ' ' : SPARKS[Math.ceil((count / highest) * SPARKS.length) - 1])).join('');
}

/** The combined bins of a line. */
export function sparkBins(counts: readonly number[]): readonly number[] {
  return counts.length > WIDTH_MAX ? pairs(counts) : counts;
}

function pairs(counts: readonly number[]): readonly number[] {
  return counts.flatMap((count, index) => (index % 2 === 0 ? [count + (counts[index + 1] ?? 0)] : []));
}
