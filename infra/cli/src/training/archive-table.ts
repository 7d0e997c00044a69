import { tmpdir } from 'node:os';
import { openEngine } from '@bifold/adapters/duckdb';
import type { Plan } from '@bifold/core/engine';
import { type TrainedOn, writeArchiveTable } from '@bifold/functions/training';
import type { ModelDefinition } from '@bifold/models';
import type { Context } from '../context.ts';
import { deploymentOf } from '../deployment/deployments.ts';
import { UsageError } from '../errors.ts';
import { withRecordSources } from '../verification/record-sources.ts';

/**
 * Writes the training table from the archive of a deployed pipeline.
 *
 * @throws {UsageError} when there is nothing to learn from, or not by this definition
 */
export async function writeDeployedTable(
  context: Context,
  definition: ModelDefinition,
  plan: Plan,
  tableFile: string,
): Promise<TrainedOn> {
  const deployment = deploymentOf(context.paths, plan.name);
  const { version, topicId } = deployment;
  const scope = { version, topicId };
  if (version !== plan.version) throw otherVersion(plan, version);
  const database = await context.database();
  return withRecordSources(context, deployment, scope, async ({ archive }) => {
    const trainedOn = await writeArchiveTable(
      definition,
      plan,
      scope,
      {
        archive,
        batch: database.batch(scope, plan.storage),
        bindings: database.bindings(scope),
        lookups: database.lookups,
        openEngine: () => openEngine({ memoryLimit: '2GB', tempDirectory: tmpdir() }),
        scratchFolder: tmpdir(),
      },
      tableFile,
    );
    if (trainedOn === null) throw nothingPublished(plan.name);
    return trainedOn;
  });
}

function nothingPublished(pipeline: string): UsageError {
  return new UsageError('BIFOLD_NOTHING_TO_LEARN', {
    failed: `there is nothing to learn from in the archive of "${pipeline}"`,
    received: 'no published generation',
    allowed: 'a generation: it says which events are whole and which lookup versions they see',
    remedy: `npx bifold archive ${pipeline} && npx bifold recompute ${pipeline}, or give rows by --from`,
  });
}

function otherVersion({ name, version }: Plan, deployed: string): UsageError {
  return new UsageError('BIFOLD_OTHER_DEFINITION', {
    failed: `"${name}" is deployed as another definition than the one that the model reads`,
    received: deployed,
    allowed: version,
    remedy: `npx bifold deploy ${name}, and let it publish a generation`,
  });
}
