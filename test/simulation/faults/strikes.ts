import { recompute, rollBack } from '../actors/batch-layer.ts';
import { announce } from '../actors/handover.ts';
import { pickByName } from '../random.ts';
import { PARTITIONS_MAX } from '../world/topic.ts';
import { type Deployment, join, type World } from '../world/world.ts';
import { emptyDatabase } from './emptied.ts';

const TOPIC_IDS_MAX = 3;
const POLLERS_MAX = 3;
const CLOCK_JUMP_MS = 3_600_000;
const ROUND_MS = 100;
const HANDOVER_ROUNDS = 25;

/** Injects the faults of a round: each nemesis of the seed strikes by a separate draw. */
export async function strike(world: World): Promise<void> {
  for (const nemesis of ALL) await nemesis(world);
  world.watermarkMs += ROUND_MS;
}

/**
 * The order matters: throttling hits only deployments of earlier rounds, and a transaction may be
 * aborted in the round in which it was opened.
 */
const ALL: readonly ((world: World) => void | Promise<void>)[] = [
  zombie,
  jump,
  throttle,
  unavailability,
  transaction,
  abort,
  crash,
  freeze,
  retention,
  redeployment,
  recreation,
  newPartition,
  rollback,
  lookupReload,
  promotion,
  acceptLost,
  clockJump,
  emptyDatabase,
];

/** A second poller, which starts below the group's committed offset. */
function zombie(world: World): void {
  const random = world.strikes('zombie', 0.02)?.random;
  if (!random) return;
  const deployment = random.pick(world.deployments);
  if (deployment.pollers.length >= POLLERS_MAX) return;
  world.say(`ZOMBIE of ${deployment.name}`);
  const position = deployment.committed.map((next) => Math.max(0, next - random.below(10)));
  join(deployment, 'zombie', position);
}

/** A poller leaves out records. */
function jump(world: World): void {
  const random = world.strikes('jump', 0.03)?.random;
  if (!random) return;
  const poller = random.pick(random.pick(world.current).pollers);
  const partition = random.below(world.topic.partitions);
  const from = poller.position[partition] as number;
  const left = world.topic.endOf(partition) - from;
  const most = random.chance(0.6) ? Math.min(2, left - 1) : left - 1;
  if (poller.busy[partition] || left <= 1) return;
  poller.position[partition] = from + 1 + random.below(most);
  world.say(`JUMP of ${poller.name} in p${partition} from ${from} to ${poller.position[partition]}`);
}

/** No invocation of a deployment's speed function for a while. */
function throttle(world: World): void {
  const random = world.strikes('throttle', 0.02)?.random;
  if (!random) return;
  const deployment = random.pick(world.current);
  deployment.throttledUntil = world.round + 5 + random.below(40);
  world.say(`THROTTLED ${deployment.name} until round ${deployment.throttledUntil}`);
}

/** The database refuses plain writes for a while. */
function unavailability(world: World): void {
  const random = world.strikes('unavailable', 0.02)?.random;
  if (!random) return;
  world.unavailableUntil = world.round + 2 + random.below(10);
  world.say(`UNAVAILABLE for writes until round ${world.unavailableUntil}`);
}

function transaction(world: World): void {
  const random = world.strikes('transaction', 0.02)?.random;
  if (random) world.topic.openTransaction(random.below(world.topic.partitions));
}

function abort(world: World): void {
  for (const partition of world.topic.open)
    if (world.happening(`abort-p${partition}`, 0.04)) world.topic.abortTransaction(partition);
}

/** A process ends between any two of its calls. */
function crash(world: World): void {
  const { scheduler } = world;
  const happening = scheduler.actors.length > 0 ? world.strikes('crash', 0.04) : null;
  if (happening === null) return;
  const actor = pickByName(world.seed, happening.id, scheduler.actors, ({ id }) => id);
  world.say(`CRASH of ${actor.name}`);
  scheduler.crash(actor);
}

/**
 * Freezes a process while all others continue. This mainly affects readers, whose snapshot must
 * stay valid.
 */
function freeze(world: World): void {
  const { scheduler } = world;
  const happening = scheduler.actors.length > 0 ? world.strikes('freeze', 0.05) : null;
  if (happening === null) return;
  const { id: stream, random } = happening;
  const readers = scheduler.actors.filter(({ kind }) => kind === 'query');
  const isReader = random.chance(0.4) && readers.length > 0;
  const actor = pickByName(world.seed, stream, isReader ? readers : scheduler.actors, ({ id }) => id);
  actor.frozenUntil = scheduler.now + 3 + random.below(actor.kind === 'query' ? 100 : 50);
  if (actor.kind === 'query') {
    const deployment = world.deployments.find(({ name }) => actor.name.startsWith(`${name} `));
    world.frozenReader = { until: actor.frozenUntil, deployment };
  }
  world.say(`FREEZE of ${actor.name} until ${actor.frozenUntil.toFixed(2)}`);
}

function retention(world: World): void {
  const random = world.strikes('retention', 0.02)?.random;
  if (random) world.topic.retain(random.below(world.topic.partitions), random);
}

/** Deploys the other version of the definition, or an earlier one again (a rollback). */
function redeployment(world: World): void {
  const happening = world.strikes('redeploy', 0.015);
  if (happening === null) return;
  const { current } = world;
  const version = world.pipelines.find(({ plan }) => current.every(({ scope }) => scope.version !== plan.version));
  if (version) world.deploy(version);
  else world.deployAgain(happening.random.pick(current));
  world.handoverUntil = world.round + HANDOVER_ROUNDS;
  announce(world, world.latest, { ...happening, id: `${happening.id}.announce` });
}

/** The topic is deleted and created again, and the latest definition deployed over it. */
function recreation(world: World): void {
  const { topic, sources, deployments } = world;
  if (topic.topicIds >= TOPIC_IDS_MAX || !world.strikes('recreate', 0.006)) return;
  const { pipeline } = deployments.at(-1) as Deployment;
  topic.recreate();
  sources.begin();
  world.deploy(pipeline);
}

function newPartition(world: World): void {
  if (world.topic.partitions < PARTITIONS_MAX && world.strikes('new-partition', 0.01)) world.topic.addPartition();
}

function rollback(world: World): void {
  const happening = world.strikes('rollback', 0.04);
  if (happening !== null) rollBack(world, happening.random.pick(world.deployments), happening);
}

async function lookupReload(world: World): Promise<void> {
  const random = world.strikes('lookup-reload', 0.03)?.random;
  if (random) await world.sideInputs.reloadLookups(random);
}

async function promotion(world: World): Promise<void> {
  const random = world.strikes('promotion', 0.05)?.random;
  if (random) await world.sideInputs.promote(random);
}

/** An operator has the views recomputed without what retention took. */
function acceptLost(world: World): void {
  const happening = world.strikes('accept-lost', 0.008);
  if (happening === null) return;
  const deployment = happening.random.pick(world.deployments);
  deployment.acceptedLost = true;
  recompute(world, deployment, happening, true);
}

function clockJump(world: World): void {
  const random = world.strikes('clock-jump', 0.01)?.random;
  if (random) world.watermarkMs += (random.chance(0.5) ? 1 : -1) * CLOCK_JUMP_MS;
}
