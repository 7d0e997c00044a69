import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Window } from '@bifold/core';
import type { AggregateKind, ExpressionNode, FlatMapPlan, Relayed } from '@bifold/core/engine';
import { SINK_KINDS, SOURCE_KINDS } from '@bifold/streams/engine';
import { describe, expect, it } from '@jest/globals';
import type { Case } from '../spark/case.ts';
import { allCases } from '../spark/cases/index.ts';

/**
 * Every kind that the code knows: one that is new does not compile until it is here, and is not
 * green until the page has it.
 */
const WINDOWS: Readonly<Record<Window['kind'], true>> = {
  tumbling: true,
  sliding: true,
  calendar: true,
  session: true,
  running: true,
};
const AGGREGATES: Readonly<Record<AggregateKind, true>> = {
  count: true,
  sum: true,
  mean: true,
  min: true,
  max: true,
  variance: true,
  stddev: true,
  quantile: true,
  distinct: true,
  any: true,
  all: true,
  covariance: true,
  correlation: true,
  first: true,
  last: true,
  minBy: true,
  maxBy: true,
  topK: true,
  histogram: true,
  collect: true,
  custom: true,
};
const EXPRESSIONS: Readonly<Record<ExpressionNode['kind'], true>> = {
  field: true,
  literal: true,
  isNull: true,
  not: true,
  and: true,
  or: true,
  compare: true,
  isIn: true,
  arithmetic: true,
  mathFunction: true,
  case: true,
  coalesce: true,
  concat: true,
  length: true,
  substring: true,
  stringPredicate: true,
  changeCase: true,
  timePart: true,
};
const OPERATORS: Readonly<Record<FlatMapPlan['source']['kind'] | Relayed<never>['kind'] | Operator, true>> = {
  lookups: true,
  dropDuplicates: true,
  dropLate: true,
  join: true,
  union: true,
  repartition: true,
  split: true,
  items: true,
  derive: true,
  scores: true,
  where: true,
  groupBy: true,
};
type Operator = 'lookups' | 'dropDuplicates' | 'dropLate' | 'derive' | 'scores' | 'where' | 'groupBy';
const SINKS = Object.fromEntries(SINK_KINDS.map((kind) => [kind, true]));

const page = readFileSync(join(import.meta.dirname, '../../docs/vocabulary.md'), 'utf8');
const LAST_COLUMN = 'compared with Spark';

/** The rows under a heading, cell by cell. `layers` are its columns between the kind and Spark. */
function tableOf(heading: string, layers: readonly string[]): readonly (readonly string[])[] {
  const section = page.split(`### ${heading}\n`)[1]?.split(/^#+ /m)[0] ?? '';
  const [first, , ...rows] = section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .replace(/^\| | \|$/g, '')
        .split(/ ?(?<!\\)\| ?/)
        .map((cell) => cell.trim()),
    );
  expect(first).toEqual(['kind', 'written', ...layers, LAST_COLUMN]);
  return rows;
}

/** Kinds of the nodes that the cases of Spark's comparison have. */
function comparedKinds(): ReadonlySet<string> {
  const kinds = new Set<string>(['foreachBatch', 'groupBy']);
  const walk = (value: unknown): void => {
    if (value === null || typeof value !== 'object') return;
    if ('kind' in value) kinds.add(String(value.kind));
    for (const inner of Object.values(value)) walk(inner);
  };
  for (const each of allCases(1)) {
    const { plan } = (each as Partial<Case>).pipeline ?? {};
    if (plan === undefined) continue;
    const { windows, aggregates, lookups, derived, flatMap, where } = plan;
    walk([windows, aggregates, derived, flatMap, where]);
    if (lookups.length > 0) kinds.add('lookups');
    if (derived.length > 0) kinds.add('derive');
    if (where !== undefined) kinds.add('where');
  }
  return kinds;
}

const compared = comparedKinds();

describe.each([
  ['Windows', WINDOWS, ['speed layer', 'batch layer', 'memory interpreter', 'merge']],
  ['Aggregates', AGGREGATES, ['batch layer']],
  ['Expressions', EXPRESSIONS, ['batch layer']],
  ['Operators', OPERATORS, ['speed layer', 'batch layer', 'memory interpreter']],
  ['Sinks of streams (`bifold run`)', SINKS, ['writes']],
])('the table of the vocabulary: %s', (heading, kinds, layers) => {
  const rows = tableOf(heading, layers);

  it('has every kind that the code has, and no other', () => {
    expect(rows.map(([kind]) => kind?.replaceAll('`', '')).sort()).toEqual(Object.keys(kinds).sort());
  });

  it('has no empty cell: what is not there has its reason', () => {
    for (const row of rows) {
      expect(row).toHaveLength(layers.length + 3);
      for (const cell of row) {
        expect(cell).toMatch(/[\w=|]/);
        if (/^(no|not|none)\b/.test(cell)) expect(cell).toMatch(/^\w+( \w+)*: .+/);
      }
    }
  });

  it('has no column that repeats one cell', () => {
    for (const column of layers.keys()) expect(new Set(rows.map((row) => row[column + 2])).size).toBeGreaterThan(1);
  });

  it('says of each kind whether it is compared with Spark', () => {
    for (const row of rows) {
      const kind = (row[0] as string).replaceAll('`', '');
      expect([kind, /^(yes|no)\b/.exec(row.at(-1) as string)?.[0]]).toEqual([kind, compared.has(kind) ? 'yes' : 'no']);
    }
  });
});

it('the page of streams has every kind of source, and no other', () => {
  const streams = readFileSync(join(import.meta.dirname, '../../docs/streams.md'), 'utf8');
  const section = streams.split('### Sources\n')[1]?.split(/^#+ /m)[0] ?? '';
  const kinds = [...section.matchAll(/^\| `(\w+)\(/gm)].map(([, kind]) => kind as string);
  expect(kinds).toEqual(SOURCE_KINDS);
});
