import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import { messageOf } from './errors.ts';

/** Why an attempt did not succeed. All of them are retried; the name is for the state. */
export type FailureKind = 'function-error' | 'throttled' | 'not-found' | 'refused' | 'unreachable' | 'aborted';

export type InvokeResult =
  | { readonly kind: 'succeeded' }
  | { readonly kind: 'failed'; readonly failure: FailureKind; readonly message: string };

/**
 * One synchronous invocation. Never throws and never retries: who calls knows what an attempt means
 * for its offsets.
 */
export type Invoke = (functionArn: string, payload: Buffer, signal: AbortSignal) => Promise<InvokeResult>;

const messageLengthMax = 500;

/**
 * Invokes through the Lambda API. The client must have `maxAttempts: 1`, so that attempts are
 * counted here.
 */
export function lambdaInvoke(lambda: LambdaClient): Invoke {
  return async (functionArn, payload, signal) => {
    try {
      const command = new InvokeCommand({
        FunctionName: functionArn,
        InvocationType: 'RequestResponse',
        Payload: payload,
      });
      const answer = await lambda.send(command, { abortSignal: signal });
      if (answer.FunctionError === undefined) return { kind: 'succeeded' };
      const text = Buffer.from(answer.Payload ?? []).toString('utf8');
      return failed('function-error', `${answer.FunctionError}: ${text}`);
    } catch (error) {
      if (signal.aborted) return failed('aborted', 'the trigger is stopping');
      return failed(kindOf(error), messageOf(error));
    }
  };
}

function failed(failure: FailureKind, message: string): InvokeResult {
  return { kind: 'failed', failure, message: message.slice(0, messageLengthMax) };
}

function kindOf(error: unknown): FailureKind {
  const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
  if (status === 429) return 'throttled';
  if (status === 404) return 'not-found';
  if (status !== undefined && status < 500) return 'refused';
  return 'unreachable';
}
