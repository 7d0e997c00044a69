import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ArchiveStore,
  type BatchStore,
  type BindingStore,
  type LookupStore,
  learnableSql,
  type Manifest,
  type Plan,
  type PublishedRun,
  type Scope,
  type SqlEngine,
  segmentStart,
  textLiteral,
} from '@bifold/core/engine';
import { BINDINGS, COVERED, loadLookups, loadManifest, type SegmentBinding } from '@bifold/engine';
import type { ModelDefinition } from '@bifold/models';
import { trainingColumns } from './columns.ts';
import type { TrainedOn } from './learned.ts';

export interface ArchiveTablePorts {
  readonly archive: ArchiveStore;
  readonly batch: Pick<BatchStore, 'readPointer'>;
  readonly bindings: BindingStore;
  readonly lookups: LookupStore;
  readonly openEngine: () => Promise<SqlEngine>;
  readonly scratchFolder: string;
}

export type Archived = Extract<TrainedOn, { readonly kind: 'archive' }>;

/**
 * The events that the published generation covers, which are the training data. Null if nothing is
 * published.
 */
export async function archivedFor(
  plan: Plan,
  scope: Scope,
  { batch }: Pick<ArchiveTablePorts, 'batch'>,
): Promise<Archived | null> {
  const { current } = await batch.readPointer('quorum');
  return current === null ? null : coveredBy(plan, scope, current);
}

function coveredBy(plan: Plan, scope: Scope, { cuts }: PublishedRun): Archived {
  const ranges = Object.entries(cuts).map(
    ([partition, cut]) => [partition, [0, segmentStart(cut, plan.storage.segmentSize)] as const] as const,
  );
  return { kind: 'archive', pipeline: plan.name, ...scope, ranges: Object.fromEntries(ranges) };
}

/**
 * Writes the training table: every archived event that the published generation covers, with all
 * columns of the plan. Lookup versions are those that the segments are bound to. So training sees
 * the same features as the speed layer. Null if nothing is published.
 */
export async function writeArchiveTable(
  definition: ModelDefinition,
  plan: Plan,
  scope: Scope,
  ports: ArchiveTablePorts,
  tableFile: string,
): Promise<Archived | null> {
  const { current } = await ports.batch.readPointer('quorum');
  if (current === null) return null;
  const files: Manifest['files'][number][] = [];
  for (const [partition, cut] of Object.entries(current.cuts)) {
    const below = segmentStart(cut, plan.storage.segmentSize);
    files.push(...(await ports.archive.chain(Number(partition))).filter((file) => file.start < below));
  }
  if (files.length === 0) return null;
  const manifest: Manifest = { cuts: current.cuts, lost: current.lost, files };
  const bound: SegmentBinding[] = [];
  for (const [name, cut] of plan.lookups.length === 0 ? [] : Object.entries(current.cuts)) {
    const partition = Number(name);
    for (const [segment, versions] of await ports.bindings.list(partition, 0, cut))
      for (const [lookup, version] of versions) bound.push({ partition, segment, lookup, version });
  }
  const scratch = await mkdtemp(join(ports.scratchFolder, 'train-'));
  const engine = await ports.openEngine();
  try {
    await loadManifest(manifest, plan, ports.archive, engine, scratch);
    await loadLookups(plan, bound, ports.lookups, engine);
    const columns = trainingColumns(definition);
    await engine.run(
      `COPY (SELECT ${columns.join(', ')} FROM (${learnableSql(plan, COVERED, BINDINGS)}) ORDER BY _event_time_ms, _partition, _offset) TO ${textLiteral(tableFile)} (FORMAT parquet, COMPRESSION zstd)`,
    );
  } finally {
    await engine.close();
    await rm(scratch, { recursive: true, force: true });
  }
  return coveredBy(plan, scope, current);
}
