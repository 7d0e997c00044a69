import { randomUUID } from 'node:crypto';
import {
  bucketOf,
  type FragmentRow,
  type QuarantineEntry,
  type RowFilter,
  type Scope,
  type SegmentSize,
  type SpeedStore,
} from '@bifold/core/engine';
import { beforeAll, describe, expect, it } from '@jest/globals';

export const ALL: RowFilter = { keys: null, window: null, fromMs: null, toMs: null };
export const freshScope = (): Scope => ({ version: 'contract-1', topicId: randomUUID() });

export interface StoreOptions {
  readonly buckets: number;
  readonly segmentSize: SegmentSize;
}

export async function collect<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const row of rows) all.push(row);
  return all;
}

/**
 * Keys that look alike but differ: a store that changes or drops a character would merge two of
 * them.
 */
export const LOOKALIKE_KEYS: readonly string[] = [
  'abc',
  '\ufeffabc',
  '\ufeff\ufeffabc',
  'abc\ufeff',
  '\u0000abc',
  'abc\u0000',
  '\u2028abc',
  'abc\u2028',
  '\u00e9',
  'e\u0301',
  '\u0301',
  '\ufeff',
  '\u0000',
  '\u2028',
  '\u200babc',
  '\uffff',
];

const BUCKETS = 4;
const SEGMENT_SIZE = 1000;

const bytes = (...values: number[]) => new Uint8Array(values);
const row = (key: string, startMs: number, lastOffset: number, cell: Uint8Array, window = 'hourly'): FragmentRow => ({
  key,
  window,
  startMs,
  lastOffset,
  cell,
});
const plain = (rows: readonly FragmentRow[]) =>
  rows.map(({ key, window, startMs, lastOffset, cell }) => ({ key, window, startMs, lastOffset, cell: [...cell] }));
const position = ({ key, window, startMs }: { key: string; window: string; startMs: number }) => [key, window, startMs];

/** The protocol's requirements on the speed layer's tables. */
export function speedStoreContract(
  name: string,
  open: (scope: Scope, options: StoreOptions) => Promise<SpeedStore>,
): void {
  describe(`${name}: speed store`, () => {
    let scope: Scope;
    let store: SpeedStore;

    beforeAll(async () => {
      scope = freshScope();
      store = await open(scope, { buckets: BUCKETS, segmentSize: SEGMENT_SIZE });
    });

    it('keeps the write with the higher log position, in whatever order they arrive (rule 2)', async () => {
      await store.writeFragments(0, 1, [row('["late"]', 0, 1900, bytes(9, 9))]);
      await store.writeFragments(0, 1, [row('["late"]', 0, 1200, bytes(255))]);
      await store.writeFragments(0, 1, [row('["early"]', 0, 1200, bytes(1))]);
      await store.writeFragments(0, 1, [row('["early"]', 0, 1300, bytes(0))]);
      const rows = await store.readSegment(0, 1);
      const ordered = [...rows].sort((left, right) => (left.key < right.key ? -1 : 1));
      expect(plain(ordered)).toEqual([
        { key: '["early"]', window: 'hourly', startMs: 0, lastOffset: 1300, cell: [0] },
        { key: '["late"]', window: 'hourly', startMs: 0, lastOffset: 1900, cell: [9, 9] },
      ]);
    });

    it('of two writes at one log position keeps the larger bytes, in whatever order they arrive', async () => {
      await store.writeFragments(1, 0, [row('["a"]', 0, 5, bytes(1, 2)), row('["b"]', 0, 5, bytes(3))]);
      await store.writeFragments(1, 0, [row('["a"]', 0, 5, bytes(3)), row('["b"]', 0, 5, bytes(1, 2))]);
      expect((await store.readSegment(1, 0)).map(({ cell }) => [...cell])).toEqual([[3], [3]]);
    });

    it('shows nothing of it to another topic id or version (rule 3)', async () => {
      const other = await open({ ...scope, topicId: randomUUID() }, { buckets: BUCKETS, segmentSize: SEGMENT_SIZE });
      const later = await open({ ...scope, version: 'contract-2' }, { buckets: BUCKETS, segmentSize: SEGMENT_SIZE });
      expect([await other.readSegment(0, 1), await later.readSegment(0, 1)]).toEqual([[], []]);
    });

    it('reads slices of progress in ascending order, where a lower value never comes back', async () => {
      for (const [segment, next] of [
        [10, 10_900],
        [2, 2100],
        [3, 4000],
        [2, 2050],
        [0, 1000],
      ] as const) {
        await store.writeProgress(0, segment, next);
      }
      expect([...(await store.readProgress(0, 0, null))]).toEqual([
        [0, 1000],
        [2, 2100],
        [3, 4000],
        [10, 10_900],
      ]);
      expect([...(await store.readProgress(0, 2, 10))]).toEqual([
        [2, 2100],
        [3, 4000],
      ]);
      expect([...(await store.readProgress(0, 11, null))]).toEqual([]);
      expect([...(await store.readProgress(7, 0, null))]).toEqual([]);
    });

    it('lets no progress count in a segment that was closed, whether it came before or comes later', async () => {
      await store.writeProgress(5, 3, 4000);
      await store.closeSegment(5, 3);
      await store.closeSegment(5, 4);
      await store.writeProgress(5, 4, 5000);
      await store.writeProgress(5, 5, 5100);
      expect([...(await store.readProgress(5, 0, null))]).toEqual([
        [3, 3000],
        [4, 4000],
        [5, 5100],
      ]);
    });

    it('knows the partitions that were registered, once each, ascending', async () => {
      for (const partition of [10, 2, 0, 2]) await store.registerPartition(partition);
      expect(await store.partitions()).toEqual([0, 2, 10]);
    });

    it('writes 5,000 rows, and scans buckets in the order of UTF-8 bytes, from any position on', async () => {
      const keys = ['[""]', '["a"]', '["é"]', '["\uffee"]', '["𝄞"]', '["z"]', '["Ω"]', '["\ue000"]', '["a\u0000"]'];
      const special = keys.flatMap((key) =>
        ['daily', 'hourly'].flatMap((window) => [-1, 0, 1].map((start) => row(key, start, 7, bytes(7), window))),
      );
      const many = Array.from({ length: 5000 }, (_, index) =>
        row(`["k${index % 1250}"]`, index, 8, new Uint8Array(100).fill(index)),
      );
      await store.writeFragments(2, 0, [...many, ...special]);
      expect(await store.readSegment(2, 0)).toHaveLength(5000 + special.length);
      const order = (left: FragmentRow, right: FragmentRow) =>
        Buffer.compare(Buffer.from(left.key), Buffer.from(right.key)) ||
        Buffer.compare(Buffer.from(left.window), Buffer.from(right.window)) ||
        left.startMs - right.startMs;
      for (let bucket = 0; bucket < BUCKETS; bucket++) {
        const expected = [...many, ...special].filter(({ key }) => bucketOf(key, BUCKETS) === bucket).sort(order);
        expect(plain(await collect(store.scan(2, 0, bucket, ALL, null)))).toEqual(plain(expected));
        for (let at = 0; at < expected.length; at += Math.ceil(expected.length / 7)) {
          const after = expected[at] as FragmentRow;
          const filters: RowFilter[] = [
            ALL,
            { ...ALL, window: 'hourly' },
            { ...ALL, window: 'daily', fromMs: 0, toMs: 1 },
            { ...ALL, fromMs: 0, toMs: 2000 },
            { ...ALL, keys: [after.key, '["nobody"]', ...keys] },
            { ...ALL, keys, window: 'hourly' },
            { keys: [...keys, after.key], window: after.window, fromMs: -1, toMs: 1 },
            { ...ALL, keys, fromMs: 0 },
          ];
          for (const filter of filters) {
            const matching = expected.filter(
              (each) =>
                order(each, after) > 0 &&
                (filter.keys?.includes(each.key) ?? true) &&
                (filter.window === null || filter.window === each.window) &&
                (filter.fromMs === null || filter.fromMs <= each.startMs) &&
                (filter.toMs === null || each.startMs < filter.toMs),
            );
            const found = await collect(store.scan(2, 0, bucket, filter, after));
            expect(found.map(position)).toEqual(matching.map(position));
          }
        }
      }
    });

    it('keeps keys apart that differ by one format, control or combining character', async () => {
      const rows = LOOKALIKE_KEYS.map((key, index) => row(key, 0, 7, bytes(index)));
      await store.writeFragments(6, 0, rows);
      const cells = (found: readonly FragmentRow[]) =>
        Object.fromEntries(found.map(({ key, cell }) => [key, [...cell]]));
      expect(cells(await store.readSegment(6, 0))).toEqual(cells(rows));
      for (const [index, key] of LOOKALIKE_KEYS.entries()) {
        const found = await collect(store.scan(6, 0, bucketOf(key, BUCKETS), { ...ALL, keys: [key] }, null));
        expect(plain(found)).toEqual(plain([row(key, 0, 7, bytes(index))]));
      }
    });

    it('can be left in the middle of a scan', async () => {
      for await (const { cell } of store.scan(2, 0, 0, ALL, null)) {
        expect(cell.length).toBeGreaterThan(0);
        break;
      }
    });

    it('drops fragments below a segment, zombies at or below its end included, and nothing that is later (rule 9)', async () => {
      await store.writeFragments(3, 0, [row('["a"]', 0, 10, bytes(1))]);
      await store.writeFragments(3, 1, [row('["a"]', 0, 1999, bytes(1))]);
      await store.writeFragments(3, 2, [row('["a"]', 0, 2000, bytes(1))]);
      await store.deleteFragmentsBelow(3, 0, 2);
      await store.writeFragments(3, 0, [row('["zombie"]', 0, 999, bytes(9))]);
      await store.writeFragments(3, 1, [row('["a"]', 0, 1999, bytes(255, 255))]);
      expect([await store.readSegment(3, 0), await store.readSegment(3, 1)]).toEqual([[], []]);
      expect(await store.readSegment(3, 2)).toHaveLength(1);
    });

    it('keeps quarantine by offset, with and without a payload', async () => {
      const entry = (offset: number, payload: Uint8Array | null): QuarantineEntry => ({
        partition: 4,
        offset,
        segment: Math.floor(offset / SEGMENT_SIZE),
        reason: 'not-json',
        detail: `at ${offset}`,
        timestampMs: 1_700_000_000_000,
        payload,
        payloadSizeBytes: 900_000,
        payloadSha256: 'ab'.repeat(32),
      });
      const entries = [
        entry(3500, null),
        entry(1, bytes(0, 1)),
        entry(0, new Uint8Array()),
        entry(2100, new Uint8Array(8192)),
      ];
      await store.writeQuarantine(entries);
      await store.writeQuarantine(entries);
      await store.writeProgress(4, 3, 3600);
      const listed = await store.listQuarantine(4, 0, 100);
      const comparable = (each: QuarantineEntry) => ({ ...each, payload: each.payload && [...each.payload] });
      expect(listed.map(comparable)).toEqual(
        [...entries].sort((left, right) => left.offset - right.offset).map(comparable),
      );
      expect((await store.listQuarantine(4, 2, 1)).map(({ offset }) => offset)).toEqual([2100]);
      expect(await store.listQuarantine(5, 0, 100)).toEqual([]);
    });
  });
}
