import type { Pipeline } from '@bifold/core';
import { type Coverage, type Plan, type Receipt, undefinedAggregates, type ViewAlias } from '@bifold/core/engine';
import {
  advanceHandover,
  announceVersion,
  type HandoverPorts,
  missingOfNext,
  planOf,
  switchToVersion,
} from '@bifold/engine';
import type { Context } from '../context.ts';
import type { DeploymentRecord } from '../deployment/deployments.ts';
import { CliError, UsageError } from '../errors.ts';
import { coverageText } from '../output/answer-text.ts';

/** The version that answers for a pipeline, and the offsets that the next one still lacks. */
export interface Handover {
  readonly alias: ViewAlias;
  /** Null if there is no next version, and before the current version is sealed. */
  readonly missing: Coverage | null;
}

type View = Pick<DeploymentRecord, 'pipeline' | 'topicId'>;

async function portsOfView(context: Context, view: View): Promise<HandoverPorts> {
  const database = await context.database();
  return {
    aliases: database.aliases(view),
    plans: database.plans,
    portsOf: ({ storage }, scope) => ({
      store: database.speed(scope, storage),
      batch: database.batch(scope, storage),
    }),
  };
}

/**
 * The current handover of a pipeline. Null if its view was never queried and no version was
 * announced.
 */
export async function readHandover(context: Context, view: View): Promise<Handover | null> {
  const ports = await portsOfView(context, view);
  const alias = await ports.aliases.read();
  if (alias === null) return null;
  const { next, sealed } = alias;
  const isUnderWay = next !== null && sealed !== null;
  return {
    alias,
    missing: isUnderWay ? await missingOfNext({ current: alias.current, next, sealed }, view.topicId, ports) : null,
  };
}

/**
 * The work that remains before the next version answers, in a sentence; null if there is no next
 * version.
 */
export function handoverWarning({ alias: { current, next }, missing }: Handover): string | null {
  if (next === null) return null;
  const lacks = missing === null ? 'what that covers' : coverageText(missing);
  return `${current} answers until ${next} covers as much${lacks === '' ? '' : `; it lacks ${lacks}`}`;
}

const STEPS_MAX = 10;

/**
 * Advances a handover as far as possible, as every query does.
 *
 * @returns true when the deployed version answers
 */
export async function takeOver(
  context: Context,
  { version, ...view }: View & Pick<DeploymentRecord, 'version'>,
): Promise<boolean> {
  const ports = await portsOfView(context, view);
  for (let step = 0; step < STEPS_MAX; step++) {
    const alias = await ports.aliases.read();
    if (alias === null || alias.current === version) return true;
    if (!(await advanceHandover(alias, view.topicId, ports))) return false;
  }
  return false;
}

/**
 * Refuses a deployment whose code cannot read the rows of the version that answers until the new
 * one has caught up.
 * @throws {UsageError} naming the aggregates that are missing
 */
export async function refuseUnreadable(context: Context, { plan }: Pipeline, topicId: string): Promise<void> {
  const { aliases, plans } = await portsOfView(context, { pipeline: plan.name, topicId });
  const current = (await aliases.read())?.current;
  if (current === undefined || current === plan.version) return;
  const answering = await plans.read(current);
  const missing = answering === null ? [] : undefinedAggregates(answering);
  if (missing.length === 0) return;
  throw new UsageError('BIFOLD_AGGREGATE_NEEDED', {
    failed: `pipeline "${plan.name}" cannot be deployed: ${current} answers until the new version has caught up`,
    received: `code that does not define ${missing.join(', ')}, which ${current} uses`,
    allowed: 'code that defines the aggregates of both versions',
    remedy: `keep defineAggregate of ${missing.join(', ')} until npx bifold status shows that ${plan.version} answers`,
  });
}

/**
 * Announces a deployed version. It answers once it covers the offsets of the previous one, or at
 * once if an operator accepts a smaller coverage.
 */
export async function announceDeployment(
  context: Context,
  { plan }: Pipeline,
  topicId: string,
  atOnce: boolean,
): Promise<void> {
  const ports = await portsOfView(context, { pipeline: plan.name, topicId });
  await (atOnce ? switchToVersion(plan, ports) : announceVersion(plan, ports));
}

/** The plan for formatting an answer: that of the version that answered. */
export async function planOfAnswer(context: Context, { plan }: Pipeline, { version }: Receipt): Promise<Plan> {
  return version === plan.version ? plan : planOf(version, (await context.database()).plans);
}

/**
 * Requires that the answer comes from the local definition, because only that definition can
 * recompute the rows.
 * @throws {CliError} when another version answered
 */
export function requireVersion({ pipeline, version }: Receipt, plan: Plan): void {
  if (version === plan.version) return;
  throw new CliError('BIFOLD_OTHER_VERSION_ANSWERS', {
    failed: `the answers of "${pipeline}" cannot be verified: another version gives them still`,
    received: `an answer of ${version}`,
    allowed: `answers of ${plan.version}, which this checkout defines`,
    remedy: `npx bifold wait ${pipeline}, until the deployed version has caught up`,
  });
}
