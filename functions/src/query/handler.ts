import { appearanceStore, batchStore, bindingStore, speedStore } from '@bifold/adapters/cassandra';
import { BifoldError, QuestionError, ViewLostError } from '@bifold/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { cassandraOfEnvironment, once } from '../deployment/connections.ts';
import { deploymentOf, setting } from '../deployment/environment.ts';
import { logger, MetricUnit, metrics, observed } from '../deployment/observed.ts';
import { publishedView } from '../published.ts';
import { answerQuestion, type QueryPorts } from './answer.ts';
import { questionOf } from './question.ts';

const { pipeline, scope } = deploymentOf();
const { plan } = pipeline;

const ports = once(async (): Promise<QueryPorts> => {
  // Loaded while the database is connected to: it is asked when the function is new, and seldom again.
  const [client, { openBucket, s3Archive, s3Publications }] = await Promise.all([
    cassandraOfEnvironment(),
    import('@bifold/adapters/s3'),
  ]);
  const bucket = openBucket(setting('ARCHIVE_BUCKET'));
  const batch = batchStore(client, scope, plan.storage);
  return {
    store: speedStore(client, scope, plan.storage),
    batch,
    bindings: bindingStore(client, scope),
    appearances: appearanceStore(client, scope),
    published: publishedView(plan, {
      publications: s3Publications(bucket, scope),
      archive: s3Archive(bucket, scope),
      batch,
    }),
  };
});

const BODY_BYTES_MAX = 1024 * 1024;

/** `GET /views/{pipeline}?window=...` or the same parameters as a JSON body of `POST`: merged rows with their receipt. */
export const handler = observed(async (event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> => {
  try {
    const answer = await answerQuestion(plan, scope, questionOf(plan, parametersOf(event)), await ports());
    metrics.addMetric('rows', MetricUnit.Count, answer.rows.length);
    logger.info('answered', { rows: answer.rows.length, generation: answer.receipt.generation });
    return reply(200, answer);
  } catch (error) {
    if (error instanceof QuestionError)
      return reply(error.code === 'BIFOLD_CURSOR_EXPIRED' ? 410 : 400, problem(error));
    logger.error('a question was not answered', error as Error);
    // Nothing comes back by itself: the caller must know what to do, and an empty answer would hide it.
    if (error instanceof ViewLostError) return reply(503, problem(error));
    // What is away comes back: the caller may try again. Details stay in the log.
    return reply(503, { code: error instanceof BifoldError ? error.code : 'BIFOLD_FAILED' });
  }
});

function parametersOf(event: APIGatewayProxyEventV2): Record<string, unknown> {
  const view = event.pathParameters?.pipeline ?? plan.name;
  if (view !== plan.name) {
    throw new QuestionError('BIFOLD_UNKNOWN_VIEW', {
      failed: 'a view was asked for that this API does not serve',
      received: `"${view.slice(0, 100)}"`,
      allowed: `"${plan.name}"`,
      remedy: 'ask the API of that pipeline',
    });
  }
  if (event.body !== undefined && event.body !== '') return bodyOf(event.body, event.isBase64Encoded);
  const parameters: Record<string, unknown> = { ...event.queryStringParameters };
  // API Gateway joins repeated parameters with commas, which keys contain: they are read from the raw query string.
  const keys = new URLSearchParams(event.rawQueryString ?? '').getAll('key');
  if (keys.length > 0) parameters.key = keys;
  return parameters;
}

function bodyOf(body: string, isBase64Encoded: boolean): Record<string, unknown> {
  const bad = (received: string, cause?: unknown): never => {
    throw new QuestionError(
      'BIFOLD_BAD_BODY',
      {
        failed: 'the body of a question cannot be read',
        received,
        allowed: `a JSON object of at most ${BODY_BYTES_MAX} bytes`,
        remedy: 'correct the body',
      },
      { cause },
    );
  };
  if (body.length > BODY_BYTES_MAX) return bad(`${body.length} bytes`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(isBase64Encoded ? Buffer.from(body, 'base64').toString('utf8') : body);
  } catch (cause) {
    return bad('text that is not JSON', cause);
  }
  return parsed !== null && typeof parsed === 'object' && !Array.isArray(parsed)
    ? (parsed as Record<string, unknown>)
    : bad('JSON that is no object');
}

function problem({ code, explanation }: BifoldError): object {
  return { code, ...explanation };
}

function reply(statusCode: number, body: unknown): APIGatewayProxyStructuredResultV2 {
  return {
    statusCode,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: JSON.stringify(body),
  };
}
