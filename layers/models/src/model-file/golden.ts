import type { Value } from '@bifold/core/engine';
import { ModelError } from '@bifold/core/engine';
import type { Scorer } from '../scoring/scorer.ts';
import { Checks } from './checks.ts';

/**
 * The result of comparing our scores of the golden rows (`golden.json`) with those of scikit-learn.
 */
export interface GoldenResult {
  readonly rows: number;
  /** The number of rows with other scores. */
  readonly different: number;
  readonly first: { readonly row: number; readonly expected: unknown; readonly given: unknown } | null;
}

/**
 * The relative bound for sums of products and for `exp`, because libraries may round differently.
 */
const RELATIVE = 1e-12;
const ROWS_MAX = 100_000;

/**
 * Scores the golden rows of a model. Trees must give the same bits. Linear models and probabilities
 * may differ by 1e-12.
 *
 * @throws {ModelError} if the file is not a set of golden rows
 */
export function checkGolden(scorer: Scorer, bytes: Uint8Array): GoldenResult {
  const { model } = scorer;
  const checks = new Checks(
    (place, received, allowed) =>
      new ModelError('BIFOLD_MODEL_DAMAGED', {
        failed: `the golden vectors of version "${model.version}" of model "${model.name}" cannot be read`,
        received: `${place}: ${received}`,
        allowed,
        remedy: 'train it again',
      }),
  );
  const golden = checks.object('golden.json', checks.json('golden.json', bytes));
  const rows = checks.list('rows', golden.rows, 1, ROWS_MAX);
  const predictions = checks.list('predictions', golden.predictions, rows.length, rows.length);
  const probabilities =
    model.classes === null ? null : checks.list('probabilities', golden.probabilities, rows.length, rows.length);
  const numbers = predictions.filter((value) => typeof value === 'number');
  const usual = numbers.reduce((sum, value) => sum + Math.abs(value), 0) / Math.max(1, numbers.length);
  const usualProbability = model.model.kind === 'forest' ? 0 : 1e-3;
  let different = 0;
  let first: GoldenResult['first'] = null;
  for (let row = 0; row < rows.length; row++) {
    const record = checks.object(`rows[${row}]`, rows[row]);
    const score = scorer.score(model.features.map(({ field }) => (record[field] ?? null) as Value));
    const expected = predictions[row];
    const given = model.classes === null ? score.value : model.classes[score.chosen];
    const equal =
      model.classes === null
        ? isNear(given as number, expected as number, model.model.kind === 'linear' ? usual : 0)
        : given === expected &&
          checks
            .finites(`probabilities[${row}]`, probabilities?.[row], model.classes.length)
            .every((probability, index) => isNear(score.probabilities[index] as number, probability, usualProbability));
    if (equal) continue;
    different++;
    first ??= { row, expected, given };
  }
  return { rows: rows.length, different, first };
}

/**
 * Whether two numbers are equal within 1e-12, relative to the larger of the value and `usual`. If
 * `usual` is zero, they must have the same bits.
 */
function isNear(given: number, expected: number, usual: number): boolean {
  return (
    given === expected || (usual > 0 && Math.abs(given - expected) <= RELATIVE * Math.max(Math.abs(expected), usual))
  );
}
