import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ArchiveFile, ArchiveStore, Log, LogRecord, SqlEngine } from '@bifold/core/engine';
import { airframes } from '@bifold/example-flights';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { archiveLog } from './archive.ts';

/** Any number of records in one slice, as a broker gives small records that compress well. */
const SLICE_RECORDS = 150_000;

/** A log with records of this size, complete or with a start that retention moved. */
function logOf(ends: readonly number[], { valueBytes = 0, logStart = 0 } = {}): Log {
  const value = valueBytes === 0 ? null : Buffer.alloc(valueBytes);
  const record = (partition: number, offset: number): LogRecord => ({
    partition,
    offset,
    timestampMs: 0,
    key: null,
    value,
    headers: [],
  });
  return {
    topicId: async () => 'id',
    partitions: async () => ends.map((_, partition) => partition),
    bounds: async (partition) => ({ start: 0, end: ends[partition] ?? 0 }),
    read: async (partition, from, to) => {
      const end = Math.min(to, from + SLICE_RECORDS);
      return {
        records: Array.from({ length: end - from }, (_, index) => record(partition, from + index)),
        end,
        logStart,
      };
    },
    close: async () => undefined,
  };
}

describe('archiveLog', () => {
  let scratchFolder: string;
  let appended: string[];
  /** Rows of each file, and the most that were handed over at once. */
  let written: number[];
  let stretchRows: number;
  beforeAll(() => {
    scratchFolder = mkdtempSync(join(tmpdir(), 'bifold-archive-'));
  });
  beforeEach(() => {
    [appended, written, stretchRows] = [[], [], 0];
  });
  afterAll(() => rmSync(scratchFolder, { recursive: true }));

  const archived = (log: Log, hasTime: () => boolean = () => true) => {
    const archive = {
      frontier: async () => 0,
      append: async ({ partition, start, end, lost }: Omit<ArchiveFile, 'path'>) => {
        appended.push(`${partition}: ${start}-${end}${lost ? ' lost' : ''}`);
        return true;
      },
    } as Partial<ArchiveStore> as ArchiveStore;
    const engine: Pick<SqlEngine, 'writeParquet'> = {
      writeParquet: async (_, __, rows) => {
        let count = 0;
        for await (const [column] of rows) {
          count += column?.length ?? 0;
          stretchRows = Math.max(stretchRows, column?.length ?? 0);
        }
        written.push(count);
      },
    };
    return archiveLog(airframes, { log, archive, engine, topicId: 'id', hasTime, scratchFolder });
  };

  it('writes files of a bounded number of records, whatever a slice holds, one of each partition in turn', async () => {
    const results = await archived(logOf([300_000, 150_000]), () => appended.length < 4);
    expect(appended).toEqual(['0: 0-122880', '1: 0-122880', '0: 122880-245760', '1: 122880-150000']);
    expect(written).toEqual([122_880, 122_880, 122_880, 27_120]);
    expect(results.map(({ partition, records, behind }) => [partition, records, behind])).toEqual([
      [0, 245_760, 54_240],
      [1, 150_000, 0],
    ]);
  });

  it('hands a file over in small stretches of rows', async () => {
    await archived(logOf([10_000]));
    expect([written, stretchRows]).toEqual([[10_000], 2_048]);
  });

  it('writes files of bounded bytes, with one record more at most', async () => {
    const valueBytes = 1_000_000;
    await archived(logOf([100], { valueBytes }));
    const inOne = Math.ceil((32 * 1024 * 1024) / valueBytes);
    expect(appended).toEqual([`0: 0-${inOne}`, `0: ${inOne}-${2 * inOne}`, `0: ${2 * inOne}-100`]);
    expect(written).toEqual([inOne, inOne, 100 - 2 * inOne]);
  });

  it('writes down as lost what retention took, in a file without rows', async () => {
    await archived(logOf([300], { logStart: 200 }), () => appended.length < 1);
    expect([appended, written]).toEqual([['0: 0-200 lost'], [0]]);
  });

  it('fails where the log gives nothing, as the log and not as the engine', async () => {
    const log = { ...logOf([300]), read: async () => ({ records: [], end: 0, logStart: 0 }) };
    await expect(archived(log)).rejects.toMatchObject({ code: 'BIFOLD_LOG_BEHIND' });
  });
});
