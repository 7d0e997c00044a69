import { randomBytes } from 'node:crypto';
import { appearanceStore, batchStore, bindingStore, cursorKeys, speedStore } from '@bifold/adapters/cassandra';
import type { Answer } from '@bifold/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { cassandraOfEnvironment, once } from '../deployment/connections.ts';
import { deploymentOf, setting } from '../deployment/environment.ts';
import { logger, MetricUnit, metrics, observed } from '../deployment/observed.ts';
import { publishedView } from '../published.ts';
import { answerQuestion, type QueryPorts } from './answer.ts';
import { cursorSeal, withSealedCursors } from './cursor-seal.ts';
import { respond } from './http.ts';
import { questionOf } from './question.ts';

const { pipeline, scope } = deploymentOf();
const { plan } = pipeline;

const client = once(cassandraOfEnvironment);

const ports = once(async (): Promise<QueryPorts> => {
  // Loaded while the database is connected to: it is asked when the function is new, and seldom again.
  const [cassandra, { openBucket, s3Archive, s3Publications }] = await Promise.all([
    client(),
    import('@bifold/adapters/s3'),
  ]);
  const bucket = openBucket(setting('ARCHIVE_BUCKET'));
  const batch = batchStore(cassandra, scope, plan.storage);
  return {
    store: speedStore(cassandra, scope, plan.storage),
    batch,
    bindings: bindingStore(cassandra, scope),
    appearances: appearanceStore(cassandra, scope),
    published: publishedView(plan, {
      publications: s3Publications(bucket, scope),
      archive: s3Archive(bucket, scope),
      batch,
    }),
  };
});

const seal = once(async () =>
  cursorSeal({ keys: cursorKeys(await client()), clock: Date.now, newKey: () => randomBytes(32) }),
);

/** `GET /views/{pipeline}?window=...` or the same parameters as a JSON body of `POST`: merged rows with their receipt. */
export const handler = observed((event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> => {
  const answerTo = async (parameters: Readonly<Record<string, unknown>>): Promise<Answer> => {
    const answer = await withSealedCursors(seal, parameters, async (opened) =>
      answerQuestion(plan, scope, questionOf(plan, opened), await ports()),
    );
    metrics.addMetric('rows', MetricUnit.Count, answer.rows.length);
    logger.info('answered', { rows: answer.rows.length, generation: answer.receipt.generation });
    return answer;
  };
  return respond(plan.name, event, answerTo, (error) => logger.error('a question was not answered', error));
});
