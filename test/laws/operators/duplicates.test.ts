import { count, definePipeline, dropDuplicates, running, topic } from '@bifold/core';
import { enrichedSql, interpret, type LogRecord } from '@bifold/core/engine';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { duckDbWhileTesting } from '../sql/duckdb.ts';
import { placed } from './placed.ts';

/**
 * Duplicate events: the oracle compares every pair of events, and the plain fold and DuckDB must
 * find the same.
 */

const connection = duckDbWhileTesting();

const Tap = z.object({ at: z.int(), user: z.string(), note: z.string().nullable(), grade: z.number().nullable() });
type Tap = z.infer<typeof Tap>;
const pipelineOf = (withinMs: number | null) =>
  definePipeline({
    name: 'taps',
    from: topic('taps', {
      schema: Tap,
      schemaVersion: 1,
      partitionBy: 'user',
      eventTime: { field: 'at', unit: 'ms' },
    }),
    dropDuplicates: dropDuplicates(['user', 'note', 'grade'], withinMs === null ? {} : { within: `${withinMs}ms` }),
    groupBy: ['at', 'user'],
    windows: { ever: running() },
    aggregates: { n: count() },
  });

interface Placed extends Tap {
  readonly partition: number;
  readonly offset: number;
}

const log: fc.Arbitrary<readonly Placed[]> = fc
  .array(
    fc.record({
      partition: fc.constantFrom(0, 1),
      at: fc.integer({ min: -6, max: 6 }),
      user: fc.constantFrom('a', 'b', "it's"),
      note: fc.constantFrom(null, 'null', ''),
      grade: fc.constantFrom(null, 0, 0.1),
      skipped: fc.integer({ min: 0, max: 2 }),
    }),
    { maxLength: 40 },
  )
  .map(placed);

const repeats = (one: Placed, other: Placed, withinMs: number | null): boolean =>
  other.partition === one.partition &&
  other.offset < one.offset &&
  other.user === one.user &&
  other.note === one.note &&
  other.grade === one.grade &&
  (withinMs === null || Math.abs(other.at - one.at) <= withinMs);

const recordOf = ({ partition, offset, ...tap }: Placed): LogRecord => ({
  partition,
  offset,
  timestampMs: 0,
  key: null,
  headers: [],
  value: Buffer.from(JSON.stringify(tap)),
});

const nothing = () => () => null;

describe('events that repeat earlier ones', () => {
  it('take no part: in the plain fold over any offsets, and in SQL', async () => {
    await fc.assert(
      fc.asyncProperty(
        log,
        fc.option(fc.integer({ min: 1, max: 7 })),
        fc.nat({ max: 30 }),
        async (taps, withinMs, from) => {
          const pipeline = pipelineOf(withinMs);
          const firsts = taps.filter((one) => !taps.some((other) => repeats(one, other, withinMs)));
          const counted = (some: readonly Placed[]) => {
            const counts = new Map<string, number>();
            for (const { at, user } of some) {
              const key = JSON.stringify([at, user]);
              counts.set(key, (counts.get(key) ?? 0) + 1);
            }
            return [...counts].sort();
          };
          const coverage = { 0: [[from, 100]], 1: [[0, 100]] } as const;
          const folded = await interpret(pipeline, taps.map(recordOf), coverage, nothing);
          const given = [...folded.rows.values()].map(({ key, states }) => [key, states[0]]).sort();
          expect(given).toEqual(counted(firsts.filter(({ partition, offset }) => partition === 1 || offset >= from)));

          const rows = taps.map(
            ({ partition, offset, at, user, note, grade }) =>
              `(${partition}, ${offset}, ${at}, NULL::VARCHAR, ${[user, note].map(quote).join(', ')}, ${grade}::DOUBLE)`,
          );
          const covered = `(SELECT * FROM (VALUES (9, 0, 0, 'invalid', NULL, NULL, NULL)${rows.map((row) => `, ${row}`).join('')}) AS taps(_partition, _offset, _event_time_ms, _reason, "user", note, grade))`;
          const sql = `SELECT _partition, _offset FROM (${enrichedSql(pipeline.plan, covered, 'bindings')})`;
          const read = await connection().runAndReadAll(sql);
          const places = (some: readonly (readonly unknown[])[]) => some.map((place) => place.map(Number)).sort();
          expect(places(read.getRows())).toEqual(places(firsts.map(({ partition, offset }) => [partition, offset])));
        },
      ),
      { numRuns: 150 },
    );
  });

  it('are found only in a log that is in order', async () => {
    const tap = { partition: 0, at: 1, user: 'a', note: null, grade: null };
    const records = [1, 0].map((offset) => recordOf({ ...tap, offset }));
    await expect(interpret(pipelineOf(null), records, { 0: [[0, 2]] }, nothing)).rejects.toThrow(
      /BIFOLD_LOG_UNORDERED/,
    );
  });
});

const quote = (text: string | null): string => (text === null ? 'NULL' : `'${text.replaceAll("'", "''")}'`);
