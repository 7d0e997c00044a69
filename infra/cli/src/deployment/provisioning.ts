import { createTables } from '@bifold/adapters/cassandra';
import { type Context, MODELS_BUCKET } from '../context.ts';
import { messageOf, UsageError } from '../errors.ts';
import { step, warn } from '../output/terminal.ts';
import { ASSETS_BUCKET, deploy } from './deploy.ts';
import { type DeploymentRecord, readDeployments } from './deployments.ts';

const KAFKA_SECRET = 'bifold/kafka';

/**
 * Creates the resources that functions and deployments find by name: addresses, the broker's
 * secret, the buckets for code and models, the tables. Harmless when repeated.
 */
export async function provision(context: Context): Promise<void> {
  const { kafka, cassandra } = context.addresses;
  const aws = await context.aws();
  await Promise.all([
    aws.ensureParameters({
      '/bifold/kafka/brokers': kafka.brokersSasl,
      '/bifold/cassandra/contact-points': cassandra.contactPoints.map((host) => `${host}:${cassandra.port}`).join(','),
      '/bifold/cassandra/local-data-center': cassandra.localDataCenter,
    }),
    aws.ensureSecret(KAFKA_SECRET, JSON.stringify({ username: kafka.username, password: kafka.password })),
    aws.ensureBucket(ASSETS_BUCKET),
    aws.ensureBucket(MODELS_BUCKET),
    context.cassandra().then((client) => createTables(client, 1)),
  ]);
}

/**
 * Repairs everything that a killed process may have lost: services first, then provisioned
 * resources and deployments.
 */
export async function converge(
  context: Context,
): Promise<{ readonly started: readonly string[]; readonly deployed: readonly string[] }> {
  const { started } = await context.cloud.up();
  await step(context.onProgress, 'addresses, secret, tables', () => provision(context));
  const lost = await lostDeployments(context);
  const deployed: string[] = [];
  for (const record of lost) {
    const pipeline = (await context.pipelines()).find(({ plan }) => plan.name === record.pipeline);
    const topic = await (await context.kafkaAdmin()).describeTopic(record.topic);
    if (pipeline === undefined || topic === null) {
      const reason = pipeline === undefined ? 'its definition is gone' : `its topic "${record.topic}" is gone`;
      warn(`pipeline "${record.pipeline}" was deployed, and is not deployed again: ${reason}`);
      continue;
    }
    try {
      await deploy(context, pipeline, topic.partitions.length, record.settings);
      deployed.push(record.pipeline);
    } catch (error) {
      // A changed definition of one pipeline must not prevent others from being redeployed.
      if (!(error instanceof UsageError)) throw error;
      warn(`pipeline "${record.pipeline}" was deployed, and is not deployed again: ${messageOf(error)}`);
    }
  }
  return { started, deployed };
}

/** The recorded deployments that the emulator has lost. */
async function lostDeployments(context: Context): Promise<readonly DeploymentRecord[]> {
  const records = readDeployments(context.paths);
  if (records.length === 0) return [];
  const names = await (await context.aws()).functionNames();
  return records.filter(({ functions }) => Object.values(functions).some((name) => !names.has(name)));
}
