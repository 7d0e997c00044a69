import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  ARCHIVE_COLUMNS,
  type ArchiveStore,
  type Decoder,
  decoderOf,
  type Log,
  type LogRecord,
  ORIGIN_COLUMN,
  originHeader,
  type Pipeline,
  type Plan,
  ProtocolError,
  type SqlEngine,
  type SqlValue,
  sqlTypeOf,
  sqlValueOf,
  type TableColumn,
} from '@bifold/core';
import { type BoundLog, verifyIncarnation } from '../deployment/incarnation.ts';

export interface ArchivePorts extends BoundLog {
  readonly archive: ArchiveStore;
  readonly engine: Pick<SqlEngine, 'writeParquet'>;
  /** True while there is time for another file. */
  readonly hasTime: () => boolean;
  readonly scratchFolder: string;
}

export interface ArchivedPartition {
  readonly partition: number;
  readonly start: number;
  readonly end: number;
  readonly records: number;
  readonly files: number;
  /** Ranges that retention took before the archive did: no cut passes them without an operator. */
  readonly lost: readonly (readonly [number, number])[];
  /** Records that the log holds beyond `end`. */
  readonly behind: number;
}

const FILE_RECORDS_MAX = 200_000;
const FILE_BYTES_MAX = 64 * 1024 * 1024;
/** As the broker counts them: compressed. */
const FETCH_BYTES = 1024 * 1024;

/**
 * Rule 7: lengthens the chain of each partition up to where the log ended when it was asked, a file of each in turn, so that one with a backlog holds up no other.
 * May run twice at once: a file is created by one of them alone.
 */
export async function archiveLog(pipeline: Pipeline, ports: ArchivePorts): Promise<readonly ArchivedPartition[]> {
  const decode = decoderOf(pipeline);
  // Also where nothing is to be archived: "nothing is left" would be said of another topic.
  await verifyIncarnation(ports);
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
      ...{ partition, start, end: position, records, files, lost },
      behind: Math.max(0, logEnd - position),
    }));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** A partition's chain while it grows. */
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

/** Adds the next file, or goes on from where somebody else's ends. */
async function lengthen(
  chain: GrowingChain,
  plan: Plan,
  decode: Decoder,
  ports: ArchivePorts,
  localPath: string,
): Promise<void> {
  const { partition, position } = chain;
  const stretch = await readStretch(ports.log, partition, position, chain.logEnd);
  await verifyIncarnation(ports);
  await ports.engine.writeParquet(localPath, archiveTable(plan, decode, stretch.records));
  const { end, lost, records } = stretch;
  if (!(await ports.archive.append({ partition, start: position, end, lost }, localPath))) {
    chain.position = await ports.archive.frontier(partition);
    return;
  }
  chain.files++;
  chain.records += records.length;
  if (lost) chain.lost.push([position, end]);
  chain.position = end;
}

interface Stretch {
  readonly records: readonly LogRecord[];
  readonly end: number;
  readonly lost: boolean;
}

/** What the next file holds: records up to its limits, or the range that retention took. */
async function readStretch(log: Log, partition: number, from: number, to: number): Promise<Stretch> {
  const records: LogRecord[] = [];
  let sizeBytes = 0;
  let position = from;
  while (position < to && records.length < FILE_RECORDS_MAX && sizeBytes < FILE_BYTES_MAX) {
    const slice = await log.read(partition, position, to, FETCH_BYTES);
    if (slice.logStart > position) {
      // What was read before stands; the loss becomes the next file.
      return position > from
        ? { records, end: position, lost: false }
        : { records: [], end: slice.logStart, lost: true };
    }
    if (slice.end <= position) break;
    for (const record of slice.records) {
      sizeBytes += (record.value?.length ?? 0) + (record.key?.length ?? 0);
      records.push(record);
    }
    position = slice.end;
  }
  if (position > from) return { records, end: position, lost: false };
  throw new ProtocolError('BIFOLD_LOG_BEHIND', {
    failed: `the log of partition ${partition} gives nothing where it says that it has records`,
    received: `no record and no hole from offset ${from}`,
    allowed: `something below ${to}`,
    remedy: 'nothing: the next run tries again',
  });
}

/** Raw records, invalid ones among them, with the typed columns that the schema reads from them. */
function archiveTable(plan: Plan, decode: Decoder, records: readonly LogRecord[]): readonly TableColumn[] {
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
    ...ARCHIVE_COLUMNS.map(({ name, type }) => ({ name, type, values: raw[name] as readonly SqlValue[] })),
    ...(plan.relay === undefined
      ? []
      : [{ ...ORIGIN_COLUMN, values: records.map(({ headers }) => originHeader(headers)) }]),
    ...plan.columns.map(({ name, type }, index) => {
      const sqlType = sqlTypeOf(type);
      const values = decoded.map((event): SqlValue => {
        return event.kind === 'event' ? sqlValueOf(sqlType, event.values[index] ?? null) : null;
      });
      return { name, type: sqlType, values };
    }),
  ];
}

/** Headers in their order, values as base64: names may repeat, and values are bytes. */
function headersText(headers: LogRecord['headers']): string | null {
  if (headers.length === 0) return null;
  return JSON.stringify(
    headers.map(({ key, value }) => [key, value === null ? null : Buffer.from(value).toString('base64')]),
  );
}
