import { ModelError } from '@bifold/core/engine';
import type { GoldenResult } from '@bifold/models/engine';

/**
 * The scores of ONNX Runtime for the golden rows, with the ONNX file of a version.
 * functions/src/train/learner/onnx_form.py judges them.
 */
export interface OnnxJudgement {
  readonly rows: number;
  /**
   * The largest error: relative for numbers, absolute for probabilities. Null if a score is not
   * finite.
   */
  readonly maxDifference: number | null;
  /** The number of rows with an error beyond the documented bound, or with another class. */
  readonly different: number;
  /** Absent in versions of earlier releases. */
  readonly wrongLabels?: number;
  /** The version of ONNX Runtime; absent in versions of earlier releases. */
  readonly runtime?: string;
}

/**
 * Checks that a version may be used: Bifold and ONNX Runtime must give the scores of scikit-learn
 * for its golden rows.
 *
 * @throws {ModelError}
 */
export function checkFidelity(name: string, version: string, golden: GoldenResult, onnx: OnnxJudgement | null): void {
  if (golden.different > 0) throw goldenDiffers(name, version, golden);
  if (onnx !== null && onnx.different > 0) throw onnxDiffers(name, version, onnxText(onnx));
}

export function goldenText({ different, rows, first }: GoldenResult): string {
  const example = first === null ? '' : `; row ${first.row}: ${first.given}, in training ${first.expected}`;
  return `${different} of ${rows} golden rows scored otherwise${example}`;
}

export function onnxText({ different, rows, wrongLabels, runtime }: OnnxJudgement): string {
  const under = runtime === undefined ? 'ONNX Runtime' : `ONNX Runtime ${runtime}`;
  const labels = wrongLabels === undefined ? '' : `, ${wrongLabels} of them in their class`;
  return `${different} of ${rows} golden rows differ under ${under}${labels}`;
}

function goldenDiffers(name: string, version: string, golden: GoldenResult): ModelError {
  return new ModelError('BIFOLD_GOLDEN_DIFFERS', {
    failed: `version "${version}" of model "${name}" is not scored here as scikit-learn scored it`,
    received: goldenText(golden),
    allowed: 'the same bits for trees, errors of at most 1e-12 for linear models and probabilities (docs/models.md)',
    remedy: `train it again with this release: npx bifold train ${name}`,
  });
}

export function onnxDiffers(name: string, version: string, received: string): ModelError {
  return new ModelError('BIFOLD_ONNX_DIFFERS', {
    failed: `the ONNX file of version "${version}" of model "${name}" does not score as scikit-learn does`,
    received,
    allowed: 'errors within the bound of its kind of model (docs/models.md)',
    remedy: `train it again with this release: npx bifold train ${name}`,
  });
}
