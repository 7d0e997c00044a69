import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ArchiveStore, Log, LogRecord, SqlEngine } from '@bifold/core';
import { airframes } from '@bifold/pipelines';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { archiveLog } from './archive.ts';

/** A log that gives whatever it is asked for in one slice, as a broker does for small records that compress well. */
function logOf(ends: readonly number[]): Log {
  const record = (partition: number, offset: number): LogRecord => ({
    partition,
    offset,
    timestampMs: 0,
    key: null,
    value: null,
    headers: [],
  });
  return {
    topicId: async () => 'id',
    partitions: async () => ends.map((_, partition) => partition),
    bounds: async (partition) => ({ start: 0, end: ends[partition] ?? 0 }),
    read: async (partition, from, to) => {
      const end = Math.min(to, from + 150_000);
      return {
        records: Array.from({ length: end - from }, (_, index) => record(partition, from + index)),
        end,
        logStart: 0,
      };
    },
    close: async () => undefined,
  };
}

describe('archiveLog', () => {
  let scratchFolder: string;
  beforeAll(() => {
    scratchFolder = mkdtempSync(join(tmpdir(), 'bifold-archive-'));
  });
  afterAll(() => rmSync(scratchFolder, { recursive: true }));

  it('takes slices of any number of records, and gives each partition a file in turn until time is up', async () => {
    const appended: string[] = [];
    const archive = {
      frontier: async () => 0,
      append: async ({ partition, start, end }: { partition: number; start: number; end: number }) => {
        appended.push(`${partition}: ${start}-${end}`);
        return true;
      },
    } as Partial<ArchiveStore> as ArchiveStore;
    const engine: Pick<SqlEngine, 'writeParquet'> = { writeParquet: async () => undefined };
    const ports = {
      log: logOf([900_000, 150_000]),
      archive,
      engine,
      incarnation: 'id',
      hasTime: () => appended.length < 3,
      scratchFolder,
    };
    const archived = await archiveLog(airframes, ports);
    expect(appended).toEqual(['0: 0-300000', '1: 0-150000', '0: 300000-600000']);
    expect(archived.map(({ partition, records, behind }) => [partition, records, behind])).toEqual([
      [0, 600_000, 300_000],
      [1, 150_000, 0],
    ]);
  });
});
