import type { AnswerRow, Plan } from '@bifold/core/engine';
import type { Distribution } from '../model-file/distribution.ts';
import type { ModelFile } from '../model-file/model-file.ts';
import { type DriftMeasures, driftMeasures, THRESHOLDS, type Thresholds, type Verdict } from './measures.ts';

/**
 * The parts of a drift plan: the key that names the version, the count of records, and the
 * histogram of each feature and of the score.
 */
export interface DriftPlan {
  readonly model: string;
  readonly version: string;
  readonly records: string;
  /** `feature` is null for the score. */
  readonly bins: readonly { readonly aggregate: string; readonly feature: string | null }[];
}

/** The drift of one feature, or of the score. */
export interface FeatureDrift extends DriftMeasures {
  /** Null for the score. */
  readonly feature: string | null;
  readonly type: Distribution['type'];
  /**
   * The content of each bin: the edges between numbers; or values, after which one bin holds all
   * others.
   */
  readonly bins: readonly (string | number | boolean)[];
  /** Counts of the bins, in training and in the stream. */
  readonly trained: readonly number[];
  readonly now: readonly number[];
}

/** The drift of one version in one window: its records compared with its training data. */
export interface DriftReport {
  readonly model: string;
  readonly version: string;
  readonly window: AnswerRow['window'];
  readonly records: number;
  /** The number of training rows for the features, and of held-out rows for the score. */
  readonly rows: { readonly features: number; readonly score: number };
  /** The worst verdict of all features and the score. */
  readonly verdict: Verdict;
  /** The score first, then the features in the order of the model. */
  readonly drifts: readonly FeatureDrift[];
}

/** Null if the plan is not a drift plan. */
export function driftPlanOf({ models = [], groupBy, aggregates }: Plan): DriftPlan | null {
  for (const { name: model, columns } of models) {
    const version = columns.find(
      ({ name, output }) => output === 'version' && groupBy.length === 1 && groupBy[0] === name,
    );
    const records = aggregates.find(({ kind, where }) => kind === 'count' && where === null);
    if (version === undefined || records === undefined) continue;
    const bins = columns
      .filter(({ output }) => output === 'bin')
      .flatMap(({ name, of }) => {
        const counted = aggregates.find(
          ({ kind, field, where }) => kind === 'histogram' && field === name && where === null,
        );
        return counted === undefined ? [] : [{ aggregate: counted.name, feature: of === null ? null : String(of) }];
      });
    return { model, version: version.name, records: records.name, bins };
  }
  return null;
}

const WORST: readonly Verdict[] = ['drifted', 'moved', 'unknown', 'stable'];

/**
 * The drift of one row of a drift view, for the version in its key.
 *
 * @throws {RangeError} when that version kept no distributions: ask before
 */
export function driftOf(
  { model, version, records: counted, bins }: DriftPlan,
  { key, window, values }: AnswerRow,
  { distributions, features }: ModelFile,
  thresholds: Thresholds = THRESHOLDS,
): DriftReport {
  if (distributions === undefined)
    throw new RangeError(`version "${key[version]}" of "${model}" kept no distributions`);
  const records = Number(values[counted]);
  const drifts = bins.flatMap(({ aggregate, feature }): readonly FeatureDrift[] => {
    const index = features.findIndex(({ field }) => field === feature);
    const trained = feature === null ? distributions.score : distributions.features[index];
    // A version that lacks a feature is never bound to a segment, so this case does not occur in
    // counts.
    if (trained === undefined) return [];
    const now = (values[aggregate] as readonly number[]).slice(0, trained.counts.length);
    const present = now.reduce((total, each) => total + each, 0);
    const { type, counts, nulls } = trained;
    return [
      {
        feature,
        type,
        bins: type === 'number' ? trained.edges : trained.values,
        trained: counts,
        now,
        ...driftMeasures({ nulls, counts }, { nulls: records - present, counts: now }, type === 'number', thresholds),
      },
    ];
  });
  const rowsOf = ({ nulls, counts }: Distribution) => counts.reduce((total, each) => total + each, nulls);
  return {
    model,
    version: String(key[version]),
    window,
    records,
    rows: { features: rowsOf(distributions.features[0] as Distribution), score: rowsOf(distributions.score) },
    verdict: WORST.find((verdict) => drifts.some((each) => each.verdict === verdict)) ?? 'unknown',
    drifts,
  };
}
