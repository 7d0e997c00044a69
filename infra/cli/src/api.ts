import { type Answer, gatherPages } from '@bifold/core/engine';
import type { Context } from './context.ts';
import type { DeploymentRecord } from './deployment/deployments.ts';
import { CheckFailed, CliError, messageOf, UsageError } from './errors.ts';

/** The body of a query to the API. */
export interface QueryBody {
  readonly window?: string;
  readonly keys?: readonly unknown[];
  readonly from?: string;
  readonly to?: string;
  readonly total?: boolean;
  readonly snapshot?: boolean;
  readonly parts?: boolean;
  readonly limit?: number;
  readonly cursor?: string;
}

const PAGE_ROWS_MAX = 10_000;
const PATIENCE_MS = 40_000;
const CURSOR_EXPIRED = 410;
/** Codes for lost data: the API works, so the check has failed, not the service. */
const VIEW_LOST: ReadonlySet<string> = new Set(['BIFOLD_VIEW_LOST', 'BIFOLD_NOTHING_COVERED']);

export function apiUrl({ addresses }: Context, { apiId, pipeline }: DeploymentRecord): string {
  return `${addresses.aws.endpoint}/_aws/execute-api/${apiId}/$default/views/${pipeline}`;
}

/**
 * Sends one query to the deployed API.
 * @throws {UsageError} if the query is wrong, {CliError} if the API is unavailable
 */
export async function ask(context: Context, deployment: DeploymentRecord, query: QueryBody): Promise<Answer> {
  const url = apiUrl(context, deployment);
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(query),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    text = await response.text();
  } catch (cause) {
    throw new CliError(
      'BIFOLD_API_AWAY',
      {
        failed: `the API of "${deployment.pipeline}" does not answer`,
        received: `${messageOf(cause)}${cause instanceof Error && cause.cause ? ` (${messageOf(cause.cause)})` : ''}`,
        allowed: `an answer at ${url}`,
        remedy: 'npx bifold up starts what is away; npx bifold status names it',
      },
      { cause },
    );
  }
  if (response.ok) return JSON.parse(text) as Answer;
  throw refusal(deployment, response.status, text);
}

function refusal({ pipeline }: DeploymentRecord, status: number, text: string): CliError {
  const problem = problemOf(text);
  const code = problem.code ?? 'BIFOLD_API_FAILED';
  const parts = {
    failed: problem.failed ?? `the API of "${pipeline}" cannot answer`,
    received: problem.received ?? `HTTP ${status}: ${text.slice(0, 300) || 'nothing'}`,
    allowed: problem.allowed ?? 'an answer with its receipt',
    remedy: problem.remedy ?? `npx bifold status names what is away; npx bifold logs ${pipeline}-query tells more`,
  };
  if (status === 400) return new UsageError(code, parts);
  if (VIEW_LOST.has(code)) return new CheckFailed(code, parts);
  return status === CURSOR_EXPIRED ? new CursorExpired(code, parts) : new CliError(code, parts);
}

/** The generation of a cursor is no longer kept. The query must start again. */
class CursorExpired extends CliError {}

function problemOf(text: string): Record<string, string | undefined> {
  try {
    const body: unknown = JSON.parse(text);
    return body !== null && typeof body === 'object' ? (body as Record<string, string>) : {};
  } catch {
    return {};
  }
}

const TRIES = 3;

/**
 * Fetches every page of an answer. All pages cover the same offsets, which the first page's cursor
 * fixes. It starts again if two generations were published meanwhile.
 */
export async function askAll(
  context: Context,
  deployment: DeploymentRecord,
  query: QueryBody,
  onPage: (rows: number) => void = () => {},
): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    try {
      const first = await ask(context, deployment, { limit: PAGE_ROWS_MAX, ...query });
      const rows = [...first.rows];
      onPage(rows.length);
      for (let { cursor } = first; cursor !== null; ) {
        const page = await ask(context, deployment, { limit: PAGE_ROWS_MAX, ...query, cursor });
        for (const row of page.rows) rows.push(row);
        onPage(rows.length);
        cursor = page.cursor;
      }
      return gatherPages(first.receipt, rows);
    } catch (error) {
      if (!(error instanceof CursorExpired) || attempt === TRIES) throw error;
    }
  }
}
