import type { Plan } from '@bifold/core/engine';
import { type Drift, type DriftOptions, latestDrift } from '@bifold/engine';
import type { FeatureDrift } from '@bifold/models/engine';
import { askAll } from '../api.ts';
import { figureText } from '../charts/figure-text.ts';
import type { Context } from '../context.ts';
import { plural } from '../output/terminal.ts';
import type { DeploymentRecord } from './deployments.ts';

/** The drift of a deployed drift view, from its API. Null if the view is of another kind. */
export async function driftOfDeployment(
  context: Context,
  plan: Plan,
  deployment: DeploymentRecord,
  options: DriftOptions = {},
): Promise<Drift | null> {
  const registry = {
    readPointer: async (name: string) => (await context.models()).readPointer(name),
    read: async (name: string, version: string, file: string, mostBytes: number) =>
      (await context.models()).read(name, version, file, mostBytes),
  };
  const ask = async (query: Parameters<typeof askAll>[2]) => (await askAll(context, deployment, query)).rows;
  return latestDrift(plan, { registry, ask }, options);
}

/** The feature's name, or that it is the score. */
function driftingName({ feature }: Pick<FeatureDrift, 'feature'>): string {
  return feature === null ? 'the score' : `"${feature}"`;
}

/** A line for each feature that has drifted. */
export function driftWarnings(pipeline: string, { model, version, report }: Drift): readonly string[] {
  const drifted = (report?.drifts ?? []).filter(({ verdict }) => verdict === 'drifted');
  return drifted.map(
    (each) =>
      `${driftingName(each)} has drifted from what ${model} ${version} was trained on (PSI ${figureText(each.psi)} over ${plural(report?.records ?? 0, 'record')}): npx bifold model drift ${pipeline}`,
  );
}
