import { count, definePipeline, dropLate, running, topic } from '@bifold/core';
import { enrichedSql, interpret, type LogRecord, stateEntriesSql } from '@bifold/core/engine';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { duckDbWhileTesting } from '../sql/duckdb.ts';
import { placed } from './placed.ts';

/**
 * Late events: the oracle compares each with all earlier ones, and the plain fold and DuckDB must
 * find the same.
 */

const connection = duckDbWhileTesting();

const Tap = z.object({ at: z.int(), user: z.string() });
const pipelineOf = (allowedLatenessMs: number, maxClockSkewMs: number) =>
  definePipeline({
    name: 'taps',
    from: topic('taps', {
      schema: Tap,
      schemaVersion: 1,
      partitionBy: 'user',
      eventTime: { field: 'at', unit: 'ms' },
    }),
    dropLate: dropLate(`${allowedLatenessMs}ms`, { maxClockSkew: `${maxClockSkewMs}ms` }),
    groupBy: ['at'],
    windows: { ever: running() },
    aggregates: { n: count() },
  });

interface Placed {
  readonly partition: number;
  readonly offset: number;
  readonly at: number;
  readonly takenMs: number;
}

const log: fc.Arbitrary<readonly Placed[]> = fc
  .array(
    fc.record({
      partition: fc.constantFrom(0, 1),
      at: fc.oneof(
        { weight: 4, arbitrary: fc.integer({ min: -20, max: 20 }) },
        { weight: 1, arbitrary: fc.constant(13) },
      ),
      takenMs: fc.integer({ min: -20, max: 20 }),
      skipped: fc.integer({ min: 0, max: 2 }),
    }),
    { maxLength: 40 },
  )
  .map(placed);

const recordOf = ({ partition, offset, at, takenMs }: Placed): LogRecord => ({
  partition,
  offset,
  timestampMs: takenMs,
  key: null,
  headers: [],
  value: at === 13 ? null : Buffer.from(JSON.stringify({ at, user: 'u' })),
});

/** Offset, reason, time, origin, not late; no columns are asked for. */
const stateEntryOf = ({ offset, at }: Placed): readonly unknown[] => [offset, null, at, null, false, null, null];
const nothing = () => () => null;

describe('events that come too late', () => {
  it('take no part: in the plain fold over any offsets, and in SQL', async () => {
    await fc.assert(
      fc.asyncProperty(
        log,
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 12 }),
        fc.nat({ max: 30 }),
        async (taps, allowedLatenessMs, maxClockSkewMs, from) => {
          const pipeline = pipelineOf(allowedLatenessMs, maxClockSkewMs);
          const events = taps.filter(({ at }) => at !== 13);
          const inTime = events.filter(
            (one) =>
              !events.some(
                (other) =>
                  other.partition === one.partition &&
                  other.offset < one.offset &&
                  Math.min(other.at, other.takenMs + maxClockSkewMs) > one.at + allowedLatenessMs,
              ),
          );
          const coverage = { 0: [[from, 1000]], 1: [[0, 1000]] } as const;
          const folded = await interpret(pipeline, taps.map(recordOf), coverage, nothing);
          const given = [...folded.rows.values()].flatMap(({ key, states }) => Array(states[0] as number).fill(key));
          expect(given.sort()).toEqual(
            inTime
              .filter(({ partition, offset }) => partition === 1 || offset >= from)
              .map(({ at }) => JSON.stringify([at]))
              .sort(),
          );
          const rows = taps.map(
            ({ partition, offset, at, takenMs }) =>
              `(${partition}, ${offset}, ${at === 13 ? 'NULL' : at}, ${takenMs}, ${at === 13 ? "'tombstone'" : 'NULL'})`,
          );
          const covered = `(SELECT _partition, _offset, CAST(_event_time_ms AS BIGINT) AS _event_time_ms, _timestamp_ms, CAST(_reason AS VARCHAR) AS _reason FROM (VALUES (9, 0, 0, 0, 'invalid')${rows.map((row) => `, ${row}`).join('')}) AS taps(_partition, _offset, _event_time_ms, _timestamp_ms, _reason))`;
          const sql = `SELECT _partition, _offset FROM (${enrichedSql(pipeline.plan, covered, 'bindings')})`;
          const read = await connection().runAndReadAll(sql);
          const places = (some: readonly (readonly unknown[])[]) => some.map((place) => place.join(' ')).sort();
          expect(places(read.getRows())).toEqual(places(inTime.map(({ partition, offset }) => [partition, offset])));
          // The operator state that the batch layer stores: a late event is not a duplicate.
          const appeared = await connection().runAndReadAll(stateEntriesSql(pipeline.plan, covered, 0, from, 1000));
          expect(places(appeared.getRows().filter(([, reason, , , late]) => reason === null && !late))).toEqual(
            places(
              inTime
                .filter(({ partition, offset }) => partition === 0 && offset >= from)
                .map((one) => stateEntryOf(one)),
            ),
          );
        },
      ),
      { numRuns: 150 },
    );
  });
});
