import { announceVersion, type HandoverPorts, missingOfNext } from '@bifold/engine';
import { uncovered } from '../checks/oracle.ts';
import * as ports from '../ports/index.ts';
import type { Happening } from '../run.ts';
import type { Actor } from '../world/scheduler.ts';
import type { Deployment, World } from '../world/world.ts';

/** An actor's access to the alias of a deployment's view, and to the versions that it may name. */
export function viewPorts(world: World, { scope, pipeline }: Deployment, actor: Actor, role: 'query' | 'announce') {
  const { stage, sabotage } = world;
  const { topicId } = scope;
  const aliases = ports.aliasStore(stage, actor, { pipeline: pipeline.plan.name, topicId });
  return {
    aliases: sabotage.aliases?.(aliases, role, stage, scope) ?? aliases,
    plans: ports.planStore(stage, actor),
    portsOf: (_: unknown, { version }: { readonly version: string }) =>
      world.portsOf(world.deploymentOf(version, topicId), actor, 'query'),
  } satisfies HandoverPorts;
}

/**
 * A deployment says that its version is to answer, as its command and each run of its recompute
 * function do.
 */
export function announce(world: World, deployment: Deployment, { id }: Happening): void {
  world.start(id, `${deployment.name} announces its version`, 'announce', async (actor) => {
    await announceVersion(deployment.pipeline.plan, viewPorts(world, deployment, actor, 'announce'));
  });
}

/**
 * At rest, the latest deployed version answers, unless it lacks records that the previous one
 * covers.
 */
export async function checkTakeover(world: World, latest: Deployment): Promise<void> {
  const { scope, pipeline, name } = latest;
  const view = { pipeline: pipeline.plan.name, topicId: scope.topicId };
  const alias = await world.database.aliasStore(view).read();
  if (alias?.current === scope.version) return world.count('takeovers, whole', alias.previous === null ? 0 : 1);
  if (!alias?.sealed || alias.next !== scope.version)
    return world.fail(`${name} is deployed, and the alias at rest is ${JSON.stringify(alias)}`);
  world.count('takeovers, waiting');
  const missing = await missingOfNext({ ...alias, next: alias.next, sealed: alias.sealed }, scope.topicId, {
    plans: world.database.planStore(),
    portsOf: ({ storage }, each) => {
      const keys = world.keysOf(world.deploymentOf(each.version, each.topicId));
      return { store: world.database.speedStore(keys, storage), batch: world.database.batchStore(keys, storage) };
    },
  });
  // A hole that retention took looks like a record that it took: the next version cannot know.
  const isTaken = Object.entries(missing).some(([partition, ranges]) =>
    ranges.some(([from]) => from < (world.topic.starts[Number(partition)] as number)),
  );
  if (!isTaken && Object.keys(uncovered(world.topic.history, missing, {})).length === 0)
    world.fail(`${name} covers all that ${alias.current} covers, and does not answer: ${JSON.stringify(alias)}`);
}
