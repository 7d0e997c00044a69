import { tmpdir } from 'node:os';
import { type Coverage, type Scope, type SqlEngine, sizeOf } from '@bifold/core/engine';
import type { RecordSourcePorts } from '@bifold/engine';
import type { Context } from '../context.ts';
import type { DeploymentRecord } from '../deployment/deployments.ts';

/** The records of one topic, by its id, that the log and the archive still have. */
export interface RecordSources extends RecordSourcePorts {
  /** The topic's id now; null when there is no such topic. */
  readonly topicId: string | null;
}

/**
 * Runs work with the stored records of a view. The log is used only if the topic still has the
 * deployed id.
 */
export async function withRecordSources<T>(
  context: Context,
  { topic, archiveBucket }: Pick<DeploymentRecord, 'topic' | 'archiveBucket'>,
  scope: Scope,
  work: (sources: RecordSources) => Promise<T>,
): Promise<T> {
  const log = await context.log(topic);
  const topicId = await log.topicId();
  const { archive } = await context.archive(archiveBucket);
  let opened: Promise<SqlEngine> | null = null;
  const engine = (): Promise<SqlEngine> => {
    opened ??= import('@bifold/adapters/duckdb').then(({ openEngine }) => openEngine());
    return opened;
  };
  try {
    return await work({
      topicId,
      log: topicId === scope.topicId ? log : null,
      archive: archive(scope),
      engine: {
        async *query(sql) {
          yield* (await engine()).query(sql);
        },
      },
      scratchFolder: tmpdir(),
    });
  } finally {
    await (opened as Promise<SqlEngine> | null)?.then((engine) => engine.close());
  }
}

/** `0: [0, 4096)  2: [12, 15) [20, 21)`, for a message. */
export function rangesText(coverage: Coverage): string {
  return Object.entries(coverage)
    .map(([partition, ranges]) => `${partition}: ${ranges.map(([start, end]) => `[${start}, ${end})`).join(' ')}`)
    .join('  ');
}

export function offsetsIn(coverage: Coverage): number {
  return Object.values(coverage).reduce((total, ranges) => total + sizeOf(ranges), 0);
}

/** The records that still exist, for a message. */
export async function keptText(
  wanted: Coverage,
  { log, archive, topicId }: RecordSources,
  wantedTopicId: string,
): Promise<string> {
  const parts = await Promise.all(
    Object.keys(wanted).map(async (name) => {
      const archived = await archive.frontier(Number(name));
      const inLog = log === null ? null : await log.bounds(Number(name));
      return `${name}: archive up to ${archived}${inLog === null ? '' : `, log [${inLog.start}, ${inLog.end})`}`;
    }),
  );
  const other = `; the log of topic id ${wantedTopicId} is gone: ${topicId === null ? 'there is no such topic' : `the topic is ${topicId} now`}`;
  return `${parts.join('; ')}${log === null ? other : ''}`;
}
