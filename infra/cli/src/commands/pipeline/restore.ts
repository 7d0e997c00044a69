import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { createTables } from '@bifold/adapters/cassandra';
import type { Pipeline } from '@bifold/core';
import { type Restored, restoreView } from '@bifold/engine';
import { Command } from 'commander';
import { type Context, withContext } from '../../context.ts';
import { type DeploymentRecord, deployedAs, namedOf } from '../../deployment/deployments.ts';
import { CheckFailed } from '../../errors.ts';
import { coverageText } from '../../output/answer-text.ts';
import { number, plural, print, printJson, seconds, step, styled } from '../../output/terminal.ts';
import { announceDeployment } from '../../verification/handover.ts';

export const restoreCommand = (): Command =>
  new Command('restore')
    .description('rebuild a view in an empty Cassandra from the archive and the log')
    .argument('<pipeline>', 'name of the pipeline')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
Use it if the database was lost. It creates the tables and restores lookup tables, bindings and
model pointers. It recomputes the rows of the published runs and folds the later records. Then it
publishes the pointer. No query is answered before that. Old answers (query --as-of) stay the same.

It refuses a database that already has the view. If it is interrupted, run it again. It exits with
1 if offsets are no longer retained. It lists them, and answers name them as gaps.

Example:
  $ npx bifold restore delays`,
    )
    .action((name: string, { json }: { json?: boolean }) =>
      withContext(async (context) => {
        const pipeline = namedOf(await context.pipelines(), name);
        const deployment = deployedAs(context.paths, pipeline);
        const startedAtMs = performance.now();
        const restored = await restorePipeline(context, pipeline, deployment);
        const tookMs = Math.round(performance.now() - startedAtMs);
        if (json) printJson({ pipeline: name, ...restored, tookMs });
        else print(restoredText(name, restored, tookMs));
        if (Object.keys(restored.lost).length > 0) throw offsetsLost(name, restored);
      }),
    );

async function restorePipeline(
  context: Context,
  pipeline: Pipeline,
  { topic, archiveBucket, version, topicId }: DeploymentRecord,
): Promise<Restored> {
  const { plan } = pipeline;
  const scope = { version, topicId };
  const client = await context.cassandra();
  await step(context.onProgress, 'tables', () => createTables(client, 1));
  const [database, stores] = await Promise.all([context.database(), context.archive(archiveBucket)]);
  const log = await context.log(topic);
  const isBound = (await log.topicId()) === topicId;
  const { openEngine } = await import('@bifold/adapters/duckdb');
  const restored = await restoreView(pipeline, {
    topicId,
    log: isBound ? log : null,
    openEngine,
    scratchFolder: tmpdir(),
    archive: stores.archive(scope),
    publications: stores.publications(scope),
    batch: database.batch(scope, plan.storage),
    store: database.speed(scope, plan.storage),
    operatorState: database.operatorState(scope),
    bindings: database.bindings(scope),
    bindingArchive: stores.bindings(scope),
    lookups: database.lookups,
    lookupArchive: await context.lookupArchive(),
    ...(plan.models === undefined ? {} : { models: await context.models() }),
    clock: Date.now,
    newId: randomUUID,
    step: (name, work) => step(context.onProgress, name, work),
  });
  await step(context.onProgress, `announce ${version}`, () => announceDeployment(context, pipeline, topicId, false));
  return restored;
}

function restoredText(name: string, { generation, rows, records, lost, sideInputs }: Restored, tookMs: number): string {
  const { bindings, lookups, models } = sideInputs;
  return [
    `${name}: restored as generation ${generation}  ${seconds(tookMs)}`,
    `  rows       ${plural(rows, 'row')} of the published runs`,
    `  head       ${plural(records, 'record')} above the cut`,
    `  inputs     ${plural(bindings, 'binding')}, ${plural(lookups.length, 'lookup version')}, ${plural(models.length, 'model pointer')}`,
    ...(Object.keys(lost).length === 0 ? [] : [styled(['red', 'bold'], `  LOST       ${coverageText(lost)}`)]),
  ].join('\n');
}

function offsetsLost(name: string, { lost }: Restored): CheckFailed {
  const offsets = Object.values(lost)
    .flat()
    .reduce((total, [start, end]) => total + end - start, 0);
  return new CheckFailed('BIFOLD_OFFSETS_GONE', {
    failed: `"${name}" is restored but for ${number(offsets)} offsets that neither archive nor log has any more`,
    received: Object.entries(lost)
      .map(([partition, ranges]) => `${partition}: ${ranges.map(([start, end]) => `[${start}, ${end})`).join(' ')}`)
      .join('  '),
    allowed: 'records that retention left, or that were archived before',
    remedy: `none; answers name them as gaps, and npx bifold recompute ${name} --accept-lost lets a cut pass them`,
  });
}
