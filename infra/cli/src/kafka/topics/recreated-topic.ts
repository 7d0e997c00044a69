import type { Context } from '../../context.ts';
import type { DeploymentRecord } from '../../deployment/deployments.ts';
import { CheckFailed } from '../../errors.ts';
import { warn } from '../../output/terminal.ts';

type BoundTopics = Pick<DeploymentRecord, 'pipeline' | 'topic' | 'topicId' | 'relayed'>;

/** A topic of a deployment that was deleted or recreated since. */
interface OtherTopic {
  readonly topic: string;
  readonly deployedId: string;
  /** The current topic id. Null if there is no topic of that name. */
  readonly idNow: string | null;
}

/**
 * The topics of a deployment (its log and the sources of its relay) that were deleted or recreated
 * since.
 */
async function otherTopics(context: Context, deployment: BoundTopics): Promise<readonly OtherTopic[]> {
  const { topic, topicId, relayed = {} } = deployment;
  const others: OtherTopic[] = [];
  for (const [name, deployedId] of Object.entries({ ...relayed, [topic]: topicId })) {
    const idNow = await (await context.log(name)).topicId();
    if (idNow !== deployedId) others.push({ topic: name, deployedId, idNow });
  }
  return others;
}

/**
 * Refuses if a topic of the deployment was recreated, because answers, archive and lag do not refer
 * to the new topic.
 * @throws {CheckFailed} naming both ids
 */
export async function checkTopics(context: Context, deployment: BoundTopics): Promise<void> {
  const [other] = await otherTopics(context, deployment);
  if (other !== undefined) throw recreated(deployment, other);
}

/** The same as a warning, for commands whose result is still valid for the deployed topic. */
export async function warnOfOtherTopics(context: Context, deployment: BoundTopics): Promise<void> {
  // The command already has its answer, so an unavailable broker does not matter.
  const others = await otherTopics(context, deployment).catch(() => []);
  for (const { topic, deployedId, idNow } of others)
    warn(
      `${whatHappened(topic, idNow)}: this is of the topic before (${deployedId}): npx bifold deploy ${deployment.pipeline}`,
    );
}

/** `topic "legs" was created again (id ...)`, also for a list of warnings. */
export function whatHappened(topic: string, idNow: string | null): string {
  return idNow === null ? `topic "${topic}" does not exist any more` : `topic "${topic}" was created again (${idNow})`;
}

function recreated({ pipeline }: BoundTopics, { topic, deployedId, idNow }: OtherTopic): CheckFailed {
  return new CheckFailed('BIFOLD_TOPIC_RECREATED', {
    failed: `pipeline "${pipeline}" is deployed over another topic "${topic}" than the one that is there`,
    received: idNow === null ? 'no topic of that name' : `topic id ${idNow}`,
    allowed: `topic id ${deployedId}, over which it was deployed`,
    remedy: `npx bifold deploy ${pipeline}, which binds the topic as it is now and begins a new view`,
  });
}
