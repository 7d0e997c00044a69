import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pipeline } from '@bifold/core';
import {
  ARCHIVE_COLUMNS,
  type ArchiveStore,
  type ColumnShape,
  type Decoder,
  decoderOf,
  type Log,
  type LogRecord,
  ORIGIN_COLUMN,
  originHeader,
  type Plan,
  ProtocolError,
  type SqlEngine,
  type SqlValue,
  sqlTypeOf,
  sqlValueOf,
} from '@bifold/core/engine';
import { type BoundLog, verifyTopicId } from '../topic-id.ts';

export interface ArchivePorts extends BoundLog {
  readonly archive: ArchiveStore;
  readonly engine: Pick<SqlEngine, 'writeParquet'>;
  /** Whether there is time for another file. */
  readonly hasTime: () => boolean;
  readonly scratchFolder: string;
}

export interface ArchivedPartition {
  readonly partition: number;
  readonly start: number;
  readonly end: number;
  readonly records: number;
  readonly files: number;
  /**
   * Ranges that retention deleted before archiving. A cut passes them only if an operator accepts
   * the loss.
   */
  readonly lost: readonly (readonly [number, number])[];
  /** The number of records in the log beyond `end`. */
  readonly behind: number;
}

/**
 * A file has at most one Parquet row group, which is all that the function holds in memory. So a
 * larger lag needs no more memory.
 */
const FILE_RECORDS_MAX = 122_880;
/** The size of keys, values and headers in memory. One record may exceed it. */
const FILE_BYTES_MAX = 32 * 1024 * 1024;
/** The fetch size that the broker applies, in compressed bytes. */
const FETCH_BYTES = 1024 * 1024;
/** The number of records per decoded chunk: the length of a DuckDB vector. */
const DECODED_RECORDS = 2_048;

/**
 * Rule 7: extends the chain of each partition to the end that the log had at the start. Partitions
 * take turns, one file each, so that a partition with a large lag does not delay the others. Two
 * runs may overlap, because each file is created only if absent.
 */
export async function archiveLog(pipeline: Pipeline, ports: ArchivePorts): Promise<readonly ArchivedPartition[]> {
  const decode = decoderOf(pipeline);
  // Check this even if there is nothing to archive. Otherwise "everything is archived" might refer
  // to another topic.
  await verifyTopicId(ports);
  const scratch = await mkdtemp(join(ports.scratchFolder, 'archive-'));
  try {
    const chains = await Promise.all((await ports.log.partitions()).map((partition) => chainOf(partition, ports)));
    let waiting = chains.filter(({ position, logEnd }) => position < logEnd);
    while (waiting.length > 0 && ports.hasTime()) {
      for (const chain of waiting) {
        if (ports.hasTime())
          await lengthen(chain, pipeline.plan, decode, ports, join(scratch, `${chain.partition}.parquet`));
      }
      waiting = waiting.filter(({ position, logEnd }) => position < logEnd);
    }
    return chains.map(({ partition, start, position, logEnd, records, files, lost }) => ({
      partition,
      start,
      end: position,
      records,
      files,
      lost,
      behind: Math.max(0, logEnd - position),
    }));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The chain of a partition while this run extends it. */
interface GrowingChain {
  readonly partition: number;
  readonly start: number;
  readonly logEnd: number;
  readonly lost: [number, number][];
  position: number;
  records: number;
  files: number;
}

async function chainOf(partition: number, { log, archive }: ArchivePorts): Promise<GrowingChain> {
  const [{ end }, start] = await Promise.all([log.bounds(partition), archive.frontier(partition)]);
  return { partition, start, logEnd: end, lost: [], position: start, records: 0, files: 0 };
}

/** Adds the next file, or continues from the end of another writer's file. */
async function lengthen(
  chain: GrowingChain,
  plan: Plan,
  decode: Decoder,
  ports: ArchivePorts,
  localPath: string,
): Promise<void> {
  const { partition, position } = chain;
  const content: FileContent = { end: position, records: 0, lost: false };
  const rows = rowsOf(recordsOf(ports.log, partition, chain.logEnd, content), plan, decode);
  await ports.engine.writeParquet(localPath, archiveColumns(plan), rows);
  await verifyTopicId(ports);
  const { end, lost, records } = content;
  if (!(await ports.archive.append({ partition, start: position, end, lost }, localPath))) {
    chain.position = await ports.archive.frontier(partition);
    return;
  }
  chain.files++;
  chain.records += records;
  if (lost) chain.lost.push([position, end]);
  chain.position = end;
}

/**
 * The content of the next file while it is read: records up to the limits of a file, or a range
 * that retention deleted.
 */
interface FileContent {
  end: number;
  records: number;
  lost: boolean;
}

/** Reads the records of the next file, and sets the end of `content`. */
async function* recordsOf(
  log: Log,
  partition: number,
  to: number,
  content: FileContent,
): AsyncGenerator<readonly LogRecord[]> {
  const from = content.end;
  let roomBytes = FILE_BYTES_MAX;
  while (content.end < to && content.records < FILE_RECORDS_MAX && roomBytes > 0) {
    const readTo = Math.min(to, content.end + FILE_RECORDS_MAX - content.records);
    const slice = await log.read(partition, content.end, readTo, FETCH_BYTES);
    if (slice.logStart > content.end) {
      // The records read so far make a file of their own. The loss becomes the next file.
      if (content.end === from) Object.assign(content, { end: slice.logStart, lost: true });
      return;
    }
    if (slice.end <= content.end) break;
    const fitting = slice.records.findIndex((record) => {
      roomBytes -= sizeBytesOf(record);
      return roomBytes <= 0;
    });
    const records = fitting === -1 ? slice.records : slice.records.slice(0, fitting + 1);
    content.records += records.length;
    // The rest of the slice is read again for the next file.
    content.end = records.length === slice.records.length ? slice.end : (records.at(-1) as LogRecord).offset + 1;
    yield records;
  }
  if (content.end === from) throw silent(partition, from, to);
}

function sizeBytesOf({ key, value, headers }: LogRecord): number {
  const inHeaders = headers.reduce((sum, header) => sum + header.key.length + (header.value?.length ?? 0), 0);
  return (key?.length ?? 0) + (value?.length ?? 0) + inHeaders;
}

function silent(partition: number, from: number, to: number): ProtocolError {
  return new ProtocolError('BIFOLD_LOG_BEHIND', {
    failed: `a fetch of partition ${partition} returned no records below its high watermark`,
    received: `no record and no hole from offset ${from}`,
    allowed: `something below ${to}`,
    remedy: 'nothing: the next run tries again',
  });
}

/**
 * The columns of an archive file: raw records, including invalid ones, and the typed columns of the
 * schema.
 */
function archiveColumns(plan: Plan): readonly ColumnShape[] {
  return [
    ...ARCHIVE_COLUMNS,
    ...(plan.relay === undefined ? [] : [ORIGIN_COLUMN]),
    ...plan.columns.map(({ name, type }) => ({ name, type: sqlTypeOf(type) })),
  ];
}

async function* rowsOf(
  slices: AsyncIterable<readonly LogRecord[]>,
  plan: Plan,
  decode: Decoder,
): AsyncGenerator<readonly (readonly SqlValue[])[]> {
  for await (const records of slices) {
    for (let from = 0; from < records.length; from += DECODED_RECORDS)
      yield valuesOf(plan, decode, records.slice(from, from + DECODED_RECORDS));
  }
}

/** The values of `archiveColumns` for these records. */
function valuesOf(plan: Plan, decode: Decoder, records: readonly LogRecord[]): readonly (readonly SqlValue[])[] {
  const decoded = records.map(({ value, headers }) => decode(value, headers));
  const raw: Readonly<Record<string, readonly SqlValue[]>> = {
    _partition: records.map(({ partition }) => partition),
    _offset: records.map(({ offset }) => BigInt(offset)),
    _timestamp_ms: records.map(({ timestampMs }) => BigInt(timestampMs)),
    _key: records.map(({ key }) => key),
    _value: records.map(({ value }) => value),
    _headers: records.map(({ headers }) => headersText(headers)),
    _reason: decoded.map((event) => (event.kind === 'poison' ? event.reason : null)),
    _event_time_ms: decoded.map((event) => (event.kind === 'event' ? BigInt(event.timeMs) : null)),
  };
  return [
    ...ARCHIVE_COLUMNS.map(({ name }) => raw[name] as readonly SqlValue[]),
    ...(plan.relay === undefined ? [] : [records.map(({ headers }) => originHeader(headers))]),
    ...plan.columns.map(({ type }, index) => {
      const sqlType = sqlTypeOf(type);
      return decoded.map((event): SqlValue => {
        return event.kind === 'event' ? sqlValueOf(sqlType, event.values[index] ?? null) : null;
      });
    }),
  ];
}

/** Headers in their order, with values as base64: names may repeat, and values are bytes. */
function headersText(headers: LogRecord['headers']): string | null {
  if (headers.length === 0) return null;
  return JSON.stringify(
    headers.map(({ key, value }) => [key, value === null ? null : Buffer.from(value).toString('base64')]),
  );
}
