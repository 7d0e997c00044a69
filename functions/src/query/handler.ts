import { randomBytes } from 'node:crypto';
import type { Answer, Plan, Scope } from '@bifold/core/engine';
import {
  answerView,
  cursorSeal,
  type QueryPorts,
  rememberedVersions,
  type ViewPorts,
  withSealedCursors,
} from '@bifold/engine';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { once, storesOfEnvironment } from '../deployment/connections.ts';
import { deploymentOf } from '../deployment/environment.ts';
import { logger, MetricUnit, metrics, observed } from '../deployment/observed.ts';
import { publishedOf } from '../deployment/published.ts';
import { respond } from './http.ts';

const { pipeline, scope } = deploymentOf();
const { plan } = pipeline;
const { topicId } = scope;

const stores = once(storesOfEnvironment);

const ports = once(async (): Promise<ViewPorts> => {
  const { database, archive } = await stores();
  const portsOf = (each: Plan, scope: Scope): QueryPorts => {
    const batch = database.batch(scope, each.storage);
    return {
      store: database.speed(scope, each.storage),
      batch,
      bindings: database.bindings(scope),
      operatorState: database.operatorState(scope),
      published: publishedOf(each, scope, archive, batch),
    };
  };
  return {
    aliases: database.aliases({ pipeline: plan.name, topicId }),
    ...rememberedVersions(plan, database.plans, portsOf),
  };
});

const seal = once(async () =>
  cursorSeal({ keys: (await stores()).database.cursorKeys, clock: Date.now, newKey: () => randomBytes(32) }),
);

/**
 * `GET /views/{pipeline}?window=...` or the same parameters as a JSON body of `POST`: merged rows
 * with their receipt.
 */
export const handler = observed((event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> => {
  const answerTo = async (parameters: Readonly<Record<string, unknown>>): Promise<Answer> => {
    const answer = await withSealedCursors(seal, parameters, async (opened) =>
      answerView(plan, topicId, opened, await ports()),
    );
    metrics.addMetric('rows', MetricUnit.Count, answer.rows.length);
    const { version, generation } = answer.receipt;
    logger.info('answered', { rows: answer.rows.length, version, generation });
    return answer;
  };
  return respond(plan.name, event, answerTo, (error) => logger.error('a question was not answered', error));
});
