import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware';
import { ProtocolError } from '@bifold/core/engine';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';

/** Log lines as JSON, with their request id. Payloads and secrets are never logged. */
export const logger = new Logger();
export const metrics = new Metrics();
export { MetricUnit };

/**
 * Wraps a handler with its log context and metrics. A failure is logged once, with its code, and
 * rethrown, so that Lambda retries.
 */
export function observed<Event, Result>(handle: (event: Event, context: Context) => Promise<Result>) {
  return middy<Event, Result>({ timeoutEarlyResponse: outOfTime })
    .use(injectLambdaContext(logger))
    .use(logMetrics(metrics))
    .onError(({ error }) => {
      logger.error('invocation failed', error as Error);
      metrics.addMetric('failed', MetricUnit.Count, 1);
    })
    .handler(handle);
}

/**
 * Runs shortly before the timeout, because Lambda ends the process without a report. Aborting is
 * safe: unfinished work has written only valid data.
 */
function outOfTime(): never {
  throw new ProtocolError('BIFOLD_OUT_OF_TIME', {
    failed: 'the invocation timed out',
    received: 'no answer of a service, or more work than fits',
    allowed: "an end before the function's timeout",
    remedy:
      'nothing: it is tried again; if that fails too, look which service does not answer, or deploy with a longer timeout',
  });
}

/** The time that a job reserves for a regular end before the timeout. */
const RESERVE_MS = 20_000;

/** Tells whether an invocation has time for another step. */
export function timeLeft(context: Pick<Context, 'getRemainingTimeInMillis'>): () => boolean {
  return () => context.getRemainingTimeInMillis() > RESERVE_MS;
}
