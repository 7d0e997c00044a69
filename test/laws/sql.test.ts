import {
  all,
  any,
  collect,
  correlation,
  count,
  covariance,
  definePipeline,
  distinct,
  Expression,
  first as earliest,
  field,
  histogram,
  last,
  lookup,
  max,
  maxBy,
  mean,
  min,
  minBy,
  type Pipeline,
  quantile,
  running,
  session,
  sliding,
  stddev,
  sum,
  table,
  topic,
  topK,
  tumbling,
  variance,
} from '@bifold/core';
import {
  ARCHIVE_COLUMNS,
  type ExpressionNode,
  enrichedSql,
  expressionSql,
  type FieldType,
  foldOf,
  keyText,
  lookupTableName,
  needsCoreFold,
  nonPushdownFold,
  nonPushdownInputSql,
  quoted,
  type ResolveLookup,
  type SqlValue,
  sqlTypeOf,
  stateOfParts,
  statePartsOf,
  type Value,
  viewSql,
  type WindowPlan,
} from '@bifold/core/engine';
import { range } from '@bifold/example-range';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { appendValue, duckDbWhileTesting } from './duckdb.ts';
import { finiteDouble, safeInteger } from './numbers.ts';

// Not a matter of time: on a busy machine some of these take it.
/** Differential: the compiled fold and DuckDB, over the same rows. */

const connection = duckDbWhileTesting();

const Row = z.object({
  at: z.int(),
  city: z.string().nullable(),
  other: z.string().nullable(),
  whole: z.int().nullable(),
  more: z.int().nullable(),
  real: z.number().nullable(),
  flag: z.boolean().nullable(),
  seen: z.iso.datetime().nullable(),
  since: z.iso.datetime().nullable(),
  price: z.templateLiteral([z.number()]).meta({ format: 'decimal' }).nullable(),
});
const Place = z.object({
  code: z.string(),
  rank: z.int().nullable(),
  area: z.number().nullable(),
  open: z.boolean().nullable(),
});
const Machine = z.object({ id: z.int(), grade: z.string().nullable() });
const rows = topic('rows', {
  schema: Row,
  schemaVersion: 1,
  partitionBy: 'city',
  eventTime: { field: 'at', unit: 'ms' },
});
const lookups = {
  place: lookup(table('places', { schema: Place, key: 'code' }), { on: 'city', missing: 'null' }),
  machine: lookup(table('machines', { schema: Machine, key: 'id' }), { on: 'whole', missing: 'drop' }),
};
const SEGMENT_SIZE = 16;

const texts = fc.constantFrom(
  '',
  'a',
  'A',
  "it's",
  '"',
  'é',
  'e\u0301',
  '\u{1f600}',
  '\uffff',
  'a ',
  '1',
  '%',
  '\\',
  '--',
  'null',
);
const integers = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: -3, max: 3 }) },
  { weight: 1, arbitrary: safeInteger },
);
const reals = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: -6, max: 6 }).map((halves) => halves / 2 + 0) },
  { weight: 1, arbitrary: finiteDouble },
);
const times = fc.oneof(
  fc.integer({ min: -20, max: 20 }),
  fc.constantFrom(8.64e15, -8.64e15, 59_999, 60_000, -60_000, -60_001),
);
const nullable = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(values, { freq: 4 });

const record = fc.record({
  at: times,
  city: nullable(texts),
  other: nullable(texts),
  whole: nullable(integers),
  more: nullable(integers),
  real: nullable(reals),
  flag: nullable(fc.boolean()),
  seen: nullable(times),
  since: nullable(times),
  price: nullable(fc.constantFrom('0', '-0.1', '0.1', '0.2', '12.5', `${'9'.repeat(38)}`)),
});
type Fields = Readonly<Record<string, Value>>;

/** Expressions of boolean type over the fields of each type, literals among them. */
type Anything = Expression<FieldType<string>>;
const leaf = (kind: 'number' | 'text' | 'time'): fc.Arbitrary<Anything> => {
  const fieldsOf = {
    number: ['whole', 'more', 'real', 'place.rank', 'place.area'],
    text: ['city', 'other', 'machine.grade'],
    time: ['seen', 'since'],
  };
  const read = fc.constantFrom(...fieldsOf[kind]).map((name) => field(name));
  const literal = (value: string | number): Anything => new Expression({ kind: 'literal', value });
  if (kind === 'number')
    return fc.oneof({ weight: 3, arbitrary: read }, { weight: 2, arbitrary: fc.oneof(integers, reals).map(literal) });
  return kind === 'text' ? fc.oneof(read, texts.map(literal)) : read;
};
const compared = fc.oneof(
  ...(['number', 'time'] as const).map((kind) =>
    fc
      .tuple(fc.constantFrom('eq', 'ne', 'lt', 'le', 'gt', 'ge'), leaf(kind), leaf(kind))
      .map(([operator, left, right]) => left[operator as 'eq'](right)),
  ),
  fc
    .tuple(fc.constantFrom('eq', 'ne'), leaf('text'), leaf('text'))
    .map(([operator, left, right]) => left[operator as 'eq'](right)),
);
const { condition } = fc.letrec<{ condition: Expression<boolean | null> }>((tie) => ({
  condition: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<string>('flag', 'place.open').map((name) => new Expression<boolean | null>(field(name).node)),
    compared,
    fc.oneof(leaf('number'), leaf('text'), leaf('time'), tie('condition')).map((operand) => operand.isNull()),
    tie('condition').map((operand) => operand.not()),
    fc.tuple(tie('condition'), tie('condition')).map(([left, right]) => left.and(right)),
    fc.tuple(tie('condition'), tie('condition')).map(([left, right]) => left.or(right)),
    fc
      .tuple(fc.constantFrom('eq', 'ne'), tie('condition'), fc.boolean())
      .map(([operator, left, right]) => left[operator as 'eq'](right)),
  ),
}));

const readsField = (node: ExpressionNode): boolean => JSON.stringify(node).includes('"kind":"field"');

function pipelineOf(first: Expression<boolean | null>, second: Expression<boolean | null>): Pipeline {
  return definePipeline({
    name: 'differential',
    from: rows,
    lookups,
    derive: {
      first,
      second: second.or(field('first')),
    },
    where: second.isNull().or(first),
    groupBy: ['other', 'real', 'first'],
    windows: {
      ever: running(),
      hops: sliding('10ms', '25ms', { offset: '4ms' }),
      minutes: tumbling('1m'),
      rests: session('9ms'),
      sevens: tumbling('7ms', { offset: '2ms' }),
      slides: sliding('70ms', '20ms', { offset: '5ms' }),
    },
    aggregates: {
      n: count(),
      seconds: count({ where: 'second' }),
      // Named like the columns they read, as people do.
      whole: sum('whole'),
      more: sum('more', { where: 'second' }),
      least: min('real'),
      greatest: max('whole', { where: 'first' }),
      flag: mean('more'),
      meanSecond: mean('more', { where: 'second' }),
      area: max('place.area'),
      reals: sum('real'),
      realMean: mean('real', { where: 'second' }),
      spread: variance('real'),
      wholeSpread: stddev('whole', { where: 'first' }),
      median: quantile('more', 0.5),
      cities: distinct('city'),
      seenTimes: distinct('seen', { where: 'second' }),
      everOpen: any('place.open'),
      allFirst: all('first'),
      often: topK('other', 2),
      often2: topK('seen', 3, { where: 'second' }),
      spans: histogram('real', [-1, 0, 2.5]),
      firstReals: collect('real', 3, { where: 'first' }),
      priceSum: sum('price'),
      meanPrice: mean('price', { where: 'second' }),
      cheapest: min('price'),
      dearest: max('price', { where: 'first' }),
      prices: topK('price', 2),
      dearestCity: maxBy('city', 'price'),
      wholeRange: range('whole', { where: 'second' }),
      apart: covariance('whole', 'real'),
      together: correlation('more', 'place.area', { where: 'second' }),
      firstCity: earliest('city'),
      lastSeen: last('seen', { where: 'second' }),
      openAtLeast: minBy('place.open', 'real'),
      realAtMost: maxBy('real', 'other', { where: 'first' }),
    },
    storage: { segmentSize: SEGMENT_SIZE },
  }) as Pipeline;
}

/** Versions of the lookup tables: `places` has two, bound by turns. */
const PLACES: Readonly<Record<string, Readonly<Record<string, Fields>>>> = {
  v1: {
    a: { code: 'a', rank: 1, area: 0.5, open: true },
    "it's": { code: "it's", rank: null, area: null, open: null },
  },
  v2: { a: { code: 'a', rank: 2, area: -1e300, open: false }, '': { code: '', rank: -1, area: 2, open: true } },
};
const MACHINES: Readonly<Record<string, Fields>> = Object.fromEntries(
  [-3, -2, -1, 0, 1, 2, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER].map((id) => [
    String(id),
    { id, grade: id % 2 === 0 ? null : 'a' },
  ]),
);
const placesVersion = (offset: number): string => (Math.floor(offset / SEGMENT_SIZE) % 2 === 0 ? 'v1' : 'v2');
const resolverAt =
  (plan: Pipeline['plan'], offset: number): ResolveLookup =>
  (position, key) =>
    (plan.lookups[position]?.name === 'place' ? PLACES[placesVersion(offset)] : MACHINES)?.[key] ?? null;

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
