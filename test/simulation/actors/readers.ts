import {
  type Answer,
  type Coverage,
  offsetsOf,
  type Receipt,
  readFor,
  replayAnswer,
  type Source,
  segmentOf,
  ViewLostError,
  type ViewQuery,
} from '@bifold/core/engine';
import { answerView, executeQuery, parseQuery, readRecordSources, resolveRecordSources } from '@bifold/engine';
import { differenceOf, uncovered } from '../checks/oracle.ts';
import { foldingEngine } from '../ports/engine.ts';
import type { Random } from '../random.ts';
import type { Happening } from '../run.ts';
import { CITIES, MODEL } from '../world/pipelines.ts';
import type { Deployment, GivenReceipt, KeptPages, World } from '../world/world.ts';
import { viewPorts } from './handover.ts';

const KEPT_ANSWERS_MAX = 4;

type Parameters = Readonly<Record<string, unknown>>;

/** Sends random queries of a view to the query function of one of its deployments. */
export function askAnything(world: World, deployment: Deployment, happening: Happening): void {
  askView(world, deployment, drawnParameters(world, deployment, happening.random), happening);
}

function drawnParameters({ eventTimeMs }: World, { pipeline }: Deployment, random: Random): Parameters {
  const bounded = random.chance(0.2);
  const window = random.pick(pipeline.plan.windows);
  const ranged = window.kind !== 'running';
  return {
    window: window.name,
    ...(random.chance(0.3) ? { key: { city: random.pick(CITIES) } } : {}),
    ...(bounded && ranged ? { from: Math.floor((eventTimeMs - random.below(100)) / 50) * 50 } : {}),
    ...(bounded && ranged && random.chance(0.5) ? { to: Math.floor(eventTimeMs / 50) * 50 + 100 } : {}),
    total: random.chance(0.3),
    snapshot: random.chance(0.25),
    limit: random.chance(0.4) ? 1 + random.below(4) : 1_000,
  };
}

/**
 * Asks a view by its name, page by page, and judges the answer as one of the version that its
 * receipt names.
 */
export function askView(world: World, asked: Deployment, parameters: Parameters, { id }: Happening): void {
  const { plan } = asked.pipeline;
  const { topicId } = asked.scope;
  const started = world.scheduler.steps;
  const name = `${asked.name} asked for the view ${JSON.stringify(parameters)}`;
  world.start(id, name, 'query', async (actor) => {
    const ports = viewPorts(world, asked, actor, 'query');
    const pages = await pagesOf(world, (cursor) =>
      answerView(plan, topicId, cursor === null ? parameters : { ...parameters, cursor }, ports),
    );
    const { receipt } = pages[0] as Answer;
    const deployment = world.deploymentOf(receipt.version, topicId);
    const query = parseQuery(deployment.pipeline.plan, parameters);
    await judge(world, deployment, query, pages, name);
    // An answer of the view as it was before its database was emptied binds none after that.
    if (started <= world.emptiedAtStep) return;
    const given = receiptsOf(world.receipts, `${topicId} ${query.snapshot}`);
    const shrunk = shrunkSince(world, deployment, given, receipt.coverage, started);
    if (shrunk !== null) world.fail(`${name}: ${shrunk}`);
  });
}

/** Reads an answer of one version, page by page, and judges it. */
export function ask(
  world: World,
  deployment: Deployment,
  query: ViewQuery,
  { id }: Happening,
  answered: (coverage: Coverage) => void = () => undefined,
): void {
  const { pipeline, scope } = deployment;
  const { total, snapshot, window, keys, limit } = query;
  const started = world.scheduler.steps;
  const how = `${total ? ' total' : ''}${snapshot ? ' snapshot' : ''}`;
  const name = `${deployment.name} question ${window} ${keys ?? 'all keys'}${how} limit ${limit}`;
  world.start(id, name, 'query', async (actor) => {
    const ports = world.portsOf(deployment, actor, 'query');
    const pages = await pagesOf(world, (cursor) => {
      const next = cursor === null ? query : { ...query, cursor: parseQuery(pipeline.plan, { window, cursor }).cursor };
      return executeQuery(pipeline.plan, scope, next, ports).catch((error: unknown) => {
        // A refused query: the judge must know that the answer would cover nothing.
        if (error instanceof ViewLostError && error.code === 'BIFOLD_NOTHING_COVERED') answered({});
        throw error;
      });
    });
    await judge(world, deployment, query, pages, name);
    const { coverage } = (pages[0] as Answer).receipt;
    const given = receiptsOf(deployment.receipts, String(snapshot));
    const shrunk = shrunkSince(world, deployment, given, coverage, started);
    if (shrunk !== null) world.fail(`${name}: ${shrunk}`);
    answered(coverage);
  });
}

async function pagesOf(world: World, page: (cursor: string | null) => Promise<Answer>): Promise<readonly Answer[]> {
  const pages: Answer[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const answer = await page(cursor ?? null);
    pages.push(world.sabotage.answer?.(answer) ?? answer);
    cursor = answer.cursor;
    if (cursor !== null) world.count('pages continued');
  }
  return pages;
}

/** All pages of an answer: against the fold, and against what it names. */
async function judge(
  world: World,
  deployment: Deployment,
  query: ViewQuery,
  pages: readonly Answer[],
  name: string,
): Promise<void> {
  const { pipeline, scope } = deployment;
  const history = world.topic.historyOf(scope.topicId);
  const difference = await differenceOf(pipeline, history, await world.boundLookups(deployment), { query, pages });
  const { receipt } = pages[0] as Answer;
  keep(world, { deployment, query, pages });
  if (difference !== null) world.fail(`${name}: ${difference}`);
  deployment.finals.add(pipeline, pages);
  const unnamed = await unnamedModels(world, deployment, receipt);
  if (unnamed.length > 0) world.fail(`${name}: the receipt does not name ${unnamed}`);
  const rows = pages.flatMap((page) => page.rows);
  world.count('answers');
  world.count('rows', rows.length);
  world.count('rows ahead', rows.filter(({ ahead }) => ahead).length);
}

/**
 * The choice of kept answers draws no random number: it must not change the run. Those with rows
 * ahead of their receipt, or with many pages, are the rarest.
 */
function keep(world: World, kept: KeptPages): void {
  const { pages } = kept;
  const rare = pages.some(({ receipt }) => receipt.page.deviating > 0) || pages.length > 1;
  if (!world.calm && world.kept.length < KEPT_ANSWERS_MAX && (rare || (world.counts.answers ?? 0) % 5 === 0))
    world.kept.push(kept);
}

/**
 * Versions that records among the covered offsets are scored with, and the receipt does not name.
 */
async function unnamedModels(
  world: World,
  deployment: Deployment,
  { coverage, models }: Receipt,
): Promise<readonly string[]> {
  if (deployment.pipeline.plan.models === undefined) return [];
  const store = world.bindingsOf(deployment);
  const unnamed = new Set<string>();
  for (const [partition, slots] of world.topic.historyOf(deployment.scope.topicId).entries()) {
    const bound = await store.list(partition, 0, null);
    for (const [offset, slot] of slots.entries()) {
      const version =
        bound.get(segmentOf(offset, deployment.pipeline.plan.storage.segmentSize))?.get(`model:${MODEL}`) ??
        'no binding';
      const isCovered = (coverage[partition] ?? []).some(([from, to]) => offset >= from && offset < to);
      if (slot !== null && isCovered && !models?.expected?.includes(version)) unnamed.add(version);
    }
  }
  return [...unnamed];
}

function receiptsOf(receipts: Map<string, GivenReceipt[]>, kind: string): GivenReceipt[] {
  const given = receipts.get(kind) ?? [];
  receipts.set(kind, given);
  return given;
}

/**
 * The offsets that an answer lacks and an earlier one covered: answers never shrink, unless an
 * operator accepts it.
 */
function shrunkSince(
  { scheduler, topic }: World,
  deployment: Deployment,
  given: GivenReceipt[],
  coverage: Coverage,
  started: number,
): string | null {
  const before = given.findLast(({ step }) => step <= started);
  given.push({ step: scheduler.steps, coverage, deployment });
  const mayShrink = [deployment, before?.deployment].some((each) => each?.acceptedLost || each?.rolledBack);
  if (!before || mayShrink) return null;
  const shrunk = uncovered(topic.historyOf(deployment.scope.topicId), before.coverage, coverage);
  if (Object.keys(shrunk).length === 0) return null;
  const versions = `${before.deployment.name} -> ${deployment.name}`;
  return `the receipt lacks ${JSON.stringify(shrunk)}, which an earlier one covered: ${versions}, ${JSON.stringify(before.coverage)} -> ${JSON.stringify(coverage)}`;
}

/** At the end of the run, replays answers from archive and log: they must have the same bytes. */
export async function replayKept(world: World, { deployment, query, pages }: KeptPages, source: Source): Promise<void> {
  const { topic } = world;
  const { pipeline, scope } = deployment;
  const lookups = await world.boundLookups(deployment);
  const name = `${deployment.name} as of generation ${pages[0]?.receipt.generation} from ${source}`;
  world.start(world.certain().id, name, 'as of', async (actor) => {
    const { archive, log } = world.portsOf(deployment, actor, 'query');
    const isCurrent = scope.topicId === topic.topicId;
    const engine = foldingEngine(pipeline, world.stage.files);
    const kept = { archive, engine, log: isCurrent ? log : null, scratchFolder: '/scratch' };
    for (const page of pages) {
      const read: Answer = JSON.parse(JSON.stringify(page));
      const asked = parseQuery(pipeline.plan, { ...read.receipt.question });
      if (JSON.stringify({ ...asked, limit: 0 }) !== JSON.stringify({ ...query, limit: 0, keys: asked.keys }))
        world.fail(`${name}: the receipt asks ${JSON.stringify(asked)}, asked was ${JSON.stringify(query)}`);
      const located = await resolveRecordSources(readFor(pipeline.plan, offsetsOf(read)), source, kept);
      if (Object.keys(located.missing).length > 0) {
        world.count('as of, gone');
        for (const [partition, ranges] of Object.entries(isCurrent ? located.missing : {})) {
          const start = topic.starts[Number(partition)] as number;
          if (ranges.some(([, end]) => end > start))
            world.fail(`${name}: p${partition} ${JSON.stringify(ranges)} is missing, and the log starts at ${start}`);
        }
        continue;
      }
      const again = await replayAnswer(pipeline, { query: asked, ...read }, readRecordSources(located, kept), lookups);
      const [now, then] = [JSON.stringify(again), JSON.stringify(page)];
      if (now !== then) world.fail(`${name}: ${now}, and it was ${then}`);
      world.count('as of, equal');
      world.count('as of, rows ahead', page.rows.filter(({ ahead }) => ahead).length);
    }
  });
  await world.drain();
}
