import type { Coverage, Log } from '@bifold/core/engine';
import type { LogBounds } from './log-bounds.ts';

const READ_BYTES = 64 * 1024;

/**
 * The offset after the last record. It excludes trailing holes, such as the marker of a
 * transaction, which readers never receive.
 * @returns `from` when nothing behind it is a record
 */
export async function endOfRecords(
  log: Pick<Log, 'read'>,
  partition: number,
  from: number,
  end: number,
): Promise<number> {
  for (let at = from; at < end; ) {
    const read = await log.read(partition, at, end, READ_BYTES);
    if (read.records.length > 0 || read.end <= at) return end;
    at = read.end;
  }
  return Math.min(from, end);
}

/** The bounds of a log without trailing holes above a coverage. */
export async function withoutTrailingHoles(
  log: Pick<Log, 'read'>,
  bounds: LogBounds,
  coverage: Coverage,
): Promise<LogBounds> {
  return new Map(
    await Promise.all(
      [...bounds].map(async ([partition, { start, end }]) => {
        const covered = Math.max(start, coverage[partition]?.at(-1)?.[1] ?? 0);
        return [partition, { start, end: await endOfRecords(log, partition, covered, end) }] as const;
      }),
    ),
  );
}
