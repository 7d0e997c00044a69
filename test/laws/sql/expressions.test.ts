import {
  coalesce,
  concat,
  count,
  definePipeline,
  Expression,
  field,
  type Pipeline,
  running,
  topic,
  when,
} from '@bifold/core';
import { type FieldType, foldOf, quoted, type Value } from '@bifold/core/engine';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { finiteDouble, safeInteger } from '../numbers.ts';
import { ArchiveTable } from './archive-table.ts';

/** Differential: expressions as the fold computes them, and as DuckDB does, bit by bit. */

let archive: ArchiveTable;
beforeAll(async () => {
  archive = await ArchiveTable.open();
});
afterAll(() => archive.close());

const Row = z.object({
  at: z.int(),
  i: z.int().nullable(),
  j: z.int().nullable(),
  x: z.number().nullable(),
  y: z.number().nullable(),
  s: z.string().nullable(),
  t: z.string().nullable(),
  b: z.boolean().nullable(),
  u: z.iso.datetime().nullable(),
  v: z.iso.datetime().nullable(),
});
const rows = topic('rows', { schema: Row, schemaVersion: 1, partitionBy: 's', eventTime: { field: 'at', unit: 'ms' } });

const MOST = Number.MAX_SAFE_INTEGER;
const integers = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: -3, max: 3 }) },
  { weight: 1, arbitrary: safeInteger },
  { weight: 1, arbitrary: fc.constantFrom(MOST, -MOST, MOST - 1, 2 ** 27, 94_906_266, -94_906_267) },
);
const doubles = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: -7, max: 7 }).map((halves) => halves / 2 + 0) },
  { weight: 2, arbitrary: finiteDouble },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ...[Number.MAX_VALUE, -Number.MAX_VALUE, Number.MIN_VALUE, -Number.MIN_VALUE, 2.5, 0.49999999999999994],
      ...[2 ** 52 - 0.5, 2 ** 51 + 0.5, -0.49999999999999994, 0.1, 1e308, 1e-308, 2 ** 53 + 2, 1 / 3],
    ),
  },
);
const texts = fc.oneof(
  fc.constantFrom(
    '',
    'a',
    'A',
    'aB',
    "it's",
    'é',
    'É',
    'e\u0301',
    'İ',
    'ß',
    '\u{1f600}',
    'x\u{1f600}y',
    ' a ',
    '%',
    '\\',
    '_',
  ),
  fc
    .array(fc.constantFrom('a', 'B', 'é', '\u0301', '\u{1f600}', '\u{1f44d}\u{1f3fd}', '\uffff', '\ud7ff', '\0', ' '), {
      maxLength: 6,
    })
    .map((parts) => parts.join('')),
);
const times = fc.oneof(
  fc.integer({ min: -20, max: 20 }),
  fc.integer({ min: -4_000_000_000_000, max: 8_000_000_000_000 }),
  fc.maxSafeInteger().map((some) => some % 8.64e15),
  fc.constantFrom(8.64e15, -8.64e15, -62_167_219_200_000, -62_167_219_200_001, 951_782_400_000, 1_709_164_800_000, -1),
);
const nullable = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(values, { freq: 6 });
const record = fc.record({
  at: fc.constant(0),
  i: nullable(integers),
  j: nullable(integers),
  x: nullable(doubles),
  y: nullable(doubles),
  s: nullable(texts),
  t: nullable(texts),
  b: nullable(fc.boolean()),
  u: nullable(times),
  v: nullable(times),
});
type Fields = Readonly<Record<string, Value>>;

type Anything = Expression<FieldType<string>>;
/** Removes the types of an expression: invalid combinations are not drawn. */
const any = ({ node }: Expression<unknown, never>): Anything => new Expression(node);
const columns = (...names: string[]): fc.Arbitrary<Anything> => fc.constantFrom(...names).map((name) => field(name));
const literals = (values: fc.Arbitrary<string | number | boolean>): fc.Arbitrary<Anything> =>
  values.map((value) => new Expression({ kind: 'literal', value }));
const savable = texts.filter((text) => !text.includes('\0'));

interface Drawn {
  readonly number: Anything;
  readonly text: Anything;
  readonly time: Anything;
  readonly truth: Anything;
}
const drawn = fc.letrec<Drawn>((tie: fc.LetrecTypedTie<Drawn>): fc.LetrecValue<Drawn> => {
  const chosen = (kind: keyof Drawn): fc.Arbitrary<Anything> =>
    fc.oneof(
      fc
        .tuple(tie('truth'), tie(kind), tie('truth'), fc.option(tie(kind)), tie(kind))
        .map(([first, one, second, other, last]) =>
          any(
            other === null
              ? when(first, one).otherwise(last)
              : when(first, one)
                  .when(second, other)
                  .otherwise(last.node.kind === 'literal' ? null : last),
          ),
        ),
      fc.tuple(tie(kind), tie(kind)).map(([first, second]) => any(coalesce(first, second))),
    );
  return {
    number: fc.oneof(
      { depthSize: 'medium', withCrossShrink: true },
      columns('i', 'j', 'x', 'y'),
      literals(fc.oneof(integers, doubles)),
      columns('i', 'j', 'x', 'y'),
      fc
        .tuple(fc.constantFrom('plus', 'minus', 'times', 'dividedBy', 'modulo'), tie('number'), tie('number'))
        .map(([operation, left, right]) => any(left[operation as 'plus'](right))),
      fc
        .tuple(fc.constantFrom('plus', 'minus', 'times', 'dividedBy', 'modulo'), tie('number'), tie('number'))
        .map(([operation, left, right]) => any(left[operation as 'plus'](right))),
      fc
        .tuple(fc.constantFrom('abs', 'floor', 'ceil', 'round', 'sqrt'), tie('number'))
        .map(([name, operand]) => any(operand[name as 'abs']())),
      fc
        .tuple(fc.constantFrom('year', 'month', 'day', 'hour', 'minute', 'second', 'dayOfWeek', 'epochMs'), tie('time'))
        .map(([part, operand]) => any(operand[part as 'year']())),
      tie('text').map((text) => any(text.length())),
      chosen('number'),
    ),
    text: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      columns('s', 't'),
      literals(savable),
      fc
        .array(tie('text'), { minLength: 1, maxLength: 3 })
        .map(([first, ...rest]) => any(concat(first as Anything, ...rest))),
      fc
        .tuple(tie('text'), fc.nat({ max: 4 }), fc.option(fc.nat({ max: 3 }), { nil: undefined }))
        .map(([text, start, length]) => any(text.substring(start, length))),
      fc.tuple(fc.constantFrom('lower', 'upper'), tie('text')).map(([to, text]) => any(text[to as 'lower']())),
      chosen('text'),
    ),
    time: fc.oneof({ depthSize: 'small' }, columns('u', 'v'), columns('u', 'v'), chosen('time')),
    truth: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      columns('b'),
      fc
        .tuple(fc.constantFrom('eq', 'ne', 'lt', 'le', 'gt', 'ge'), tie('number'), tie('number'))
        .map(([operator, left, right]) => any(left[operator as 'eq'](right))),
      fc
        .tuple(fc.constantFrom('startsWith', 'endsWith', 'contains', 'eq', 'ne'), tie('text'), tie('text'))
        .map(([test, text, part]) => any(text[test as 'contains'](part))),
      fc
        .tuple(tie('number'), fc.array(fc.oneof(integers, doubles), { minLength: 1, maxLength: 3 }))
        .map(([operand, values]) => any(operand.isIn(values))),
      fc
        .tuple(tie('text'), fc.array(savable, { minLength: 1, maxLength: 3 }))
        .map(([operand, values]) => any(operand.isIn(values))),
      fc.oneof(tie('number'), tie('text'), tie('time')).map((operand) => any(operand.isNull())),
      tie('truth').map((truth) => any(truth.not())),
      fc
        .tuple(fc.constantFrom('and', 'or'), tie('truth'), tie('truth'))
        .map(([combination, left, right]) => any(left[combination as 'and'](right))),
      chosen('truth'),
    ),
  };
});

function pipelineOf(derive: Readonly<Record<string, Anything>>, where: Anything): Pipeline {
  return definePipeline({
    name: 'differential',
    from: rows,
    derive: derive as Record<never, never>,
    where,
    groupBy: ['s'],
    windows: { ever: running() },
    aggregates: { n: count() },
  }) as Pipeline;
}

/** Rows of derived columns, by DuckDB and by the fold. */
async function computed(pipeline: Pipeline, records: readonly Fields[]): Promise<{ sql: Value[][]; fold: Value[][] }> {
  const { plan } = pipeline;
  await archive.fill(
    plan,
    records.map((values) => ({ timeMs: 0, values })),
  );
  const names = plan.derived.map(({ name }) => quoted(name));
  const fold = foldOf(pipeline);
  return {
    sql: await archive.query(plan, `SELECT _offset, ${names.join(', ')} FROM events ORDER BY _offset`),
    fold: records.flatMap((each, offset) => {
      const [slots] = fold.enrich(
        plan.columns.map(({ name }) => (each as Fields)[name] as Value),
        () => null,
      );
      return slots === undefined ? [] : [[offset, ...slots.slice(plan.columns.length)]];
    }),
  };
}

/**
 * A definition whose expression is always null, or that mixes what it must not, is refused: no case
 * of these laws.
 */
function definable(make: () => Pipeline): Pipeline | null {
  try {
    return make();
  } catch (error) {
    if ((error as { code?: string }).code === 'BIFOLD_BAD_EXPRESSION') return null;
    throw error;
  }
}

/** Every computation over columns alone, of integers, of doubles, and of both. */
const SINGLE: Readonly<Record<string, Anything>> = (() => {
  const [i, j, x, y, s, t, u] = ['i', 'j', 'x', 'y', 's', 't', 'u'].map((name) => field(name)) as Anything[] & {
    readonly length: 7;
  };
  const single: Record<string, Anything> = {};
  for (const operation of ['plus', 'minus', 'times', 'dividedBy', 'modulo'] as const) {
    single[`ints_${operation}`] = any((i as Anything)[operation](j as Anything));
    single[`reals_${operation}`] = any((x as Anything)[operation](y as Anything));
    single[`mixed_${operation}`] = any((i as Anything)[operation](y as Anything));
  }
  for (const name of ['abs', 'floor', 'ceil', 'round', 'sqrt'] as const) {
    single[`int_${name}`] = any((i as Anything)[name]());
    single[`real_${name}`] = any((x as Anything)[name]());
  }
  for (const part of ['year', 'month', 'day', 'hour', 'minute', 'second', 'dayOfWeek', 'epochMs'] as const)
    single[part] = any((u as Anything)[part]());
  for (const test of ['startsWith', 'endsWith', 'contains'] as const)
    single[test] = any((s as Anything)[test](t as Anything));
  const text = s as Anything;
  return {
    ...single,
    length: any(text.length()),
    lower: any(text.lower()),
    upper: any(text.upper()),
    tail: any(text.substring(1)),
    middle: any(text.substring(1, 2)),
    nothing: any(text.substring(2, 0)),
    joined: any(concat(text, '-', t as Anything)),
    first: any(coalesce(x as Anything, i as Anything, 0)),
    listed: any((i as Anything).isIn([0, -2.5, 1, MOST])),
    listedReal: any((x as Anything).isIn([0, -2.5, 1])),
    listedText: any(text.isIn(['', 'a', "it's"])),
    chosen: any(
      when(field('b'), i as Anything)
        .when((i as Anything).gt(0), 2.5)
        .otherwise(null),
    ),
    // An intermediate result that is not a number is null, even if IEEE 754 would yield a number in
    // the end.
    lost: any(any(field('y').dividedBy(any((x as Anything).times(1e300)))).plus(1)),
    lostWhole: any((i as Anything).plus(j as Anything).minus(j as Anything)),
  };
})();

// The engine compiles a statement for each case.
describe('an expression', () => {
  it('of one computation is what DuckDB makes of it', async () => {
    const pipeline = pipelineOf(SINGLE, any(field('at').eq(0)));
    const names = pipeline.plan.derived.map(({ name }) => name);
    const values = new Map(names.map((name) => [name, new Set<Value>()]));
    await fc.assert(
      fc.asyncProperty(fc.array(record, { minLength: 30, maxLength: 60 }), async (records) => {
        const { sql, fold } = await computed(pipeline, records);
        // Compare column by column, so that a failure names the computation. toEqual distinguishes
        // -0 from 0.
        names.forEach((name, index) => {
          const column = (rows: Value[][]) => ({ [name]: rows.map((row) => row[index + 1]) });
          expect(column(sql)).toEqual(column(fold));
          for (const row of fold) values.get(name)?.add(row[index + 1] as Value);
        });
      }),
      { numRuns: 25 },
    );
    for (const [name, seen] of values) expect({ name, several: seen.size >= 2 }).toEqual({ name, several: true });
  });

  it('of many computations is what DuckDB makes of it', async () => {
    const cases = fc.record({
      number: drawn.number,
      text: drawn.text,
      time: drawn.time,
      truth: drawn.truth,
      where: drawn.truth,
      records: fc.array(record, { minLength: 1, maxLength: 30 }),
    });
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(cases, async ({ number, text, time, truth, where, records }) => {
        const pipeline = definable(() =>
          pipelineOf(
            { number, text, time, truth, again: any(field('text').length().plus(field('number'))) },
            any(where.or(field('truth').isNull())),
          ),
        );
        if (pipeline === null) return;
        const { sql, fold } = await computed(pipeline, records);
        expect(sql).toEqual(fold);
        compared += fold.length;
      }),
      { numRuns: 150 },
    );
    expect(compared).toBeGreaterThan(100);
  });
});
