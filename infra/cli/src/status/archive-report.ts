import type { Log } from '@bifold/core/engine';
import type { Context } from '../context.ts';
import type { DeploymentRecord } from '../deployment/deployments.ts';
import type { LogBounds } from '../kafka/topics/log-bounds.ts';
import { age, number } from '../output/terminal.ts';

/** How far the archive of a log has come. */
export interface ArchiveReport {
  /** The records that the archive lacks, and the age of the oldest one. */
  readonly behind: number;
  readonly lagMs: number;
  readonly partitions: Readonly<
    Record<string, { readonly logStart: number; readonly frontier: number; readonly end: number }>
  >;
}

/** Per partition, null where unlimited. */
export interface Retention {
  readonly ms: number | null;
  readonly bytes: number | null;
}

/**
 * A retention time that is too short for a few failed runs of the archive function, which runs each
 * minute.
 */
const RETENTION_SHORT_MS = 15 * 60_000;

export async function archiveReport(
  context: Context,
  { archiveBucket, version, topicId }: DeploymentRecord,
  log: Log,
  bounds: LogBounds,
): Promise<ArchiveReport> {
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

export function retentionOf(config: Readonly<Record<string, string>>): Retention {
  const limit = (text: string | undefined) => (text === undefined || Number(text) < 0 ? null : Number(text));
  return { ms: limit(config['retention.ms']), bytes: limit(config['retention.bytes']) };
}

/** Warns of a topic whose records may be deleted before they are archived. */
export function retentionWarnings(
  topic: string,
  { lagMs, behind, partitions }: ArchiveReport,
  { ms, bytes }: Retention,
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
