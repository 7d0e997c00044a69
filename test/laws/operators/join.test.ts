import { collect, count, definePipeline, join, maxBy, running, sum, topic } from '@bifold/core';
import {
  enrichedSql,
  firstForwardedSql,
  foldOf,
  interpret,
  type LogRecord,
  ORIGIN_HEADER,
  originText,
  partitionFor,
} from '@bifold/core/engine';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { duckDbWhileTesting } from '../sql/duckdb.ts';
import { placed } from './placed.ts';

/**
 * Pairs of events of two topics: the oracle compares each with each, and the plain fold and DuckDB
 * must find the same.
 */

const connection = duckDbWhileTesting();

const Left = z.object({ at: z.int(), id: z.string().nullable(), grade: z.number().nullable(), n: z.int() });
const Right = z.object({ n: z.int(), name: z.string().nullable(), level: z.int().nullable(), seen: z.int() });

const pipelineOf = (within: { before: `${number}ms`; after: `${number}ms` } | null) =>
  definePipeline({
    name: 'pairs',
    from: join({
      left: topic('lefts', {
        schema: Left,
        schemaVersion: 1,
        partitionBy: 'id',
        eventTime: { field: 'at', unit: 'ms' },
      }),
      right: topic('rights', {
        schema: Right,
        schemaVersion: 1,
        partitionBy: 'name',
        eventTime: { field: 'seen', unit: 'ms' },
      }),
      as: 'r',
      on: { id: 'name', grade: 'level' },
      ...(within === null ? {} : { within }),
      partitions: 2,
    }),
    groupBy: ['n', 'r_n', 'at'],
    windows: { ever: running() },
    aggregates: { pairs: count(), seen: sum('r_seen'), names: collect('r_name', 5), best: maxBy('id', 'r_seen') },
  });

interface Placed {
  readonly side: 0 | 1;
  readonly partition: number;
  readonly offset: number;
  readonly n: number;
  readonly key: string | null;
  readonly grade: number | null;
  readonly timeMs: number;
  /** The index of the log at which the relay first copied the record. */
  readonly origin: number;
  readonly poison: boolean;
}

/** Each record of a source once, or again after another one, as a restarted relay copies it. */
const log: fc.Arbitrary<readonly Placed[]> = fc
  .array(
    fc.record({
      side: fc.constantFrom(0 as const, 1 as const),
      partition: fc.constantFrom(0, 1),
      key: fc.constantFrom(null, 'a', "it's"),
      grade: fc.constantFrom(null, 0, 1),
      timeMs: fc.integer({ min: -8, max: 8 }),
      poison: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
      again: fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, fc.nat()),
      skipped: fc.integer({ min: 0, max: 2 }),
    }),
    { maxLength: 40, size: 'max' },
  )
  .map((drawn) => {
    const brought: (Omit<Placed, 'offset'> & { readonly skipped: number })[] = [];
    for (const [n, { again, ...own }] of drawn.entries()) {
      const earlier = again === null ? undefined : brought[again % brought.length];
      brought.push({ ...(earlier ?? { ...own, n, origin: n }), skipped: own.skipped });
    }
    return placed(brought);
  });

const TOPIC_ID = '6ba7b810-9dad-41d1-80b4-00c04fd430c8';

function recordOf({ side, partition, offset, n, key, grade, timeMs, origin, poison }: Placed): LogRecord {
  const value = side === 0 ? { at: timeMs, id: key, grade, n } : { seen: timeMs, name: key, level: grade, n };
  const from = originText(side === 0 ? 'lefts' : 'rights', TOPIC_ID, 0, origin);
  return {
    partition,
    offset,
    timestampMs: 0,
    key: null,
    value: poison ? Buffer.from('{') : Buffer.from(JSON.stringify(value)),
    headers: [
      { key: ORIGIN_HEADER, value: Buffer.from('a header that the record had') },
      { key: ORIGIN_HEADER, value: Buffer.from(from) },
    ],
  };
}

const nothing = () => () => null;

describe('two topics that are joined', () => {
  it('yield every pair once, at the later of its offsets: in the plain fold over any offsets, and in SQL', async () => {
    let drawn = 0;
    await fc.assert(
      fc.asyncProperty(
        log,
        fc.option(fc.record({ before: fc.nat({ max: 5 }), after: fc.nat({ max: 5 }) })),
        fc.nat({ max: 30 }),
        async (records, within, from) => {
          const pipeline = pipelineOf(within && { before: `${within.before + 1}ms`, after: `${within.after + 1}ms` });
          const isFirst = (one: Placed): boolean =>
            !records.some(
              (other) =>
                other.partition === one.partition &&
                other.side === one.side &&
                other.origin === one.origin &&
                other.offset < one.offset,
            );
          const firsts = records.filter(isFirst);
          const events = firsts.filter(({ poison }) => !poison);
          const pairs = events
            .filter(({ side }) => side === 0)
            .flatMap((left) =>
              events
                .filter(
                  (right) =>
                    right.side === 1 &&
                    right.partition === left.partition &&
                    left.key !== null &&
                    right.key === left.key &&
                    left.grade !== null &&
                    right.grade === left.grade &&
                    (within === null ||
                      (right.timeMs >= left.timeMs - within.before - 1 &&
                        right.timeMs <= left.timeMs + within.after + 1)),
                )
                .map((right) => ({ left, right, offset: Math.max(left.offset, right.offset) })),
            );
          drawn += pairs.length;

          const coverage = { 0: [[from, 1000]], 1: [[0, 1000]] } as const;
          const folded = await interpret(pipeline, records.map(recordOf), coverage, nothing);
          const { present } = foldOf(pipeline).rows.view;
          const given = Array.from(folded.rows.values(), ({ key, states }) => {
            const { pairs, seen } = present(states);
            return `${key} ${pairs} ${seen}`;
          }).sort();
          expect(given).toEqual(
            pairs
              .filter(({ left, offset }) => left.partition === 1 || offset >= from)
              .map(({ left, right }) => `${JSON.stringify([left.n, right.n, left.timeMs])} 1 ${right.timeMs}`)
              .sort(),
          );
          const named = firsts.filter(({ partition, offset }) => partition === 1 || offset >= from);
          expect(folded.quarantined['not-json'] ?? 0).toBe(named.filter(({ poison }) => poison).length);

          const rows = records.map((one) => {
            const { side, partition, offset, n, key, grade, timeMs, origin, poison } = one;
            const own = [timeMs, grade, quote(key), n];
            const [left, right] = [side === 0 && !poison, side === 1 && !poison];
            const columns = [
              ...(left ? own : [null, null, null, null]),
              ...(right ? [own[1], own[3], own[2], own[0]] : [null, null, null, null]),
            ];
            const text = originText(side === 0 ? 'lefts' : 'rights', TOPIC_ID, 0, origin);
            return `(${[partition, offset, poison ? null : timeMs, poison ? "'not-json'" : null, quote(text), ...columns].map((cell) => cell ?? 'NULL').join(', ')})`;
          });
          const types =
            'BIGINT, BIGINT, BIGINT, VARCHAR, VARCHAR, BIGINT, DOUBLE, VARCHAR, BIGINT, BIGINT, BIGINT, VARCHAR, BIGINT';
          const names = [
            '_partition',
            '_offset',
            '_event_time_ms',
            '_reason',
            '_origin',
            'at',
            'grade',
            'id',
            'n',
            'r_level',
            'r_n',
            'r_name',
            'r_seen',
          ];
          const typed = types
            .split(', ')
            .map((type, index) => `CAST("${names[index]}" AS ${type}) AS "${names[index]}"`);
          const archived = `SELECT ${typed.join(', ')} FROM (VALUES (9, 0, 0, 'invalid', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)${rows.map((row) => `, ${row}`).join('')}) AS archived(${names.map((name) => `"${name}"`).join(', ')})`;
          const covered = `(${firstForwardedSql(pipeline.plan, `SELECT * FROM (${archived})`)})`;
          const sql = `SELECT _partition, _offset, n, r_n, _event_time_ms, r_seen FROM (${enrichedSql(pipeline.plan, covered, 'bindings')})`;
          const read = await connection().runAndReadAll(sql);
          expect(
            read
              .getRows()
              .map((row) => row.map(Number).join(' '))
              .sort(),
          ).toEqual(
            pairs
              .map(({ left, right, offset }) =>
                [left.partition, offset, left.n, right.n, left.timeMs, right.timeMs].join(' '),
              )
              .sort(),
          );
        },
      ),
      { numRuns: 150 },
    );
    // Logs in which nothing is joined would prove nothing.
    expect(drawn).toBeGreaterThan(20);
  });

  it('are placed by what must be equal, and by where they come from when that cannot be read', () => {
    const { plan } = pipelineOf(null);
    const [left, right] = [partitionFor(plan, 0), partitionFor(plan, 1)];
    const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
    const places = new Set<number>();
    for (let grade = 0; grade < 20; grade++) {
      const place = left(bytes({ at: 1, id: 'a', grade, n: 1 }), 'l');
      expect(right(bytes({ seen: 5, name: 'a', level: grade, n: 1 }), 'r')).toBe(place);
      places.add(place);
    }
    expect([...places].sort()).toEqual([0, 1]);
    for (const value of [null, Buffer.from('{'), bytes([]), bytes({ id: 'a' }), bytes({ id: 'a', grade: null })])
      expect([left(value, 'lefts/x/0'), right(value, 'rights/x/1')]).toEqual([
        left(null, 'lefts/x/0'),
        right(null, 'rights/x/1'),
      ]);
  });
});

describe('a record of two topics that are joined', () => {
  const from = (name: string) => [{ key: ORIGIN_HEADER, value: Buffer.from(originText(name, TOPIC_ID, 0, 1)) }];
  const left = (id: string) => Buffer.from(JSON.stringify({ at: 1, id, grade: 1, n: 1 }));

  it('is none when no header of a relay says which of them it is of', () => {
    const { decode } = foldOf(pipelineOf(null));
    const poison = { kind: 'poison', reason: 'invalid', detail: `no header ${ORIGIN_HEADER} that a relay writes` };
    for (const headers of [undefined, [], from('others')]) expect(decode(left('a'), headers)).toEqual(poison);
    expect(decode(left('a'), from('lefts'))).toMatchObject({ kind: 'event', origin: { source: 0, offset: 1 } });
    expect(decode(left('a'), from('rights'))).toMatchObject({ kind: 'poison', reason: 'invalid' });
  });

  it('has half of what a key may take: the other half is of the other topic', () => {
    const { relay, ...plan } = pipelineOf(null).plan;
    const { decode } = foldOf({ ...pipelineOf(null), plan: { ...plan, relay, groupBy: ['id'] } as typeof plan });
    const kinds = [29_998, 29_999].map((length) => decode(left('x'.repeat(length)), from('lefts')).kind);
    expect(kinds).toEqual(['event', 'poison']);
  });
});

function quote(text: string | null): string {
  return text === null ? 'NULL' : `'${text.replaceAll("'", "''")}'`;
}
