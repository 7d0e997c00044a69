import {
  announceVersion,
  archiveLog,
  planCatchUp,
  recompute as recomputeViews,
  sweep as sweepStores,
} from '@bifold/engine';
import { foldingEngine } from '../ports/engine.ts';
import { invocation, sweepLedger } from '../ports/index.ts';
import type { Happening } from '../run.ts';
import type { Deployment, World } from '../world/world.ts';
import { viewPorts } from './handover.ts';
import { resume } from './speed-layer.ts';

export function archive(world: World, deployment: Deployment, { id }: Happening): void {
  const { pipeline, scope, name } = deployment;
  world.start(id, `${name} archive`, 'archive', async (actor) => {
    let files = world.calm ? 1_000 : 1 + actor.random.below(3);
    await archiveLog(pipeline, {
      ...world.portsOf(deployment, actor, 'archive'),
      topicId: scope.topicId,
      engine: foldingEngine(pipeline, world.stage.files),
      hasTime: () => files-- > 0,
      scratchFolder: '/scratch',
    });
  });
}

export function recompute(world: World, deployment: Deployment, { id }: Happening, acceptLost = false): void {
  const { pipeline, scope, name } = deployment;
  world.start(id, `${name} recompute${acceptLost ? ', lost accepted' : ''}`, 'recompute', async (actor) => {
    const { store: speed, ...ports } = world.portsOf(deployment, actor, 'recompute');
    // Lambda runs the latest deployment, but a run of an earlier one may still be active.
    const isRun = world.current.at(-1) === deployment || actor.random.chance(0.05);
    if (isRun) await announceVersion(pipeline.plan, viewPorts(world, deployment, actor, 'announce'));
    const freshRun = (): string => {
      const fresh = world.freshId('run');
      return world.sabotage.runId?.(fresh) ?? fresh;
    };
    const done = await recomputeViews(
      pipeline,
      {
        ...ports,
        speed,
        onRefused: () => world.count('models refused'),
        openEngine: async () => foldingEngine(pipeline, world.stage.files),
        clock: () => world.watermarkMs,
        newId: freshRun,
        scratchFolder: '/scratch',
      },
      acceptLost,
    );
    if (done.published) world.count('generations');
    const catchUp = await planCatchUp(pipeline.plan, scope, { ...ports, speed });
    if (catchUp === null || world.sabotage.notResumed) return;
    await invocation(world.stage, actor, async () => {
      world.count('resumed');
      resume(world, deployment, catchUp, { id: `${id}.resumed`, random: actor.random });
      if (actor.random.chance(0.1))
        resume(world, deployment, catchUp, { id: `${id}.resumed again`, random: actor.random });
    });
  });
}

export function sweep(world: World, deployment: Deployment, { id }: Happening): void {
  world.start(id, `${deployment.name} sweep`, 'sweep', async (actor) => {
    const swept = await sweepStores({
      ...world.portsOf(deployment, actor, 'sweep'),
      ledger: sweepLedger(world.stage, actor, world.keysOf(deployment)),
      hasTime: () => world.calm || actor.random.chance(0.8),
    });
    world.count('swept segments', swept.segments);
    world.count('swept runs', swept.runs.length);
  });
}

/** An operator goes back to the generation before. */
export function rollBack(world: World, deployment: Deployment, { id }: Happening): void {
  world.start(id, `${deployment.name} rollback`, 'rollback', async (actor) => {
    const { batch } = world.portsOf(deployment, actor, 'recompute');
    const pointer = await batch.readPointer('serial');
    if (pointer.previous === null) return;
    deployment.rolledBack = true;
    const next = { generation: pointer.generation + 1, current: pointer.previous, previous: pointer.current };
    if (await batch.publish(pointer, next)) world.count('rollbacks');
  });
}
