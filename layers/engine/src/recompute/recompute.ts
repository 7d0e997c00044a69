import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pipeline } from '@bifold/core';
import {
  type ArchiveStore,
  type BatchRow,
  type BatchStore,
  type BindingStore,
  type Clock,
  type IdSource,
  isAssembledFromPanes,
  type LookupStore,
  type Manifest,
  type ModelRegistry,
  manifestOf,
  type OperatorStateStore,
  type Plan,
  type Pointer,
  type PublicationStore,
  pointerAfter,
  type RunEntry,
  type SpeedStore,
  type SqlEngine,
  segmentStart,
  sizeOf,
  type ViewStore,
  type Waiting,
  waitingOf,
} from '@bifold/core/engine';
import { isLost, viewLost } from '../query/published.ts';
import type { RefusedVersion } from '../speed/models.ts';
import { bindCovered, loadLookups } from './lookups.ts';
import { loadManifest } from './manifest.ts';
import { refuseLost, storeOperatorState } from './operator-state.ts';
import { bindCoveredModels, scoreCovered } from './scores.ts';
import { ViewFiles } from './view-files.ts';
import { assembleWindows, paneRows, quarantineRow } from './views.ts';

export interface RecomputePorts {
  readonly archive: ArchiveStore;
  readonly batch: BatchStore;
  readonly bindings: BindingStore;
  readonly lookups: LookupStore;
  readonly operatorState: OperatorStateStore;
  readonly speed: Pick<SpeedStore, 'readProgress'>;
  readonly models?: ModelRegistry;
  readonly onRefused?: (refused: RefusedVersion) => void;
  readonly views: ViewStore;
  readonly publications: PublicationStore;
  /** Opens a new, empty engine for one run. */
  readonly openEngine: () => Promise<SqlEngine>;
  readonly clock: Clock;
  readonly newId: IdSource;
  readonly scratchFolder: string;
}

export type Recomputed =
  | { readonly published: false; readonly generation: number; readonly reason: 'overtaken' }
  | {
      readonly published: false;
      readonly generation: number;
      readonly reason: 'nothing-new';
      readonly waiting: Waiting;
    }
  | {
      readonly published: true;
      readonly generation: number;
      readonly run: string;
      readonly cuts: Readonly<Record<string, number>>;
      /** The number of offsets that the generation covers. */
      readonly offsets: number;
      readonly rows: number;
      readonly waiting: Waiting;
    };

const ROWS_AT_ONCE = 5_000;

/**
 * Rule 8: computes every row of the view over the frozen manifest, writes all of them under a fresh
 * run id, and only then moves the pointer, by one compare-and-set. A crash leaves only rows of an
 * unpublished run, which readers never see and the sweeper deletes.
 */
export async function recompute(pipeline: Pipeline, ports: RecomputePorts, acceptLost: boolean): Promise<Recomputed> {
  const { plan } = pipeline;
  const { segmentSize } = plan.storage;
  refuseLost(plan, acceptLost);
  const pointer = await publishedPointer(plan, ports);
  const partitions = await ports.archive.partitions();
  const chains = new Map(
    await Promise.all(partitions.map(async (partition) => [partition, await ports.archive.chain(partition)] as const)),
  );
  const manifest = manifestOf(chains, pointer, segmentSize, acceptLost);
  if (manifest === null) {
    const waiting = waitingOf(chains, pointer.current?.cuts ?? {}, segmentSize);
    return { published: false, generation: pointer.generation, reason: 'nothing-new', waiting };
  }

  const entry: RunEntry = { run: ports.newId(), generation: pointer.generation + 1 };
  const rows = await computeRun(pipeline, entry, manifest, ports, (engine) =>
    storeOperatorState(plan, pointer, manifest, engine, ports),
  );
  const next = pointerAfter(pointer, entry.run, manifest, ports.clock());
  if (!(await ports.batch.publish(pointer, next)))
    return { published: false, generation: pointer.generation, reason: 'overtaken' };
  await ports.publications.record(next);
  const lost = Object.values(manifest.lost).reduce((total, ranges) => total + sizeOf(ranges), 0);
  const offsets = Object.values(manifest.cuts).reduce((total, cut) => total + segmentStart(cut, segmentSize), 0) - lost;
  const waiting = waitingOf(chains, manifest.cuts, segmentSize);
  return {
    published: true,
    generation: next.generation,
    run: entry.run,
    cuts: manifest.cuts,
    offsets,
    rows,
    waiting,
  };
}

export type ComputePorts = Pick<
  RecomputePorts,
  'archive' | 'batch' | 'bindings' | 'lookups' | 'models' | 'onRefused' | 'views' | 'openEngine' | 'scratchFolder'
>;

/**
 * Writes every row of a run. It is a pure function of the manifest and the bindings, so a lost run
 * can be rebuilt with equal rows.
 *
 * @param alsoOver works with the engine while it holds the covered records
 * @returns how many rows
 */
export async function computeRun(
  pipeline: Pipeline,
  entry: RunEntry,
  manifest: Manifest,
  ports: ComputePorts,
  alsoOver: (engine: SqlEngine) => Promise<void>,
): Promise<number> {
  const { plan } = pipeline;
  await ports.batch.registerRun(entry);
  const scratch = await mkdtemp(join(ports.scratchFolder, 'recompute-'));
  const engine = await ports.openEngine();
  try {
    const [bindings, models] = await Promise.all([
      bindCovered(plan, manifest, ports),
      bindCoveredModels(plan, manifest, ports),
      loadManifest(manifest, plan, ports.archive, engine, scratch),
    ]);
    await loadLookups(plan, bindings, ports.lookups, engine);
    await scoreCovered(plan, models, engine, scratch);
    const rows = await writeRun(pipeline, entry, engine, scratch, ports);
    await alsoOver(engine);
    return rows;
  } finally {
    await engine.close();
    await rm(scratch, { recursive: true, force: true });
  }
}

/**
 * The published pointer, to which the next run is added. It is first recorded in the archive,
 * because a run that died right after its compare-and-set did not record it. So the archive lacks
 * at most the newest publication, and never names one that was not published.
 * @throws {ViewLostError} when the archive knows a newer one: what would be published now would
 * count from 1 again
 */
async function publishedPointer(
  plan: Plan,
  { publications, batch }: Pick<RecomputePorts, 'publications' | 'batch'>,
): Promise<Pointer> {
  const recorded = await publications.newest();
  const pointer = await batch.readPointer('serial');
  if (isLost(recorded, pointer)) throw viewLost(plan, recorded, pointer);
  if (pointer.generation > (recorded?.generation ?? 0)) await publications.record(pointer);
  return pointer;
}

/**
 * Writes every row of the run to Cassandra, and the views as Parquet. Returns the number of rows.
 */
async function writeRun(
  pipeline: Pipeline,
  entry: RunEntry,
  engine: SqlEngine,
  scratch: string,
  ports: Pick<RecomputePorts, 'batch' | 'views'>,
): Promise<number> {
  const { plan } = pipeline;
  await ports.batch.writeRows(entry, [await quarantineRow(plan, engine)]);
  let written = 0;
  for (const window of plan.windows) {
    const files = new ViewFiles(plan, window, entry.run, engine, ports.views, scratch);
    let pending: BatchRow[] = [];
    const flush = async (): Promise<void> => {
      await ports.batch.writeRows(entry, pending);
      written += pending.length;
      pending = [];
    };
    // Windows are assembled from the panes of one key, so a key is never split.
    let panes: BatchRow[] = [];
    const show = async (): Promise<void> => {
      for await (const row of assembleWindows(plan, window, panes)) await files.add(row);
      panes = [];
    };
    for await (const pane of paneRows(plan, window, engine)) {
      const isFull = isAssembledFromPanes(window) ? panes[0]?.key !== pane.key : panes.length === ROWS_AT_ONCE;
      if (isFull && panes.length > 0) await show();
      panes.push(pane);
      pending.push(pane);
      if (pending.length >= ROWS_AT_ONCE) await flush();
    }
    await flush();
    await show();
    await files.end();
  }
  return written;
}
