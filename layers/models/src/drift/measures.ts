/** Counts of the same bins, in training and in the stream. */
export interface Counts {
  readonly nulls: number;
  readonly counts: readonly number[];
}

/** The limits from which a PSI is moderate, and from which it is large. */
export interface Thresholds {
  readonly moved: number;
  readonly drifted: number;
}

/**
 * Siddiqi, Credit Risk Scorecards (2006), p. 137: less than 0.1 is no change, more than 0.25 a
 * significant one.
 */
export const THRESHOLDS: Thresholds = Object.freeze({ moved: 0.1, drifted: 0.25 });

export type Verdict = 'stable' | 'moved' | 'drifted' | 'unknown';

/** The distance of two distributions. Measures are null if either has no records. */
export interface DriftMeasures {
  /** Population stability index, over the bins and nulls. */
  readonly psi: number | null;
  /** The value that chance alone exceeds once in a thousand times, for these numbers of records. */
  readonly psiByChance: number | null;
  /**
   * Kolmogorov-Smirnov: the largest distance of both cumulative shares, at the edges of the bins,
   * without nulls; null for categories, too.
   */
  readonly ks: number | null;
  readonly ksByChance: number | null;
  /** Shares of nulls. */
  readonly nulls: { readonly trained: number; readonly now: number };
  readonly verdict: Verdict;
}

/**
 * The quantile that is exceeded once in a thousand times: of the normal distribution, and of
 * Kolmogorov's.
 */
const NORMAL_RARE = 3.0902323061678132;
const KOLMOGOROV_RARE = Math.sqrt(Math.log(2 / 0.001) / 2);

/**
 * Measures the drift between two counts of the same bins.
 * @param ordered whether the bins stand in an order: those of numbers do
 */
export function driftMeasures(
  then: Counts,
  now: Counts,
  ordered: boolean,
  thresholds: Thresholds = THRESHOLDS,
): DriftMeasures {
  const hasNulls = then.nulls + now.nulls > 0;
  const all = ({ nulls, counts }: Counts) => (hasNulls ? [...counts, nulls] : counts);
  const [before, after] = [all(then), all(now)];
  const [rows, records] = [totalOf(before), totalOf(after)];
  const known = rows > 0 && records > 0;
  const psi = known ? psiOf(before, after) : null;
  const psiByChance = known ? rareChiSquare(before.length - 1) * (1 / rows + 1 / records) : null;
  const [thenNumbers, nowNumbers] = [totalOf(then.counts), totalOf(now.counts)];
  const hasSteps = ordered && thenNumbers > 0 && nowNumbers > 0;
  return {
    psi,
    psiByChance,
    ks: hasSteps ? ksOf(then.counts, now.counts) : null,
    ksByChance: hasSteps ? KOLMOGOROV_RARE * Math.sqrt(1 / thenNumbers + 1 / nowNumbers) : null,
    nulls: { trained: rows === 0 ? 0 : then.nulls / rows, now: records === 0 ? 0 : now.nulls / records },
    verdict: psi === null ? 'unknown' : verdictOf(psi, psiByChance as number, thresholds),
  };
}

/**
 * A value that chance alone explains is not drift, however large it is: the PSI of few records is
 * large by itself.
 */
function verdictOf(psi: number, psiByChance: number, { moved, drifted }: Thresholds): Verdict {
  if (psi <= psiByChance || psi < moved) return 'stable';
  return psi <= drifted ? 'moved' : 'drifted';
}

/**
 * The population stability index: the Kullback-Leibler divergence in both directions. Half a record
 * is added to each bin (Jeffreys), so that an empty bin does not make it infinite.
 */
export function psiOf(then: readonly number[], now: readonly number[]): number {
  const [rows, records] = [totalOf(then) + then.length / 2, totalOf(now) + now.length / 2];
  let sum = 0;
  for (let bin = 0; bin < then.length; bin++) {
    const [before, after] = [((then[bin] as number) + 0.5) / rows, ((now[bin] as number) + 0.5) / records];
    sum += (after - before) * Math.log(after / before);
  }
  return sum;
}

/** The largest distance of two cumulative shares. */
export function ksOf(then: readonly number[], now: readonly number[]): number {
  const [rows, records] = [totalOf(then), totalOf(now)];
  let [below, belowNow, largest] = [0, 0, 0];
  for (let bin = 0; bin < then.length; bin++) {
    below += then[bin] as number;
    belowNow += now[bin] as number;
    largest = Math.max(largest, Math.abs(below / rows - belowNow / records));
  }
  return largest;
}

/**
 * The chi-square quantile that is exceeded once in a thousand times, by Wilson and Hilferty (1931),
 * within 4 %. The PSI of two samples of one distribution, divided by `1 / rows + 1 / records`, is
 * about chi-square: Yurdakul and Naranjo, Statistical properties of the population stability index
 * (2020).
 */
export function rareChiSquare(degrees: number): number {
  if (degrees === 0) return 0;
  const spread = 2 / (9 * degrees);
  return degrees * (1 - spread + NORMAL_RARE * Math.sqrt(spread)) ** 3;
}

function totalOf(counts: readonly number[]): number {
  return counts.reduce((total, each) => total + each, 0);
}
