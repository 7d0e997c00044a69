import { createHash, randomInt } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTables } from '@bifold/adapters/cassandra';
import type { TopicDescription } from '@bifold/adapters/kafka';
import type { Pipeline } from '@bifold/core';
import { type Plan, requiresHistory } from '@bifold/core/engine';
import { type Context, MODELS_BUCKET } from '../context.ts';
import { CliError, messageOf, UsageError } from '../errors.ts';
import { groupsOf } from '../kafka/groups/pipeline-groups.ts';
import { MESSAGE_BYTES_MAX, refuseInexact } from '../kafka/topics/exact-topic.ts';
import { triggerState } from '../output/report.ts';
import { step, warn } from '../output/terminal.ts';
import { announceDeployment, refuseUnreadable } from '../verification/handover.ts';
import { type DeploymentRecord, readDeployments, recordDeployment } from './deployments.ts';

const ASSETS_BUCKET = 'bifold-assets';
const KAFKA_SECRET = 'bifold/kafka';
export const PARTITIONS_DEFAULT = 4;

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

/** A topic that existed or was created. */
type Ensured = Pick<TopicDescription, 'id' | 'config'> & { readonly partitions: number };

/**
 * The maximum number of bytes that a relay adds to a record. The largest record of a source must
 * fit into the repartition topic.
 */
const RELAY_OVERHEAD_BYTES = 4_096;

/**
 * Creates the topic of a pipeline if it is missing. Refuses a topic that could not be folded
 * exactly.
 */
async function ensureTopic(
  context: Context,
  pipeline: string,
  topic: string,
  partitions: number,
  options: {
    /** The configuration of a new topic. */
    readonly config?: Readonly<Record<string, string>>;
    readonly messageBytesMax?: number;
  } = {},
): Promise<Ensured> {
  const admin = await context.kafkaAdmin();
  const found = await admin.describeTopic(topic);
  if (found === null) {
    const wanted = {
      'cleanup.policy': 'delete',
      'message.timestamp.type': 'LogAppendTime',
      'unclean.leader.election.enable': 'false',
      'retention.ms': '-1',
      'retention.bytes': '-1',
      ...options.config,
    };
    await step(context.onProgress, `topic ${topic}`, () => admin.createTopic(topic, partitions, wanted));
    // Check it like an existing topic, because the brokers set the unspecified entries.
    return ensureTopic(context, pipeline, topic, partitions, options);
  }
  refuseInexact(
    `pipeline "${pipeline}" cannot read topic "${topic}" exactly`,
    found.config,
    `send the events to another topic; or, if no record in it came of these settings, npx bifold topic alter ${topic} --config NAME=VALUE`,
    options.messageBytesMax,
  );
  if (found.config['message.timestamp.type'] !== 'LogAppendTime') {
    warn(`topic "${topic}" keeps the producers' clocks (message.timestamp.type=CreateTime); LogAppendTime is advised`);
  }
  return { id: found.id, config: found.config, partitions: found.partitions.length };
}

/** The topics of a pipeline: the sources of its relay, and its log. */
async function ensureTopics(
  context: Context,
  { plan }: Pipeline,
  partitions: number,
): Promise<{ readonly topicId: string; readonly sources?: Readonly<Record<string, string>> }> {
  const { name, topic, relay } = plan;
  if (relay === undefined) {
    const { id } = await ensureTopic(context, name, topic, partitions);
    if (requiresHistory(plan)) await refuseBegunLog(context, plan);
    return { topicId: id };
  }
  const sources: Record<string, string> = {};
  let largestBytes = 0;
  for (const source of relay.sources) {
    const { id, config } = await ensureTopic(context, name, source.topic, partitions);
    sources[source.topic] = id;
    largestBytes = Math.max(largestBytes, Number(config['max.message.bytes']));
  }
  const own = await ensureTopic(context, name, topic, relay.partitions, {
    config: { 'max.message.bytes': String(largestBytes + RELAY_OVERHEAD_BYTES) },
    messageBytesMax: MESSAGE_BYTES_MAX + RELAY_OVERHEAD_BYTES,
  });
  if (own.partitions < relay.partitions)
    throw new UsageError('BIFOLD_TOO_FEW_PARTITIONS', {
      failed: `the relay of pipeline "${name}" cannot write topic "${topic}"`,
      received: `${own.partitions} partitions`,
      allowed: `${relay.partitions}, as the definition says`,
      remedy: `npx bifold topic alter ${topic} --partitions ${relay.partitions}, or delete the topic, so that it is created as it should be`,
    });
  await refuseBegunLog(context, plan);
  return { topicId: own.id, sources };
}

/** A view with stateful operators needs the log from its first record on. */
async function refuseBegunLog(context: Context, { name, topic }: Plan): Promise<void> {
  const log = await context.log(topic);
  for (const partition of await log.partitions()) {
    const { start } = await log.bounds(partition);
    if (start > 0)
      throw new UsageError('BIFOLD_LOG_BEGUN', {
        failed: `pipeline "${name}" has stateful operators, and the log of topic "${topic}" has lost its beginning`,
        received: `partition ${partition} that begins at offset ${start}`,
        allowed: 'partitions that begin at offset 0: what came first is known only if all of it is there',
        remedy: 'create the topic anew, with retention.ms=-1, or drop no duplicates and join nothing',
      });
  }
}

/**
 * Deploys one pipeline to the local cloud and records it. The given settings are added to those of
 * the local cloud.
 */
export async function deploy(
  context: Context,
  pipeline: Pipeline,
  partitions: number,
  settings: Readonly<Record<string, string>> = {},
  { atOnce = false }: { readonly atOnce?: boolean } = {},
): Promise<DeploymentRecord> {
  const { plan } = pipeline;
  const { onProgress, paths } = context;
  if (plan.aggregates.some(({ kind }) => kind === 'own')) {
    const { tryAggregates } = await import('./aggregate-laws.ts');
    tryAggregates(pipeline, randomInt(1, 2 ** 31 - 1));
  }
  const { topicId, sources: bound } = await ensureTopics(context, pipeline, partitions);
  if (!atOnce) await refuseUnreadable(context, pipeline, topicId);
  const sources = sourcesDigest(context.root);
  const { deployPipeline } = await import('@bifold/cdk/deployment');
  const training = settings.training === 'installed' ? { training: await installedLibraries(context) } : {};
  const deployed = await step(onProgress, `deploy ${plan.name}`, () =>
    inTurn(() =>
      deployPipeline({
        pipeline: plan.name,
        topicId,
        ...(bound === undefined ? {} : { sources: bound }),
        context: {
          assetsBucket: ASSETS_BUCKET,
          modelsBucket: MODELS_BUCKET,
          kafkaTls: 'false',
          cassandraTls: 'false',
          openApi: 'true',
          ...settings,
          ...training,
        },
        environment: cdkEnvironment(context),
      }),
    ),
  );
  const record: DeploymentRecord = {
    pipeline: plan.name,
    topic: plan.topic,
    version: deployed.version,
    topicId: deployed.topicId,
    apiId: deployed.apiId,
    archiveBucket: deployed.archiveBucket,
    functions: deployed.functions,
    ...(Object.keys(settings).length > 0 ? { settings } : {}),
    ...(bound === undefined ? {} : { relayed: bound }),
    sources,
    deployedAt: new Date().toISOString(),
  };
  if (record.version !== plan.version) {
    throw new CliError('BIFOLD_OTHER_VERSION', {
      failed: `what was deployed of "${plan.name}" is not what its definition says`,
      received: record.version,
      allowed: plan.version,
      remedy: `the definition changed meanwhile; run \`npx bifold deploy ${plan.name}\` again`,
    });
  }
  await step(onProgress, `announce ${record.version}`, () => announceDeployment(context, pipeline, topicId, atOnce));
  recordDeployment(paths, record);
  await step(onProgress, `the trigger follows ${plan.name}`, () => followed(context, record));
  await context.cloud.checkpoint();
  return record;
}

/**
 * The folder of training libraries on this machine. The emulator runs functions as local processes.
 */
async function installedLibraries({ paths, onProgress }: Context): Promise<string> {
  const { ensureTrainingPython } = await import('../training/python.ts');
  return (await ensureTrainingPython(paths, onProgress)).libraries;
}

/** Deploys a pipeline, unless the same definition, code and topic are deployed already. */
export async function ensureDeployed(context: Context, pipeline: Pipeline): Promise<DeploymentRecord> {
  const { name, topic, version, relay } = pipeline.plan;
  const known = readDeployments(context.paths).find((record) => record.pipeline === name);
  const admin = await context.kafkaAdmin();
  const idOf = async (one: string): Promise<string | undefined> => (await admin.describeTopic(one))?.id;
  let isCurrent =
    known?.version === version &&
    known.topicId === (await idOf(topic)) &&
    known.sources === sourcesDigest(context.root);
  for (const source of relay?.sources ?? [])
    isCurrent &&= known?.relayed?.[source.topic] === (await idOf(source.topic));
  return known && isCurrent ? known : deploy(context, pipeline, PARTITIONS_DEFAULT);
}

const TURN_WITHIN_MS = 900_000;

/**
 * Runs one CDK command at a time, because all write the same output folder. Commands of other
 * processes are awaited.
 */
export async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  for (const deadlineMs = Date.now() + TURN_WITHIN_MS; ; ) {
    try {
      return await work();
    } catch (error) {
      if (!/Another CLI \(PID=\d+\)/.test(messageOf(error)) || Date.now() > deadlineMs) throw error;
      await sleep(1_000);
    }
  }
}

const FOLLOWED_WITHIN_MS = 120_000;

/** Waits until the trigger polls for a deployment, or reports that it cannot. */
async function followed(context: Context, record: DeploymentRecord): Promise<void> {
  const groups = new Set((await groupsOf(record)).map(({ group }) => group));
  for (const deadlineMs = Date.now() + FOLLOWED_WITHIN_MS; Date.now() < deadlineMs; ) {
    const trigger = await triggerState(context).catch(() => null);
    if (trigger === null) return;
    const followed = trigger.mappings.filter(
      ({ groupId, status }) => groupId !== null && groups.has(groupId) && status !== 'starting',
    );
    if (followed.length === groups.size) return;
    await sleep(100);
  }
}

/**
 * The digest of all code in a deployment. If it is unchanged, deploying again would change nothing.
 */
function sourcesDigest(root: string): string {
  const hash = createHash('sha256').update(readFileSync(join(root, 'package-lock.json')));
  for (const folder of ['functions', 'layers', 'examples', 'cdk']) {
    const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
    for (const file of files
      .filter((name) => /\bsrc\b.*\.ts$/.test(name) && !/node_modules|\.test\.ts$/.test(name))
      .sort()) {
      hash.update(file).update(readFileSync(join(root, folder, file)));
    }
  }
  return hash.digest('hex').slice(0, 16);
}

/**
 * The environment of the CDK command line: the emulator's endpoint and keys, without the caller's
 * AWS account.
 */
export function cdkEnvironment({ addresses: { aws } }: Context): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: aws.endpoint,
    AWS_ENDPOINT_URL_S3: aws.endpoint,
    AWS_ACCESS_KEY_ID: aws.accessKeyId,
    AWS_SECRET_ACCESS_KEY: aws.secretAccessKey,
    AWS_SESSION_TOKEN: '',
    AWS_PROFILE: '',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_REGION: aws.region,
    AWS_DEFAULT_REGION: aws.region,
  };
}

/** The lookup tables of a pipeline that have no version yet. Records wait until one is loaded. */
export async function emptyLookups(context: Context, { plan }: Pipeline): Promise<readonly string[]> {
  if (plan.lookups.length === 0) return [];
  const store = (await context.database()).lookups;
  const empty: string[] = [];
  for (const { table } of plan.lookups) {
    if ((await store.currentVersion(table)) === null) empty.push(table);
  }
  return empty;
}

export async function warnOfEmptyLookups(context: Context, pipeline: Pipeline): Promise<void> {
  for (const table of await emptyLookups(context, pipeline)) {
    warn(
      `lookup table "${table}" is EMPTY: every record of "${pipeline.plan.name}" waits until it is loaded.\n` +
        `  npx bifold lookup load ${table} --file <csv or json lines>`,
    );
  }
}
