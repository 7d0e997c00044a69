import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { batchStore, bindingStore, lookupStore } from '@bifold/adapters/cassandra';
import { openEngine } from '@bifold/adapters/duckdb';
import { learnableSql, type Manifest, type ModelDefinition, type Plan, segmentStart, textLiteral } from '@bifold/core';
import { BINDINGS, COVERED, loadLookups, loadManifest, type SegmentBinding } from '@bifold/functions/bodies';
import type { Context } from '../context.ts';
import { deploymentOf } from '../deployments.ts';
import { UsageError } from '../errors.ts';
import { withKept } from '../kept.ts';
import { wantedColumns } from './columns.ts';
import type { TrainedOn } from './learned.ts';

/**
 * The training table of a pipeline's archive: every event that its published generation covers, with the columns that its own plan gives it, lookup
 * versions as its segments are bound to. So a feature is what the speed layer saw, and what it will see.
 */
export async function writeArchiveTable(
  context: Context,
  definition: ModelDefinition,
  plan: Plan,
  tableFile: string,
): Promise<TrainedOn> {
  const deployment = deploymentOf(context.paths, plan.name);
  const { version, incarnation } = deployment;
  const scope = { version, incarnation };
  if (version !== plan.version) throw otherVersion(plan, version);
  const client = await context.cassandra();
  const { current } = await batchStore(client, scope, plan.storage).readPointer('quorum');
  if (current === null) throw nothingPublished(plan.name);
  return withKept(context, deployment, scope, async ({ archive }) => {
    const files: Manifest['files'][number][] = [];
    for (const [partition, cut] of Object.entries(current.cuts)) {
      const below = segmentStart(cut, plan.storage.segmentSize);
      files.push(...(await archive.chain(Number(partition))).filter((file) => file.start < below));
    }
    if (files.length === 0) throw nothingPublished(plan.name);
    const manifest: Manifest = { cuts: current.cuts, lost: current.lost, files };
    const bindings = bindingStore(client, scope);
    const bound: SegmentBinding[] = [];
    for (const [name, cut] of plan.lookups.length === 0 ? [] : Object.entries(current.cuts)) {
      const partition = Number(name);
      for (const [segment, versions] of await bindings.list(partition, 0, cut))
        for (const [lookup, bound_] of versions) bound.push({ partition, segment, lookup, version: bound_ });
    }
    const scratch = await mkdtemp(join(tmpdir(), 'bifold-train-'));
    const engine = await openEngine({ memoryLimit: '2GB', tempDirectory: scratch });
    try {
      await loadManifest(manifest, plan, archive, engine, scratch);
      await loadLookups(plan, bound, lookupStore(client), engine);
      const columns = wantedColumns(definition, true);
      await engine.run(
        `COPY (SELECT ${columns.join(', ')} FROM (${learnableSql(plan, COVERED, BINDINGS)}) ORDER BY _event_time_ms, _partition, _offset) TO ${textLiteral(tableFile)} (FORMAT parquet, COMPRESSION zstd)`,
      );
    } finally {
      await engine.close();
      await rm(scratch, { recursive: true, force: true });
    }
    const ranges = Object.entries(current.cuts).map(
      ([partition, cut]) => [partition, [0, segmentStart(cut, plan.storage.segmentSize)] as const] as const,
    );
    return { kind: 'archive', pipeline: plan.name, ...scope, ranges: Object.fromEntries(ranges) };
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
