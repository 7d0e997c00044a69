import type { Pipeline } from '@bifold/core';
import {
  type ArchiveFile,
  type Clock,
  decoderOf,
  type IdSource,
  type Log,
  manifestOfRun,
  type Plan,
  type Pointer,
  ProtocolError,
  type PublicationStore,
  type PublishedRun,
  QUARANTINE_POSITION,
  quarantinedSql,
  restoredPointer,
  rowAlgebrasOf,
  type SpeedStore,
  type SqlEngine,
  segmentOf,
} from '@bifold/core/engine';
import { headersOf } from '../archive/record-sources.ts';
import { isLost } from '../query/published.ts';
import { COVERED } from '../recompute/manifest.ts';
import { storeOperatorState } from '../recompute/operator-state.ts';
import { type ComputePorts, computeRun } from '../recompute/recompute.ts';
import { quarantineEntry } from '../speed/fold-records.ts';
import type { SpeedPorts } from '../speed/ports.ts';
import { foldHead, type RestoredHead } from './head.ts';
import { keptLog } from './kept-log.ts';
import { type RestoredSideInputs, restoreSideInputs, type SideInputPorts } from './side-inputs.ts';

export interface RestorePorts
  extends Omit<ComputePorts, 'views' | 'bindings' | 'lookups' | 'models'>,
    Pick<SpeedPorts, 'operatorState' | 'topicId' | 'store'>,
    SideInputPorts {
  /** Null if the topic was deleted or recreated. Then only archived records are restored. */
  readonly log: Log | null;
  readonly publications: PublicationStore;
  readonly clock: Clock;
  readonly newId: IdSource;
  /** Runs each step, and may report it. */
  readonly step: <T>(name: string, work: () => Promise<T>) => Promise<T>;
}

export interface Restored extends RestoredHead {
  readonly generation: number;
  /** The number of rows of the current and of the previous run. */
  readonly rows: number;
  readonly sideInputs: RestoredSideInputs;
}

/**
 * Rebuilds a view in an empty database from the archive and the log. Everything that it writes is a
 * pure function of both. So it may be repeated, and functions may write at the same time. The
 * pointer is written last; before that, no query is answered.
 * @throws {ProtocolError} when the database is not empty, or lookup versions are no longer retained
 */
export async function restoreView(pipeline: Pipeline, ports: RestorePorts): Promise<Restored> {
  const { plan } = pipeline;
  const { step, batch } = ports;
  const { recorded, stored } = await recordedPublication(plan, ports);
  const pointer = restoredPointer(recorded, ports.newId(), ports.clock());
  const sideInputs = await step('lookup tables, bindings, model pointers', () => restoreSideInputs(plan, ports));
  if (sideInputs.missing.length > 0) throw lookupsGone(plan, sideInputs.missing);
  let rows = 0;
  for (const run of [pointer.previous, pointer.current])
    if (run !== null) rows += await step(`rows of run ${run.run}`, () => restoreRun(pipeline, pointer, run, ports));
  const engine = await ports.openEngine();
  let head: RestoredHead;
  try {
    const log = keptLog(ports.topicId, { ...ports, engine });
    head = await step('records above the cut', () => foldHead(pipeline, pointer, log, ports));
  } finally {
    await engine.close();
  }
  for (let expected = stored; !(await batch.restorePointer(expected, pointer)); ) {
    // A run that began before the database was emptied may have published into it meanwhile. The
    // restored pointer replaces that publication too.
    expected = await batch.readPointer('serial');
    if (!isLost(recorded, expected)) throw notEmpty(plan, expected.generation);
  }
  await ports.publications.record(pointer);
  return { ...head, generation: pointer.generation, rows, sideInputs };
}

/**
 * The newest publication of a database that lost it. A view without any publication gets an empty
 * one first. From then on, its functions detect that the database lacks data.
 */
async function recordedPublication(
  plan: Plan,
  { batch, publications, store, newId, clock }: RestorePorts,
): Promise<{ readonly recorded: Pointer; readonly stored: Pointer }> {
  const recorded = await publications.newest();
  const stored = await batch.readPointer('serial');
  if (recorded !== null && isLost(recorded, stored)) return { recorded, stored };
  if (stored.generation > 0 || (await isFolded(store))) throw notEmpty(plan, stored.generation);
  const nothing = { run: newId(), runGeneration: 1, cuts: {}, lost: {}, publishedAtMs: clock() };
  const first: Pointer = { generation: 1, current: nothing, previous: null };
  await publications.record(first);
  return { recorded: first, stored };
}

/**
 * Whether the speed layer has folded every known partition from its beginning. After the database
 * was emptied, it has not.
 */
async function isFolded(store: Pick<SpeedStore, 'partitions' | 'readProgress'>): Promise<boolean> {
  const partitions = await store.partitions();
  const begun = await Promise.all(partitions.map((partition) => store.readProgress(partition, 0, 1)));
  return partitions.length > 0 && begun.every(({ size }) => size > 0);
}

/**
 * Restores the rows of a run. For the current run, it also restores the operator state and the
 * quarantine entries below the cut.
 */
async function restoreRun(
  pipeline: Pipeline,
  pointer: Pointer,
  run: PublishedRun,
  ports: RestorePorts,
): Promise<number> {
  const { plan } = pipeline;
  const entry = { run: run.run, generation: run.runGeneration };
  const chains = new Map<number, readonly ArchiveFile[]>();
  for (const partition of await ports.archive.partitions()) chains.set(partition, await ports.archive.chain(partition));
  const manifest = manifestOfRun(run, chains, plan.storage.segmentSize);
  if (manifest.files.length === 0) {
    const { quarantine } = rowAlgebrasOf(plan);
    await ports.batch.registerRun(entry);
    await ports.batch.writeRows(entry, [{ ...QUARANTINE_POSITION, cell: quarantine.encode(quarantine.empty) }]);
    return 0;
  }
  // The view files of the run are still in the archive, so they are not written again.
  const views = { put: async () => '', deleteRun: async () => undefined };
  return computeRun(pipeline, entry, manifest, { ...ports, views }, async (engine) => {
    if (run.run !== pointer.current?.run) return;
    // Progress that other writers stored belongs to an emptied database, so it is ignored.
    const speed = { readProgress: async () => new Map<number, number>() };
    const before = { generation: 0, current: null, previous: null };
    await storeOperatorState(plan, before, manifest, engine, { ...ports, speed });
    await restoreQuarantine(pipeline, engine, ports.store);
  });
}

const ENTRIES_AT_ONCE = 1_000;

/** The quarantine entries below the cut. Their counts are in the rows of the run. */
async function restoreQuarantine(pipeline: Pipeline, engine: SqlEngine, store: SpeedStore): Promise<void> {
  const decode = decoderOf(pipeline);
  const { segmentSize } = pipeline.plan.storage;
  let entries: ReturnType<typeof quarantineEntry>[] = [];
  for await (const chunk of engine.query(quarantinedSql(COVERED))) {
    for (const [partition, offset, timestampMs, value, headers] of chunk) {
      const record = {
        partition: Number(partition),
        offset: Number(offset),
        timestampMs: Number(timestampMs),
        key: null,
        value: value as Uint8Array | null,
        headers: headers === null ? [] : headersOf(String(headers)),
      };
      const decoded = decode(record.value, record.headers);
      if (decoded.kind !== 'poison') continue;
      entries.push(quarantineEntry(record, segmentOf(record.offset, segmentSize), decoded.reason, decoded.detail));
    }
    if (entries.length < ENTRIES_AT_ONCE) continue;
    await store.writeQuarantine(entries);
    entries = [];
  }
  await store.writeQuarantine(entries);
}

function notEmpty({ name }: Plan, generation: number): ProtocolError {
  return new ProtocolError('BIFOLD_NOT_EMPTY', {
    failed: `"${name}" cannot be restored: the database already contains it`,
    received: `generation ${generation}`,
    allowed: 'a database without any generation of this view',
    remedy: `npx bifold verify ${name} checks its rows; a recomputation replaces those below the cut`,
  });
}

function lookupsGone({ name }: Plan, missing: readonly string[]): ProtocolError {
  const [first = ''] = missing;
  return new ProtocolError('BIFOLD_LOOKUP_GONE', {
    failed: `"${name}" cannot be restored: segments are bound to lookup versions that are no longer retained`,
    received: missing.join(', '),
    allowed: 'every bound version, in the bucket that pipelines share',
    remedy: `load the same rows again, which have the same version: npx bifold lookup load ${first.split(' ')[0]} --file <csv or json lines>; then restore again`,
  });
}
