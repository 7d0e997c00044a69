import type { Pipeline } from '@bifold/core';
import {
  ARCHIVE_COLUMNS,
  enrichedSql,
  expressionSql,
  foldOf,
  keyText,
  lookupTableName,
  needsCoreFold,
  nonPushdownFold,
  nonPushdownInputSql,
  quoted,
  type SqlValue,
  sqlTypeOf,
  stateOfParts,
  statePartsOf,
  type Value,
  viewSql,
  type WindowPlan,
} from '@bifold/core/engine';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  condition,
  type Fields,
  MACHINES,
  PLACES,
  pipelineOf,
  placesVersion,
  readsField,
  record,
  resolverAt,
  SEGMENT_SIZE,
} from './drawn-views.ts';
import { appendValue, duckDbWhileTesting } from './duckdb.ts';

// A generous timeout: on a busy machine some of these tests are slow.
/** Differential: the compiled fold and DuckDB, over the same rows. */

const connection = duckDbWhileTesting();

async function fill(
  name: string,
  columns: readonly (readonly [string, string])[],
  filling: readonly (readonly Value[])[],
): Promise<void> {
  await connection().run(
    `CREATE OR REPLACE TABLE ${quoted(name)} (${columns.map(([column, type]) => `${quoted(column)} ${type}`).join(', ')})`,
  );
  const appender = await connection().createAppender(name);
  for (const values of filling) {
    values.forEach((value, index) => {
      appendValue(appender, columns[index]?.[1], value);
    });
    appender.endRow();
  }
  appender.closeSync();
}

async function fillAll(plan: Pipeline['plan'], records: readonly Fields[]): Promise<void> {
  const own = plan.columns.map(({ name, type }) => [name, sqlTypeOf(type)] as const);
  await fill(
    'archive',
    [...ARCHIVE_COLUMNS.map(({ name, type }) => [name, type] as const), ...own],
    records.map((each, offset) => [
      0,
      offset,
      0,
      null,
      null,
      null,
      null,
      each.at as number,
      ...own.map(([name]) => each[name] as Value),
    ]),
  );
  const segments = Math.ceil(records.length / SEGMENT_SIZE);
  await fill(
    'bindings',
    [
      ['partition', 'INTEGER'],
      ['segment', 'BIGINT'],
      ['name', 'VARCHAR'],
      ['version', 'VARCHAR'],
    ],
    Array.from({ length: segments }, (_, segment) => [
      [0, segment, 'place', placesVersion(segment * SEGMENT_SIZE)],
      [0, segment, 'machine', 'm1'],
    ]).flat(),
  );
  for (const { name, columns } of plan.lookups) {
    const versions: Record<string, Readonly<Record<string, Fields>>> = name === 'place' ? PLACES : { m1: MACHINES };
    await fill(
      lookupTableName(name),
      [
        ['_version', 'VARCHAR'],
        ['_key', 'VARCHAR'],
        ...columns.map((column) => [column.name, sqlTypeOf(column.type)] as const),
      ],
      Object.entries(versions).flatMap(([version, keyed]) =>
        Object.entries(keyed).map(([key, row]) => [
          version,
          key,
          ...columns.map((column) => row[column.name] as Value),
        ]),
      ),
    );
  }
}

/** Rows of a query, whole numbers as the numbers or bigints that they are. */
async function query(sql: string): Promise<Record<string, Value | bigint>[]> {
  const reader = await connection().runAndReadAll(sql);
  const names = reader.columnNames();
  return reader
    .getRows()
    .map((row) => Object.fromEntries(row.map((value, index) => [names[index], value as Value | bigint])));
}
const plainNumber = (value: Value | bigint | undefined): Value =>
  typeof value === 'bigint' ? Number(value) : (value as Value);

const cases = fc.record({
  first: condition.filter(({ node }) => readsField(node)),
  second: condition,
  records: fc.array(record, { minLength: 1, maxLength: 40 }),
});

describe('the SQL of a plan and its fold', () => {
  it('derive the same columns and admit the same records', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ first, second, records }) => {
        const pipeline = pipelineOf(first, second);
        const { plan } = pipeline;
        await fillAll(plan, records);
        const found = await query(
          `SELECT _offset, "first", "second", "place.area", "machine.grade", ${expressionSql(first.node)} AS again FROM (${enrichedSql(plan, 'archive', 'bindings')}) ORDER BY _offset`,
        );
        const fold = foldOf(pipeline);
        const names = [
          ...plan.columns.map(({ name }) => name),
          ...plan.lookups.flatMap(({ name, columns }) => columns.map((column) => `${name}.${column.name}`)),
          ...plan.derived.map(({ name }) => name),
        ];
        const expected = records.flatMap((each, offset) => {
          const [slots] = fold.enrich(
            plan.columns.map(({ name }) => (each as Fields)[name] as Value),
            resolverAt(plan, offset),
          );
          if (slots === undefined) return [];
          const at = (name: string): Value => slots[names.indexOf(name)] as Value;
          return [
            {
              _offset: BigInt(offset),
              first: at('first'),
              second: at('second'),
              'place.area': at('place.area'),
              'machine.grade': at('machine.grade'),
              again: at('first'),
            },
          ];
        });
        expect(found).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  it('compute the same states', async () => {
    await fc.assert(
      fc.asyncProperty(cases, fc.nat({ max: 5 }), async ({ first, second, records }, which) => {
        const pipeline = pipelineOf(first, second);
        const { plan } = pipeline;
        const fold = foldOf(pipeline);
        const window = plan.windows[which] as WindowPlan;
        await fillAll(plan, records);
        await connection().run(`CREATE OR REPLACE TEMP TABLE enriched AS ${enrichedSql(plan, 'archive', 'bindings')}`);

        const expected = new Map<string, unknown[]>();
        records.forEach((each, offset) => {
          const [slots] = fold.enrich(
            plan.columns.map(({ name }) => (each as Fields)[name] as Value),
            resolverAt(plan, offset),
          );
          if (slots === undefined) return;
          const start = fold.panes[which]?.paneOf(each.at) ?? null;
          if (start === null) return;
          const id = `${start} ${fold.keyOf(slots)}`;
          const states = expected.get(id) ?? [...fold.rows.of(window.name).empty];
          fold.addTo(states, slots, { timeMs: each.at, partition: 0, offset });
          if (fold.panes[which]?.tracksEventTimeBounds) fold.addTime(states, each.at);
          expected.set(id, states);
        });

        const idOf = (row: Record<string, Value | bigint>): string =>
          `${row._start} ${keyText(plan.groupBy.map((name) => plainNumber(row[name])))}`;
        // Values without an exact SQL state are folded by core.
        const added = new Map<string, unknown[]>();
        const add = nonPushdownFold(plan, fold.rows.view.algebras);
        for (const row of await query(nonPushdownInputSql(plan, window, 'enriched') as string)) {
          const states = added.get(idOf(row)) ?? [...fold.rows.view.empty];
          add(states, Object.values(row).slice(1 + plan.groupBy.length));
          added.set(idOf(row), states);
        }

        const found = await query(viewSql(plan, window, 'enriched'));
        expect(found.map(idOf).sort()).toEqual([...expected.keys()].sort());
        for (const row of found) {
          const states = expected.get(idOf(row)) as unknown[];
          const fromSql = plan.aggregates.map((aggregate, position) => {
            if (needsCoreFold(aggregate)) return added.get(idOf(row))?.[position];
            return stateOfParts(
              aggregate,
              statePartsOf(aggregate).map(({ name }) => row[name] as SqlValue),
            );
          });
          const times = fold.panes[which]?.tracksEventTimeBounds ? [Number(row.$min), Number(row.$max)] : [];
          const { encode } = fold.rows.of(window.name);
          expect(encode([...fromSql, ...times]).toString('hex')).toBe(encode(states).toString('hex'));
        }
      }),
      { numRuns: 60 },
    );
  });
});
