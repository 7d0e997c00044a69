import { BifoldError } from '@bifold/core';

/** A place in the models bucket, for a training table and the result of training. */
export interface DraftPlace {
  readonly bucket: string;
  /** Ends with a slash. */
  readonly prefix: string;
}

/** The files that `train.py` writes. */
export const LEARNED_FILES = [
  'fitted.json',
  'golden.json',
  'metrics.json',
  'shown.json',
  'libraries.json',
  'model.onnx',
] as const;
export const TABLE_FILE = 'table.parquet';
export const REQUEST_FILE = 'request.json';

/** The reason why training is not possible, in the four parts of every error. */
export interface Refusal {
  readonly code: string;
  readonly failed: string;
  readonly received: string;
  readonly allowed: string;
  readonly remedy: string;
}

/**
 * Trains from the table and the request at a place. Returns null on success.
 *
 * @throws when the learner did not finish; a retry may succeed
 */
export type Learn = (place: DraftPlace) => Promise<Refusal | null>;

/** The learner was terminated, for example by its timeout. */
class LearnerError extends BifoldError {}

/** The Python function of the stack. */
export function learnerFunction(name: string): Learn {
  return async (place) => {
    const { InvokeCommand, LambdaClient } = await import('@aws-sdk/client-lambda');
    const client = new LambdaClient({ maxAttempts: 1, requestHandler: { requestTimeout: LEARN_WITHIN_MS } });
    try {
      const { FunctionError, Payload } = await client.send(
        new InvokeCommand({ FunctionName: name, Payload: Buffer.from(JSON.stringify(place)) }),
      );
      const text = Buffer.from(Payload ?? []).toString();
      if (FunctionError === undefined) return (JSON.parse(text) as { readonly refused: Refusal | null }).refused;
      throw new LearnerError('BIFOLD_TRAINING_FAILED', {
        failed: 'training ended without a model',
        received: text.slice(0, 2_000),
        allowed: 'a run that ends well',
        remedy: `look at the log of ${name}; with too little memory or time, learn from fewer rows or smaller trees`,
      });
    } finally {
      client.destroy();
    }
  };
}

/** Slightly longer than the timeout of the learner. */
const LEARN_WITHIN_MS = 13 * 60_000;
