import { BifoldError } from '@bifold/core';
import { type Answer, QueryError, ViewLostError } from '@bifold/core/engine';
import { NESTING_MAX, parseShallowJson } from '@bifold/engine';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';

const BODY_BYTES_MAX = 1024 * 1024;
const PARAMETER_NAMES_MAX = 32;

type Parameters = Readonly<Record<string, unknown>>;

/**
 * Answers a request. An invalid query is a 400, an expired page a 410. A 503 means that a service
 * is unavailable.
 *
 * @param onFailure called with every error that is not the caller's
 */
export async function respond(
  view: string,
  event: APIGatewayProxyEventV2,
  answer: (parameters: Parameters) => Promise<Answer>,
  onFailure: (error: Error) => void,
): Promise<APIGatewayProxyStructuredResultV2> {
  try {
    return reply(200, await answer(parametersOf(view, event)));
  } catch (error) {
    if (error instanceof QueryError) return reply(error.code === 'BIFOLD_CURSOR_EXPIRED' ? 410 : 400, problem(error));
    onFailure(error as Error);
    // A lost view does not recover by itself. The caller must know what to do, and an empty answer
    // would hide the loss.
    if (error instanceof ViewLostError) return reply(503, problem(error));
    // Services recover, so the caller may try again. Details are in the log.
    return reply(503, { code: error instanceof BifoldError ? error.code : 'BIFOLD_FAILED' });
  }
}

function parametersOf(view: string, event: APIGatewayProxyEventV2): Parameters {
  const asked = event.pathParameters?.pipeline ?? view;
  if (asked !== view) {
    throw new QueryError('BIFOLD_UNKNOWN_VIEW', {
      failed: 'a view was asked for that this API does not serve',
      received: `"${asked.slice(0, 100)}"`,
      allowed: `"${view}"`,
      remedy: 'ask the API of that pipeline',
    });
  }
  if (event.body !== undefined && event.body !== '') return bodyOf(event.body, event.isBase64Encoded);
  const parameters: Record<string, unknown> = { ...event.queryStringParameters };
  // API Gateway joins repeated parameters with commas, and keys contain commas. So read them from
  // the raw query string.
  const keys = new URLSearchParams(event.rawQueryString ?? '').getAll('key');
  if (keys.length > 0) parameters.key = keys;
  return parameters;
}

function bodyOf(body: string, isBase64Encoded: boolean): Parameters {
  const bad = (received: string, cause?: unknown): never => {
    throw new QueryError(
      'BIFOLD_BAD_BODY',
      {
        failed: 'the body of a question cannot be read',
        received,
        allowed: `a JSON object of at most ${BODY_BYTES_MAX} bytes, nested at most ${NESTING_MAX} deep`,
        remedy: 'correct the body',
      },
      { cause },
    );
  };
  const sizeBytes = isBase64Encoded ? Math.floor((body.length * 3) / 4) : Buffer.byteLength(body);
  if (sizeBytes > BODY_BYTES_MAX) return bad(`${sizeBytes} bytes`);
  let parsed: unknown;
  try {
    parsed = parseShallowJson(isBase64Encoded ? Buffer.from(body, 'base64').toString('utf8') : body);
  } catch (cause) {
    return bad(`text that is not such JSON (${(cause as Error).message.slice(0, 100)})`, cause);
  }
  if (parsed === null || typeof parsed !== 'object' || Array.isArray(parsed)) return bad('JSON that is not an object');
  const names = Object.keys(parsed).length;
  return names > PARAMETER_NAMES_MAX ? bad(`an object of ${names} fields`) : (parsed as Parameters);
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
