import { randomBytes } from 'node:crypto';
import {
  aliasStore,
  batchStore,
  bindingStore,
  cursorKeys,
  operatorStateStore,
  planStore,
  speedStore,
} from '@bifold/adapters/cassandra';
import type { Answer, Plan, Scope } from '@bifold/core/engine';
import {
  answerView,
  cursorSeal,
  publishedView,
  type QueryPorts,
  rememberedVersions,
  type ViewPorts,
  withSealedCursors,
} from '@bifold/engine';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { cassandraOfEnvironment, once } from '../deployment/connections.ts';
import { deploymentOf, setting } from '../deployment/environment.ts';
import { logger, MetricUnit, metrics, observed } from '../deployment/observed.ts';
import { respond } from './http.ts';

const { pipeline, scope } = deploymentOf();
const { plan } = pipeline;
const { topicId } = scope;

const client = once(cassandraOfEnvironment);

const ports = once(async (): Promise<ViewPorts> => {
  // Loaded while the database is connected to: it is asked when the function is new, and seldom
  // again.
  const [cassandra, { openBucket, s3Archive, s3Publications }] = await Promise.all([
    client(),
    import('@bifold/adapters/s3'),
  ]);
  const bucket = openBucket(setting('ARCHIVE_BUCKET'));
  const portsOf = (each: Plan, scope: Scope): QueryPorts => {
    const batch = batchStore(cassandra, scope, each.storage);
    const publications = s3Publications(bucket, scope);
    return {
      store: speedStore(cassandra, scope, each.storage),
      batch,
      bindings: bindingStore(cassandra, scope),
      operatorState: operatorStateStore(cassandra, scope),
      published: publishedView(each, { publications, archive: s3Archive(bucket, scope), batch }),
    };
  };
  return {
    aliases: aliasStore(cassandra, { pipeline: plan.name, topicId }),
    ...rememberedVersions(plan, planStore(cassandra), portsOf),
  };
});

const seal = once(async () =>
  cursorSeal({ keys: cursorKeys(await client()), clock: Date.now, newKey: () => randomBytes(32) }),
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
