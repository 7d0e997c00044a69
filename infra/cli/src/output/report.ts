import type { ServiceStatus } from '@bifold/cloud';
import type { Pipeline } from '@bifold/core';
import {
  type Coverage,
  coverageGaps,
  type Log,
  type Pointer,
  type Range,
  type StoragePlan,
  sizeOf,
  ViewLostError,
} from '@bifold/core/engine';
import { newSnapshot } from '@bifold/engine';
import type { MappingState, TriggerState } from '@bifold/trigger';
import { ask } from '../api.ts';
import type { Context } from '../context.ts';
import { type DeploymentRecord, readDeployments } from '../deployment/deployments.ts';
import { driftOfDeployment, driftWarnings } from '../deployment/drift.ts';
import { messageOf } from '../errors.ts';
import { relayLag } from '../kafka/groups/pipeline-groups.ts';
import { whatHappened } from '../kafka/topics/recreated-topic.ts';
import { withoutTrailingHoles } from '../kafka/topics/trailing-holes.ts';
import { handoverWarning, readHandover } from '../verification/handover.ts';
import { publishedOf } from '../verification/published.ts';
import { age, number } from './terminal.ts';

/**
 * The state of the cloud. A value that could not be read is null, and `unknown` gives the reason: a
 * report never fails because a service is unavailable.
 */
export interface Report {
  readonly services: readonly ServiceStatus[];
  readonly pipelines: readonly PipelineReport[];
}

export interface PipelineReport {
  readonly pipeline: string;
  readonly topic: string;
  /** The version that is deployed. */
  readonly version: string;
  readonly topicId: string;
  /**
   * The version that answers. It becomes the deployed one once that covers the same offsets. Null
   * if there was no query yet.
   */
  readonly answering: string | null;
  /** The trigger's state of the mapping. */
  readonly mapping: { readonly status: string; readonly reason: string | null } | null;
  readonly ends: Readonly<Record<string, number>> | null;
  /** Offsets in the log that answers do not cover. */
  readonly lag: number | null;
  /** The records of each source that the relay has not copied yet. Null if there is no relay. */
  readonly relay: Readonly<Record<string, number>> | null;
  readonly gaps: Coverage | null;
  readonly generation: { readonly number: number; readonly ageMs: number | null } | null;
  readonly archive: {
    /** The records that the archive lacks, and the age of the oldest one. */
    readonly behind: number;
    readonly lagMs: number;
    readonly partitions: Readonly<
      Record<string, { readonly logStart: number; readonly frontier: number; readonly end: number }>
    >;
  } | null;
  /** Per partition, null where unlimited. */
  readonly retention: { readonly ms: number | null; readonly bytes: number | null } | null;
  readonly quarantined: Readonly<Record<string, number>> | null;
  readonly warnings: readonly string[];
  readonly unknown: readonly string[];
}

/**
 * A retention time that is too short for a few failed runs of the archive function, which runs each
 * minute.
 */
const RETENTION_SHORT_MS = 15 * 60_000;

export async function reportOn(context: Context): Promise<Report> {
  const services = await context.cloud.status();
  const isUp = (name: string) => services.some((service) => service.name === name && service.state === 'up');
  const trigger = isUp('trigger') ? await triggerState(context).catch(() => null) : null;
  const definitions = await context.pipelines();
  const pipelines = await Promise.all(
    readDeployments(context.paths).map((record) =>
      pipelineReport(
        context,
        record,
        definitions.find(({ plan }) => plan.name === record.pipeline) ?? null,
        trigger,
        isUp,
      ),
    ),
  );
  return { services, pipelines };
}

export async function triggerState({ triggerPort }: Context): Promise<TriggerState> {
  const response = await fetch(`http://127.0.0.1:${triggerPort}/state`, { signal: AbortSignal.timeout(3_000) });
  return (await response.json()) as TriggerState;
}

export function mappingOf(trigger: TriggerState | null, { functions }: DeploymentRecord): MappingState | null {
  return trigger?.mappings.find(({ functionArn }) => functionArn.split(':')[6] === functions.speed) ?? null;
}

async function relayMappings(
  trigger: TriggerState | null,
  { functions }: DeploymentRecord,
): Promise<readonly MappingState[]> {
  if (functions.relay === undefined) return [];
  return trigger?.mappings.filter(({ functionArn }) => functionArn.split(':')[6] === functions.relay) ?? [];
}

async function pipelineReport(
  context: Context,
  record: DeploymentRecord,
  definition: Pipeline | null,
  trigger: TriggerState | null,
  isUp: (name: string) => boolean,
): Promise<PipelineReport> {
  const { topic, version, topicId } = record;
  const warnings: string[] = [];
  const unknown: string[] = [];
  /** Reads a value that needs some services. Null if one of them is unavailable or fails. */
  const attempt = async <T>(what: string, needs: readonly string[], work: () => Promise<T>): Promise<T | null> => {
    const away = needs.filter((name) => !isUp(name));
    try {
      if (away.length === 0) return await work();
      unknown.push(`${what}: ${away.join(' and ')} ${away.length === 1 ? 'is' : 'are'} away`);
    } catch (error) {
      unknown.push(`${what}: ${messageOf(error)}`);
    }
    return null;
  };
  if (definition === null) warnings.push('its definition is not in layers/pipelines any more');
  else if (definition.plan.version !== version) {
    warnings.push(
      `its definition has changed since it was deployed (now ${definition.plan.version}): npx bifold deploy ${record.pipeline}`,
    );
  }
  const storage = definition?.plan.storage ?? { segmentSize: 4096, buckets: 4 };

  const described = await attempt('topic', ['kafka'], async () => (await context.kafkaAdmin()).describeTopic(topic));
  if (described === null && isUp('kafka'))
    warnings.push(`topic "${topic}" does not exist: npx bifold deploy ${record.pipeline}`);
  const isBound = described?.id === topicId;
  if (described !== null && !isBound) {
    warnings.push(
      `${whatHappened(topic, described.id)}, and ${topicId} is deployed: npx bifold deploy ${record.pipeline}`,
    );
  }
  const log = await context.log(topic);
  const bounds = isBound ? await attempt('log', ['kafka'], () => boundsOf(log, described.partitions)) : null;

  const relay =
    record.relayed &&
    (await attempt('relay', ['kafka'], async () => Object.fromEntries(await relayLag(context, record))));
  for (const [source, id] of isUp('kafka') ? Object.entries(record.relayed ?? {}) : []) {
    const now = await attempt(source, ['kafka'], async () => (await context.kafkaAdmin()).describeTopic(source));
    if (now?.id !== id)
      warnings.push(
        `${whatHappened(source, now?.id ?? null)}, and ${id} is deployed: npx bifold deploy ${record.pipeline}`,
      );
  }
  const stored = await attempt('views', ['cassandra'], () => storedViews(context, record, storage));

  const handover = await attempt('alias', ['cassandra'], () => readHandover(context, record));
  const pending = handover && handoverWarning(handover);
  if (pending) warnings.push(pending);
  const coverage = handover?.alias.sealed?.coverage ?? stored?.coverage;
  const lag =
    bounds &&
    coverage &&
    (await attempt('lag', ['kafka'], async () => lagOf(await withoutTrailingHoles(log, bounds, coverage), coverage)));

  const lost =
    stored &&
    (await attempt('publications', ['cassandra', 'emulator'], () => lossOf(context, record, storage, stored)));
  if (lost) warnings.push(lost);

  const archive =
    bounds && (await attempt('archive', ['kafka', 'emulator'], () => archiveOf(context, record, log, bounds)));
  const retention = described && retentionOf(described.config);
  if (archive && retention) warnings.push(...retentionWarnings(topic, archive, retention));
  const answer = await attempt('quarantine', ['emulator', 'cassandra'], () => {
    const window = definition?.plan.windows[0]?.name;
    return ask(context, record, { limit: 1, ...(window === undefined ? {} : { window }) });
  });

  const drift =
    definition &&
    (await attempt('drift', ['emulator', 'cassandra'], () => driftOfDeployment(context, definition.plan, record)));
  if (drift) warnings.push(...driftWarnings(record.pipeline, drift));

  const mapping = trigger && mappingOf(trigger, record);
  if (!isUp('trigger')) unknown.push('mapping: trigger is away');
  else if (trigger !== null && mapping === null)
    warnings.push(`no mapping invokes its speed function: npx bifold deploy ${record.pipeline}`);
  for (const { groupId, status, reason } of await relayMappings(trigger, record))
    if (!['polling', 'starting'].includes(status))
      warnings.push(`the relay's mapping ${groupId} is ${status}${reason === null ? '' : `: ${reason}`}`);
  if (mapping?.recordsLostToRetention) {
    warnings.push(
      `${number(mapping.recordsLostToRetention)} records were deleted by the broker before they were consumed`,
    );
  }
  return {
    pipeline: record.pipeline,
    topic,
    version,
    topicId,
    mapping: mapping && { status: mapping.status, reason: mapping.reason },
    ends: bounds && Object.fromEntries([...bounds].map(([partition, { end }]) => [partition, end])),
    answering: handover?.alias.current ?? null,
    lag: lag ?? null,
    relay: relay ?? null,
    gaps: coverage ? coverageGaps(coverage) : null,
    generation: stored && {
      number: stored.pointer.generation,
      ageMs: stored.pointer.current === null ? null : Date.now() - stored.pointer.current.publishedAtMs,
    },
    archive,
    retention,
    quarantined: answer?.receipt.quarantined.reasons ?? null,
    warnings,
    unknown,
  };
}

/**
 * The data that was published or archived and that the database lacks, in a sentence; null if none
 * is known to be missing.
 */
async function lossOf(
  context: Context,
  record: DeploymentRecord,
  storage: StoragePlan,
  { pointer, coverage }: Awaited<ReturnType<typeof storedViews>>,
): Promise<string | null> {
  try {
    const published = await publishedOf(context, record, storage);
    await published.check(pointer);
    if (Object.keys(coverage).length === 0) await published.checkNothingCovered();
    return null;
  } catch (error) {
    if (!(error instanceof ViewLostError)) throw error;
    const { failed, received, remedy } = error.explanation;
    return `LOST: ${failed} (${received}); ${remedy}`;
  }
}

/** The publication of a deployment's views, and the current coverage of an answer. */
export async function storedViews(
  context: Context,
  { version, topicId }: DeploymentRecord,
  storage: StoragePlan,
): Promise<{ readonly pointer: Pointer; readonly coverage: Coverage }> {
  const database = await context.database();
  const scope = { version, topicId };
  const speed = database.speed(scope, storage);
  const pointer = await database.batch(scope, storage).readPointer('quorum');
  const { coverage } = await newSnapshot({ storage }, { snapshot: false }, pointer, { store: speed });
  return { pointer, coverage };
}

type Bounds = ReadonlyMap<number, { readonly start: number; readonly end: number }>;

export async function boundsOf(log: Log, partitions: readonly number[]): Promise<Bounds> {
  return new Map(
    await Promise.all(partitions.map(async (partition) => [partition, await log.bounds(partition)] as const)),
  );
}

/** Offsets below the log's end that a coverage lacks. */
export function lagOf(bounds: Bounds, coverage: Coverage): number {
  let lag = 0;
  for (const [partition, { end }] of bounds) {
    const below = (coverage[partition] ?? []).map(([from, to]): Range => [Math.min(from, end), Math.min(to, end)]);
    lag += end - sizeOf(below);
  }
  return lag;
}

async function archiveOf(
  context: Context,
  { archiveBucket, version, topicId }: DeploymentRecord,
  log: Log,
  bounds: Bounds,
): Promise<NonNullable<PipelineReport['archive']>> {
  const store = (await context.archive(archiveBucket)).archive({ version, topicId });
  const partitions: Record<string, { logStart: number; frontier: number; end: number }> = {};
  let behind = 0;
  let oldestMs = Number.POSITIVE_INFINITY;
  for (const [partition, { start, end }] of bounds) {
    const frontier = await store.frontier(partition);
    partitions[partition] = { logStart: start, frontier, end };
    behind += Math.max(0, end - frontier);
    const next = Math.max(frontier, start);
    if (next >= end) continue;
    const { records } = await log.read(partition, next, end, 1);
    oldestMs = Math.min(oldestMs, records[0]?.timestampMs ?? Number.POSITIVE_INFINITY);
  }
  return { behind, lagMs: Number.isFinite(oldestMs) ? Math.max(0, Date.now() - oldestMs) : 0, partitions };
}

function retentionOf(config: Readonly<Record<string, string>>): { ms: number | null; bytes: number | null } {
  const limit = (text: string | undefined) => (text === undefined || Number(text) < 0 ? null : Number(text));
  return { ms: limit(config['retention.ms']), bytes: limit(config['retention.bytes']) };
}

/** Warns of a topic whose records may be deleted before they are archived. */
export function retentionWarnings(
  topic: string,
  { lagMs, behind, partitions }: NonNullable<PipelineReport['archive']>,
  { ms, bytes }: NonNullable<PipelineReport['retention']>,
): readonly string[] {
  const warnings: string[] = [];
  if (ms !== null && behind > 0 && lagMs * 2 > ms) {
    warnings.push(
      `topic "${topic}" keeps records for ${age(ms)}, and the archive is ${age(lagMs)} behind: raise retention.ms, or archive now`,
    );
  } else if (ms !== null && ms < RETENTION_SHORT_MS) {
    warnings.push(
      `topic "${topic}" keeps records for ${age(ms)} only: less than a few failed runs of the archive take`,
    );
  }
  for (const [partition, { logStart, frontier, end }] of Object.entries(partitions)) {
    if (logStart > frontier) {
      warnings.push(
        `LOST: offsets [${frontier}, ${logStart}) of ${topic}/${partition} were deleted before they were archived`,
      );
    } else if (
      (ms !== null || bytes !== null) &&
      logStart > 0 &&
      frontier < end &&
      frontier - logStart < end - frontier
    ) {
      warnings.push(
        `the start of ${topic}/${partition} (${logStart}) closes in on the archive (${frontier} of ${end}): raise retention, or archive now`,
      );
    }
  }
  if (bytes !== null && behind > 0) {
    warnings.push(
      `topic "${topic}" is cut at ${number(bytes)} bytes a partition while ${number(behind)} records are not archived yet`,
    );
  }
  return warnings;
}
