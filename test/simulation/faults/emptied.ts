import { BifoldError } from '@bifold/core';
import { type LookupArchive, requiresHistory } from '@bifold/core/engine';
import { announceVersion, restoreView } from '@bifold/engine';
import { viewPorts } from '../actors/handover.ts';
import { foldingEngine } from '../ports/engine.ts';
import { bindingStore } from '../ports/index.ts';
import type { Happening } from '../run.ts';
import { PARTITIONS_MAX } from '../world/topic.ts';
import type { Deployment, World } from '../world/world.ts';

/**
 * The database loses all data at once, while functions run. This requires a publication of each
 * view, because functions cannot detect the loss of an unpublished view.
 */
export async function emptyDatabase(world: World): Promise<void> {
  const { stage, deployments } = world;
  const isRecorded = deployments.every((deployment) => {
    const { version, topicId } = world.keysOf(deployment);
    return (stage.publications.get(`${version} ${topicId}`)?.size ?? 0) > 0;
  });
  if (!isRecorded || deployments.some(({ lost }) => lost)) return;
  const happening = world.strikes('emptied', 0.04);
  if (happening === null) return;
  world.say('EMPTIED the database');
  world.wasEmptied = true;
  for (const deployment of deployments) {
    const bindings = world.bindingsOf(deployment);
    const all = [...Array(PARTITIONS_MAX).keys()].map(
      async (partition) => [partition, await bindings.list(partition, 0, null)] as const,
    );
    deployment.boundBefore = new Map(await Promise.all(all));
  }
  for (const replica of stage.replicas) replica.clear();
  // The alias is lost too. The first query or restore names a version again, regardless of earlier
  // coverage.
  world.emptiedAtStep = world.scheduler.steps;
  world.receipts.clear();
  for (const deployment of deployments) deployment.lost = true;
  // The database may be away for long while retention continues. Restore uses the archive.
  const retained = world.followUp(happening, 'retention', 0.5);
  if (retained === null) return;
  for (let partition = 0; partition < world.topic.partitions; partition++)
    world.topic.retain(partition, retained.random);
}

/** An operator restores one view; what was interrupted is begun again. */
export function restore(world: World, deployment: Deployment, { id }: Happening): void {
  const { pipeline, scope, name } = deployment;
  world.start(id, `${name} restore`, 'restore', async (actor) => {
    const ports = world.portsOf(deployment, actor, 'restore');
    const isCurrent = scope.topicId === world.topic.topicId;
    const restored = await restoreView(pipeline, {
      ...ports,
      bindings: bindingStore(world.stage, actor, world.keysOf(deployment)),
      lookupArchive: lookupsOf(world),
      topicId: scope.topicId,
      log: isCurrent ? ports.log : null,
      openEngine: async () => foldingEngine(pipeline, world.stage.files),
      clock: () => world.watermarkMs,
      newId: () => world.freshId('run'),
      scratchFolder: '/scratch',
      step: (_, work) => work(),
    }).catch((error: unknown) => {
      if (!(error instanceof BifoldError) || error.code !== 'BIFOLD_NOT_EMPTY') throw error;
      return null;
    });
    await announceVersion(pipeline.plan, viewPorts(world, deployment, actor, 'announce'));
    deployment.lost = false;
    world.count('restored');
    // From now on, no answer contains records that no store has. If the topic is deleted, only
    // archived records come back. The result of an unacknowledged restore is unknown.
    if (!isCurrent || restored === null || Object.keys(restored.lost).length > 0) deployment.acceptedLost = true;
    if (requiresHistory(pipeline.plan)) world.count('restored, looking back');
  });
}

/** The lookup tables, as operators loaded them. */
function lookupsOf({ sideInputs }: World): LookupArchive {
  return {
    keep: async () => undefined,
    current: async () => sideInputs.currentLookup,
    versions: async () => sideInputs.lookupVersions,
    rows: async (_, version) => sideInputs.lookupRowsOf(version),
  };
}
