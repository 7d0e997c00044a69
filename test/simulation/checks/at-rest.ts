import {
  batchRanges,
  type Coverage,
  InMemoryStatefulStage,
  interpret,
  type PublishedRun,
  resultCell,
  resultTypeOf,
  rowAlgebrasOf,
  segmentOf,
  segmentStart,
} from '@bifold/core/engine';
import { parseQuery } from '@bifold/engine';
import { archive, recompute, sweep } from '../actors/batch-layer.ts';
import { announce, checkTakeover } from '../actors/handover.ts';
import { ask, askView } from '../actors/readers.ts';
import { relayAll } from '../actors/relay.ts';
import { consume } from '../actors/speed-layer.ts';
import { restore } from '../faults/emptied.ts';
import { type Deployment, join, passesLost, type World } from '../world/world.ts';
import { uncovered } from './oracle.ts';

/** The end: the nemeses stop, and everything that happened must be in the answer. */
export async function comeToRest(world: World): Promise<void> {
  const { topic, scheduler } = world;
  world.calm = true;
  world.say('CALM');
  for (const actor of scheduler.actors) actor.frozenUntil = 0;
  await world.drain();
  for (const partition of topic.open) topic.abortTransaction(partition);
  for (const deployment of world.deployments.filter(({ lost }) => lost)) {
    restore(world, deployment, world.certain());
    await world.drain();
    if (deployment.lost) return world.fail(`${deployment.name} is not restored, in a calm world`);
  }
  await relayAll(world);
  // Adds a whole segment to every partition, so that the last one begins where nothing was lost.
  const tail = world.certain().random;
  const { segmentSize } = world.stage;
  const longest = typeof segmentSize === 'number' ? segmentSize : segmentSize.most;
  for (let partition = 0; partition < topic.partitions; partition++)
    for (let record = 0; record <= longest; record++) topic.produce(partition, tail);
  for (const deployment of world.current) {
    await catchUp(world, deployment);
    if (world.failure === null) await answerAll(world, deployment);
    if (world.failure !== null) return;
    const lookups = await world.boundLookups(deployment);
    const difference =
      (await deployment.finals.changed(deployment.pipeline, topic.history, lookups)) ??
      (await differenceAtRest(world, deployment));
    world.count('rows final', deployment.finals.size);
    if (difference !== null) world.fail(`${deployment.name}, at rest: ${difference}`);
  }
  await takeOver(world);
}

/**
 * The version that was deployed last is asked for by the view's name, until nothing of a handover
 * is due.
 */
async function takeOver(world: World): Promise<void> {
  const { latest } = world;
  // From now on no answer contains the lost records.
  for (const deployment of world.current) deployment.acceptedLost = true;
  announce(world, latest, world.certain());
  await world.drain();
  for (const { name } of latest.pipeline.plan.windows) {
    askView(world, latest, { window: name }, world.certain());
    await world.drain();
    if (world.failure !== null) return;
  }
  await checkTakeover(world, latest);
}

/** Both layers, to the end of the log. */
async function catchUp(world: World, deployment: Deployment): Promise<void> {
  await consume(world, deployment, join(deployment, 'poller', deployment.committed));
  const recomputed: typeof sweep = (_, __, happening) =>
    recompute(world, deployment, happening, passesLost(deployment));
  for (const job of [archive, recomputed, sweep, recomputed, sweep]) {
    job(world, deployment, world.certain());
    await world.drain();
  }
}

/** Every window is answered for, over all of the log. */
async function answerAll(world: World, deployment: Deployment): Promise<void> {
  const { plan } = deployment.pipeline;
  const accepted = deployment.acceptedLost;
  // From now on no answer contains the lost records.
  deployment.acceptedLost = true;
  for (const { name } of plan.windows) {
    for (const total of [false, true]) {
      let answered: Coverage | null = null;
      ask(world, deployment, parseQuery(plan, { window: name, total }), world.certain(), (coverage) => {
        answered = coverage;
      });
      await world.drain();
      if (world.failure !== null) return;
      if (answered === null) world.fail(`${deployment.name} does not answer, in a calm world`);
      else checkLiveness(world, deployment, answered);
    }
  }
  deployment.acceptedLost = accepted;
}

function checkLiveness(world: World, deployment: Deployment, coverage: Coverage): void {
  const { history } = world.topic;
  const everything = Object.fromEntries(history.map((slots, partition) => [partition, [[0, slots.length] as const]]));
  const missing = uncovered(history, everything, coverage);
  const unexplained = uncovered(history, missing, lostOf(world, deployment));
  if (Object.keys(unexplained).length > 0)
    world.fail(
      `${deployment.name}: all is calm, and the answer does not cover ${JSON.stringify(unexplained)}: ${JSON.stringify(coverage)}`,
    );
}

/** The offsets that no answer can cover, since retention deleted them before archiving. */
function lostOf(world: World, deployment: Deployment): Coverage {
  const { version, topicId } = world.keysOf(deployment);
  const { segmentSize } = deployment.pipeline.plan.storage;
  const prefix = `archive/${version}/${topicId}/`;
  const lost = new Map<string, [number, number][]>();
  for (const [key, { metadata }] of world.stage.objects) {
    if (!key.startsWith(prefix) || metadata.lost !== 'true') continue;
    const [partition, name] = key.slice(prefix.length).split('/') as [string, string];
    // A view with stateful operators ends where the first record is lost.
    const start = Number.parseInt(name, 10);
    const [from, end] = passesLost(deployment)
      ? [start, Number(metadata.end)]
      : [segmentStart(segmentOf(start, segmentSize), segmentSize), Number.MAX_SAFE_INTEGER];
    lost.set(partition, [...(lost.get(partition) ?? []), [from, end]]);
  }
  return Object.fromEntries(lost);
}

/**
 * Data that no query reads: the quarantine table, runs that the sweeper left behind, and the views
 * as Parquet.
 */
async function differenceAtRest(world: World, deployment: Deployment): Promise<string | null> {
  const quarantine = await quarantineDifference(world, deployment);
  if (quarantine !== null) return quarantine;
  const batch = world.database.batchStore(world.keysOf(deployment), deployment.pipeline.plan.storage);
  const { current, previous } = await batch.readPointer('serial');
  const left = (await batch.listRuns()).filter(({ run }) => run !== current?.run && run !== previous?.run);
  // One of three replicas may have an entry whose writer was not acknowledged: the sweeper sees it
  // if a quorum includes that replica.
  if (left.length > 0 && world.stage.replicas.length === 1)
    return `runs are left that nothing names: ${left.map(({ run }) => run)}`;
  return current === null ? null : viewFilesDifference(world, deployment, current);
}

async function quarantineDifference(world: World, deployment: Deployment): Promise<string | null> {
  const { pipeline, fold } = deployment;
  const store = world.database.speedStore(world.keysOf(deployment), pipeline.plan.storage);
  const earlier = fold.statefulStage && new InMemoryStatefulStage(fold.statefulStage);
  for (const [partition, slots] of world.topic.history.entries()) {
    const entries = new Map<number, string>();
    for (const entry of await store.listQuarantine(partition, 0, 1_000_000)) entries.set(entry.offset, entry.reason);
    const progress = await store.readProgress(partition, 0, null);
    for (const [offset, slot] of slots.entries()) {
      const decoded = slot === null ? null : fold.decode(slot.value, slot.headers);
      const admitted = decoded === null ? null : slot && (earlier?.process(slot, decoded) ?? decoded);
      const expected = admitted?.kind === 'poison' ? admitted.reason : undefined;
      const given = entries.get(offset);
      const folded = offset < (progress.get(segmentOf(offset, pipeline.plan.storage.segmentSize)) ?? 0);
      if ((given !== undefined || folded) && given !== expected)
        return `the quarantine has ${given} for p${partition} ${offset}, which is ${expected ?? 'no poison'}`;
    }
  }
  return null;
}

async function viewFilesDifference(world: World, deployment: Deployment, run: PublishedRun): Promise<string | null> {
  const { pipeline } = deployment;
  const { plan } = pipeline;
  const { history } = world.topic;
  const records = history.flatMap((slots) => slots.filter((slot) => slot !== null));
  const covered = Object.fromEntries(
    [...history.keys()].map((partition) => [String(partition), batchRanges(run, partition, plan.storage.segmentSize)]),
  );
  const { rows } = await interpret(pipeline, records, covered, await world.boundLookups(deployment));
  const { view } = rowAlgebrasOf(plan);
  const { version, topicId } = world.keysOf(deployment);
  for (const { name, kind } of plan.windows) {
    const expected = [...rows.values()]
      .filter(({ window }) => window === name)
      .map(({ key, startMs, endMs, states }) => {
        const start = kind === 'running' ? null : startMs;
        const values = view.present(states);
        const shown = plan.aggregates.map((each) => resultCell(resultTypeOf(each), values[each.name] ?? null));
        return JSON.stringify([...JSON.parse(key), start, endMs, ...shown]);
      });
    const folder = `views/${version}/${topicId}/${run.run}/${name}-`;
    const files = [...world.stage.objects].filter(([path]) => path.startsWith(folder));
    const given = files.flatMap(([, { columns }]) =>
      (columns[0]?.values ?? []).map((_, row) =>
        JSON.stringify(
          columns.map(({ values }) => (typeof values[row] === 'bigint' ? Number(values[row]) : values[row])),
        ),
      ),
    );
    if (JSON.stringify(given.sort()) !== JSON.stringify(expected.sort()))
      return `the view files of ${name} have ${given}, the fold over ${JSON.stringify(covered)} has ${expected}`;
  }
  return null;
}
