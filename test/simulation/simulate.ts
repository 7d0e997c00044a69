import type { Pipeline } from '@bifold/core';
import { archive, recompute, sweep } from './actors/batch-layer.ts';
import { askAnything, replayKept } from './actors/readers.ts';
import { relay } from './actors/relay.ts';
import { poll } from './actors/speed-layer.ts';
import { comeToRest } from './checks/at-rest.ts';
import { restore } from './faults/emptied.ts';
import type { Nemesis } from './faults/nemeses.ts';
import { strike } from './faults/strikes.ts';
import { type Random, randomOf } from './random.ts';
import type { Happening, SimulationOptions } from './run.ts';
import type { Role } from './sabotages/sabotage.ts';
import { type Deployment, World } from './world/world.ts';

export interface Outcome {
  readonly seed: number;
  readonly failure: string | null;
  readonly steps: number;
  readonly nemeses: readonly Nemesis[];
  /** The events of the world, in order, each as `round.kind`. */
  readonly events: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
}

const ROUNDS = 100;

/**
 * Runs one seed: the bodies of the functions over fakes, with a scheduler that orders all calls.
 */
export async function simulate(seed: number, options: SimulationOptions = {}): Promise<Outcome> {
  const world = new World(seed, options);
  const { scheduler, events, counts } = world;
  const nemeses = [...world.nemeses];
  world.say(`seed ${seed}, nemeses: ${nemeses.join(', ')}`);
  await world.sideInputs.reloadLookups(randomOf(seed, 'first lookups'));
  world.deploy(world.pipelines[0] as Pipeline);
  for (; world.round < ROUNDS && world.failure === null; world.round++) {
    produce(world);
    startActors(world);
    await strike(world);
    while (world.failure === null && (await scheduler.step(world.round + 1)));
    scheduler.passTo(world.round + 1);
  }
  if (world.failure === null) await comeToRest(world);
  for (const [index, kept] of world.kept.entries())
    if (world.failure === null) await replayKept(world, kept, index % 2 === 0 ? 'archive' : 'either');
  return { seed, failure: world.failure, steps: scheduler.steps, nemeses, events, counts };
}

function produce(world: World): void {
  const random = world.happening('produce', 0.4)?.random;
  if (!random) return;
  const { topic, sources } = world;
  const partition = random.below(topic.partitions);
  for (let records = 1 + random.below(4); records > 0; records--) {
    // In a repartition topic, foreign records are rare.
    if (sources.areNone || random.chance(0.05)) topic.produce(partition, random);
    else sources.produce(random);
  }
}

/** Functions are invoked, schedules fire, people ask. */
function startActors(world: World): void {
  const running = (kind: Role): number => world.scheduler.actors.filter((actor) => actor.kind === kind).length;
  const begin = (kind: Role, probability: number, most: number, start: (happening: Happening) => void): void => {
    if (running(kind) >= most) return;
    const happening = world.happening(kind, probability);
    if (happening !== null) start(happening);
  };
  begin('speed', 0.6, 4, (happening) => {
    const deployment = world.drawnDeployment(happening.random);
    poll(world, deployment, happening.random.pick(deployment.pollers), happening);
  });
  if (!world.sources.areNone) begin('relay', 0.5, 2, (happening) => relay(world, happening));
  // While a reader is frozen, the batch layer runs more often, so that the reader's run may be
  // swept.
  const overtaken = world.round < world.frozenReader.until ? world.frozenReader.deployment : undefined;
  const haste = overtaken === undefined ? 1 : 4;
  const jobOf = (random: Random): Deployment => overtaken ?? world.drawnDeployment(random);
  begin('archive', 0.2 * haste, 2, (happening) => archive(world, jobOf(happening.random), happening));
  begin('recompute', 0.12 * haste, 2, (happening) => recompute(world, jobOf(happening.random), happening));
  begin('sweep', 0.08 * haste, 2, (happening) => sweep(world, jobOf(happening.random), happening));
  const lost = world.deployments.filter((deployment) => deployment.lost);
  if (lost.length > 0) begin('restore', 0.2, 1, (happening) => restore(world, happening.random.pick(lost), happening));
  // During a handover, send many queries: each may advance it by a step.
  const isWatched = world.round < world.handoverUntil;
  begin('query', isWatched ? 0.5 : 0.12, isWatched ? 4 : 2, (happening) =>
    askAnything(world, world.drawnDeployment(happening.random), happening),
  );
}
