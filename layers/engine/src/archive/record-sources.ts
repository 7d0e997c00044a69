import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ArchiveFile,
  type ArchiveStore,
  archivedRecordsSql,
  type Coverage,
  type Log,
  type LogRecord,
  ProtocolError,
  type Range,
  type ResolvedSources,
  resolveSources,
  type Source,
  type SqlEngine,
  type SqlValue,
} from '@bifold/core/engine';

/** The two sources of records: the log, and the archive, which permanently holds the same bytes. */
export interface RecordSourcePorts {
  /** Null if the topic is deleted or recreated. */
  readonly log: Log | null;
  readonly archive: ArchiveStore;
  readonly engine: Pick<SqlEngine, 'query'>;
  readonly scratchFolder: string;
}

/** Finds the current source of each of these offsets. */
export async function resolveRecordSources(
  wanted: Coverage,
  source: Source,
  { log, archive }: Pick<RecordSourcePorts, 'log' | 'archive'>,
): Promise<ResolvedSources> {
  const inLog: Record<string, readonly Range[]> = {};
  const inArchive: Record<string, readonly Range[]> = {};
  const existing = new Set(log === null ? [] : await log.partitions());
  for (const partition of Object.keys(wanted).map(Number)) {
    if (log !== null && existing.has(partition)) {
      const { start, end } = await log.bounds(partition);
      inLog[partition] = [[start, end]];
    }
    if (source !== 'log') {
      const files = (await archive.chain(partition)).filter(({ lost }) => !lost);
      inArchive[partition] = files.map(({ start, end }): Range => [start, end]);
    }
  }
  return resolveSources(wanted, source, inLog, inArchive);
}

/**
 * Reads the records from their sources: first from the archive, then from the log. Offsets without
 * a record are holes.
 */
export async function* readRecordSources(
  located: ResolvedSources,
  ports: RecordSourcePorts,
): AsyncGenerator<LogRecord> {
  yield* archivedRecords(located.archive, ports);
  if (ports.log !== null) yield* loggedRecords(located.log, ports.log);
}

/** Reads archive files one after another. While one is read, the next one is downloaded. */
async function* archivedRecords(
  coverage: Coverage,
  { archive, engine, scratchFolder }: RecordSourcePorts,
): AsyncGenerator<LogRecord> {
  const files: (readonly [ArchiveFile, readonly Range[]])[] = [];
  for (const [name, ranges] of Object.entries(coverage)) {
    for (const file of await archive.chain(Number(name))) {
      const within = ranges.filter(([start, end]) => start < file.end && file.start < end);
      if (within.length > 0) files.push([file, within]);
    }
  }
  if (files.length === 0) return;
  const scratch = await mkdtemp(join(scratchFolder, 'kept-'));
  try {
    const bring = async (index: number): Promise<string> => {
      const [file] = files[index] as (typeof files)[number];
      const localPath = join(scratch, `${file.partition}-${file.start}.parquet`);
      await archive.fetch(file, localPath);
      return localPath;
    };
    let bringing = bring(0);
    for (const [index, [, ranges]] of files.entries()) {
      const localPath = await bringing;
      if (index + 1 < files.length) {
        bringing = bring(index + 1);
        // Awaited above. Until then, a failure must not count as unhandled.
        bringing.catch(() => undefined);
      }
      for (const [start, end] of ranges) {
        for await (const chunk of engine.query(archivedRecordsSql(localPath, start, end))) yield* chunk.map(recordOf);
      }
      await rm(localPath);
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/**
 * Converts an archived row back to the record, as `archiveColumns` of the archive function wrote
 * it.
 */
function recordOf([partition, offset, timestampMs, key, value, headers]: readonly SqlValue[]): LogRecord {
  return {
    partition: Number(partition),
    offset: Number(offset),
    timestampMs: Number(timestampMs),
    key: key as Uint8Array | null,
    value: value as Uint8Array | null,
    headers: headers === null ? [] : headersOf(String(headers)),
  };
}

/** Parses headers in the format of the archive function. */
export function headersOf(text: string): LogRecord['headers'] {
  return (JSON.parse(text) as [string, string | null][]).map(([key, value]) => ({
    key,
    value: value === null ? null : Buffer.from(value, 'base64'),
  }));
}

const READ_BYTES_MAX = 8 * 1024 * 1024;
/**
 * A generous estimate of the size of a record. A broker sends as much as the fetch allows, even if
 * only one offset is wanted.
 */
const RECORD_BYTES = 16 * 1024;

/**
 * Reads partitions of the log one after another. While one range is folded, the next one is
 * fetched.
 */
async function* loggedRecords(coverage: Coverage, log: Log): AsyncGenerator<LogRecord> {
  for (const [name, ranges] of Object.entries(coverage)) {
    const partition = Number(name);
    for (const [start, end] of ranges) {
      const readBytes = Math.min(READ_BYTES_MAX, (end - start) * RECORD_BYTES);
      let reading = start < end ? log.read(partition, start, end, readBytes) : null;
      for (let from = start; reading !== null; ) {
        const slice = await reading;
        if (slice.logStart > from || slice.end <= from) throw overtaken(partition, from, slice.logStart);
        from = slice.end;
        reading = from < end ? log.read(partition, from, end, readBytes) : null;
        // Awaited above. Until then, a failure must not count as unhandled.
        reading?.catch(() => undefined);
        yield* slice.records;
      }
    }
  }
}

function overtaken(partition: number, from: number, logStart: number): ProtocolError {
  return new ProtocolError('BIFOLD_LOG_OVERTAKEN', {
    failed: `partition ${partition} of the log cannot be read to the end: retention deleted records during the read`,
    received: `a log that begins at offset ${logStart}`,
    allowed: `records from offset ${from} on, which existed when the read began`,
    remedy: 'try again: archived records are then read from the archive',
  });
}
