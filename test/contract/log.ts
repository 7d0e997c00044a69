import type { Log } from '@bifold/core/engine';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

export const CODECS = ['gzip', 'snappy', 'lz4', 'zstd'] as const;
export type Codec = (typeof CODECS)[number];

/**
 * A producer in JavaScript, or the broker, which compresses by the Java libraries: they frame
 * snappy in blocks.
 */
export const COMPRESSORS = ['producer', 'broker'] as const;

export interface OpenLog {
  readonly log: Log;
  readonly topicId: string;
  /** Appends committed records to a partition. */
  produce(partition: number, values: readonly string[]): Promise<void>;
  /** Appends one batch, compressed where the log compresses. */
  compressed(
    partition: number,
    values: readonly string[],
    codec: Codec,
    by: (typeof COMPRESSORS)[number],
  ): Promise<void>;
  /** One transaction of these values: each takes an offset, and so does its end. */
  transact(partition: number, values: readonly string[], end: 'commit' | 'abort'): Promise<void>;
  /** Begins a transaction, and returns what aborts it. */
  begin(partition: number, values: readonly string[]): Promise<() => Promise<void>>;
  deleteBefore(partition: number, offset: number): Promise<void>;
  close(): Promise<void>;
}

const MANY = 1 << 20;
const texts = (slice: {
  readonly records: readonly { readonly offset: number; readonly value: Uint8Array | null }[];
}) => slice.records.map(({ offset, value }) => `${offset}:${value === null ? '' : Buffer.from(value).toString()}`);

/** The protocol's requirements on the log: at least two partitions, empty. */
export function logContract(name: string, open: () => Promise<OpenLog>): void {
  describe(`${name}: log`, () => {
    let opened: OpenLog;
    let log: Log;
    beforeAll(async () => {
      opened = await open();
      log = opened.log;
    });
    afterAll(() => opened.close());

    const stable = async (end: number) => {
      while ((await log.bounds(1)).end < end);
    };

    it('names the topic id and the partitions', async () => {
      expect(await log.topicId()).toBe(opened.topicId);
      expect((await log.partitions()).slice(0, 2)).toEqual([0, 1]);
      expect(await log.bounds(1)).toEqual({ start: 0, end: 0 });
      expect(await log.read(1, 0, 10, MANY)).toEqual({ records: [], end: 0, logStart: 0 });
    });

    it('reads every record of a range once, however small the pieces', async () => {
      const values = Array.from({ length: 500 }, (_, index) => `value ${index}`);
      for (let from = 0; from < values.length; from += 50) await opened.produce(0, values.slice(from, from + 50));
      expect(await log.bounds(0)).toEqual({ start: 0, end: 500 });
      const found: string[] = [];
      for (let from = 7; from < 493; ) {
        const slice = await log.read(0, from, 493, 1);
        expect(slice.end).toBeGreaterThan(from);
        expect(slice.end).toBeLessThanOrEqual(493);
        found.push(...texts(slice));
        from = slice.end;
      }
      expect(found).toEqual(values.slice(7, 493).map((value, index) => `${index + 7}:${value}`));
    });

    it('reads the batches of every codec, one after the other', async () => {
      const values = Array.from({ length: 40 }, (_, index) => `${index} ${'compressible '.repeat(5_000)}`);
      const { end: begin } = await log.bounds(0);
      let sent = 0;
      for (const by of COMPRESSORS) {
        for (const codec of CODECS) {
          await opened.compressed(0, values.slice(sent, sent + 5), codec, by);
          sent += 5;
        }
      }
      const slice = await log.read(0, begin + 3, begin + 40, 40 * MANY);
      expect(slice.end).toBe(begin + 40);
      expect(texts(slice)).toEqual(values.slice(3).map((value, index) => `${begin + 3 + index}:${value}`));
    });

    it('leaves out aborted and control records, claims them as holes, and stops at an open transaction', async () => {
      await opened.transact(1, ['a', 'b'], 'commit'); // 0 1 (2)
      await opened.transact(1, ['c', 'd'], 'abort'); // (3 4 5)
      // The broker answers before it has written the marker.
      await stable(6);
      await opened.produce(1, ['e']); // 6
      const abort = await opened.begin(1, ['f', 'g']); // 7 8
      expect(await log.bounds(1)).toEqual({ start: 0, end: 7 });
      const slice = await log.read(1, 0, 100, MANY);
      expect([texts(slice), slice.end, slice.logStart]).toEqual([['0:a', '1:b', '6:e'], 7, 0]);
      expect(await log.read(1, 7, 100, MANY)).toEqual({ records: [], end: 7, logStart: 0 });
      for (const from of [2, 3, 4, 5]) {
        const part = await log.read(1, from, 6, MANY);
        expect([texts(part), part.end]).toEqual([[], 6]);
      }
      await abort(); // (9)
      await stable(10);
      await opened.produce(1, ['h']); // 10
      const rest = await log.read(1, 6, 11, MANY);
      expect([texts(rest), rest.end]).toEqual([['6:e', '10:h'], 11]);
    });

    it('shows what retention took: the log start lies above the slice', async () => {
      await opened.deleteBefore(0, 100);
      expect(await log.bounds(0)).toEqual({ start: 100, end: 540 });
      const slice = await log.read(0, 50, 103, MANY);
      expect([texts(slice), slice.end, slice.logStart]).toEqual([
        ['100:value 100', '101:value 101', '102:value 102'],
        103,
        100,
      ]);
      expect(await log.read(0, 10, 20, MANY)).toEqual({ records: [], end: 20, logStart: 100 });
    });
  });
}
