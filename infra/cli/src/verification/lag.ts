import { setTimeout as sleep } from 'node:timers/promises';
import type { Pointer, StoragePlan } from '@bifold/core/engine';
import type { Context } from '../context.ts';
import type { DeploymentRecord } from '../deployment/deployments.ts';
import { CliError } from '../errors.ts';
import { sumOfRelayLag } from '../kafka/groups/pipeline-groups.ts';
import { boundsOf, lagOf } from '../kafka/topics/log-bounds.ts';
import { checkTopics } from '../kafka/topics/recreated-topic.ts';
import { withoutTrailingHoles } from '../kafka/topics/trailing-holes.ts';
import { plural, seconds } from '../output/terminal.ts';
import { takeOver } from './handover.ts';
import { publishedOf } from './published.ts';
import { storedViews } from './stored-views.ts';

/** The lag of a pipeline's answers behind its log. */
export interface Lag {
  /** Offsets that the deployed version does not cover. */
  readonly records: number;
  /** False while the previous version answers. */
  readonly isAnswering: boolean;
}

/** A lag that has not shrunk for this long will not shrink by itself. */
const STALLED_MS = 300_000;
const LAG_EVERY_MS = 300;

/**
 * Returns a function that reads the lag: the offsets that the views do not cover, and the records
 * that a relay has not copied yet. It fails if the topic was recreated or the database lost data,
 * because such a lag does not shrink.
 */
export async function lagReader(
  context: Context,
  deployment: DeploymentRecord,
  storage: StoragePlan,
): Promise<() => Promise<Lag>> {
  await checkTopics(context, deployment);
  const log = await context.log(deployment.topic);
  const partitions = await log.partitions();
  let seen: Pointer | null = null;
  return async () => {
    await checkTopics(context, deployment);
    // Read the lag of the relay first: records that it copies in the meantime are then counted in
    // the log.
    const toCome = await sumOfRelayLag(context, deployment);
    const [bounds, { coverage, pointer }] = await Promise.all([
      boundsOf(log, partitions),
      storedViews(context, deployment, storage),
    ]);
    if (seen === null || pointer.generation < seen.generation)
      await (await publishedOf(context, deployment, storage)).check(pointer);
    seen = pointer;
    const records = toCome + lagOf(await withoutTrailingHoles(log, bounds, coverage), coverage);
    return { records, isAnswering: await takeOver(context, deployment) };
  };
}

/**
 * Waits until the deployed version answers and its lag is at most the given number, as long as the
 * lag shrinks.
 * @throws {CliError} when it has not shrunk for five minutes
 */
export async function waitForLag(
  { pipeline, version }: DeploymentRecord,
  lagNow: () => Promise<Lag>,
  most: number,
  onLag: (lag: number) => void,
): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  let shrunkAtMs = performance.now();
  for (;;) {
    const { records: lag, isAnswering } = await lagNow();
    onLag(lag);
    if (lag <= most && isAnswering) return lag;
    if (lag < least) {
      least = lag;
      shrunkAtMs = performance.now();
    } else if (performance.now() - shrunkAtMs > STALLED_MS) {
      if (lag <= most) throw notAnswering(pipeline, version);
      throw new CliError('BIFOLD_STALLED', {
        failed: `the views of "${pipeline}" do not take up what is in the log`,
        received: `${plural(lag, 'record')} not taken up, and none for ${seconds(STALLED_MS)}`,
        allowed: `a lag that shrinks to ${most}`,
        remedy: `npx bifold status and npx bifold logs ${pipeline}-speed tell why; once that is mended, wait again`,
      });
    }
    await sleep(LAG_EVERY_MS);
  }
}

function notAnswering(pipeline: string, version: string): CliError {
  return new CliError('BIFOLD_NOT_TAKEN_OVER', {
    failed: `${version} does not take over the answers of "${pipeline}"`,
    received: `a version that lacks offsets which the one before it covers, and took up none for ${seconds(STALLED_MS)}`,
    allowed: 'a version that covers all that the one before it covers',
    remedy: `npx bifold status names the offsets; if the log has lost them, npx bifold deploy ${pipeline} --at-once accepts that`,
  });
}
