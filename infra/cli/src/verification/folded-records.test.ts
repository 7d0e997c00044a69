import { setTimeout as sleep } from 'node:timers/promises';
import type { ArchiveStore, Log, LogRecord } from '@bifold/core/engine';
import { expect, it } from '@jest/globals';
import { foldedRecords } from './folded-records.ts';
import type { RecordSources } from './record-sources.ts';

const SLICE_RECORDS = 20_000;
const RECORDS = 200_000;
const ANSWER_MS = 5;

const record = (offset: number): LogRecord => ({
  partition: 0,
  offset,
  timestampMs: 0,
  key: null,
  value: null,
  headers: [],
});

/** Holds the event loop, as a fold does. */
function work(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
}

it('reads the answers to requests in flight while a long log is folded', async () => {
  const waitedMs: number[] = [];
  const log: Pick<Log, 'read'> = {
    async read(_partition, from, to) {
      const askedAtMs = performance.now();
      await sleep(ANSWER_MS);
      waitedMs.push(performance.now() - askedAtMs);
      const end = Math.min(to, from + SLICE_RECORDS);
      return { records: Array.from({ length: end - from }, (_, index) => record(from + index)), end, logStart: 0 };
    },
  };
  const stored: Partial<RecordSources> = {
    log: log as Log,
    archive: { chain: async () => [] } as unknown as ArchiveStore,
  };
  const located = { log: { 0: [[0, RECORDS]] }, archive: {}, missing: {} } as const;
  const advanced: number[] = [];
  const totals = new Set<number>();
  let next = 0;
  for await (const { offset } of foldedRecords(located, stored as RecordSources, (done, offsets) => {
    advanced.push(done);
    totals.add(offsets);
  })) {
    if (offset === next) next++;
    // A slice takes two seconds: a request would wait for its answer as long.
    if (offset % 100 === 0 && offset < SLICE_RECORDS) work(10);
  }
  expect(next).toBe(RECORDS);
  expect(waitedMs).toHaveLength(RECORDS / SLICE_RECORDS);
  expect(Math.max(...waitedMs)).toBeLessThan(1_000);
  expect(advanced.length).toBeGreaterThan(20);
  expect([...totals]).toEqual([RECORDS]);
});
