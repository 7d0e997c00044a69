import { createHash, randomInt } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cdkEnvironment } from '@bifold/cloud';
import type { Pipeline } from '@bifold/core';
import { type Context, MODELS_BUCKET } from '../context.ts';
import { CliError, messageOf } from '../errors.ts';
import { groupsOf } from '../kafka/groups/pipeline-groups.ts';
import { step } from '../output/terminal.ts';
import { triggerState } from '../status/trigger-state.ts';
import { announceDeployment, refuseUnreadable } from '../verification/handover.ts';
import { type DeploymentRecord, readDeployments, recordDeployment } from './deployments.ts';
import { ensureTopics } from './topics.ts';

/** The bucket of the functions' code. */
export const ASSETS_BUCKET = 'bifold-assets';
export const PARTITIONS_DEFAULT = 4;

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
  if (plan.aggregates.some(({ kind }) => kind === 'custom')) {
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
        environment: cdkEnvironment(context.addresses),
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
  const idOf = async (name: string): Promise<string | undefined> => (await admin.describeTopic(name))?.id;
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
