import { describe, expect, it } from '@jest/globals';
import { CodecError } from '../errors.ts';
import type { AggregateDomain, AggregateKind } from '../plan/aggregate.ts';
import type { ColumnType } from '../plan/column.ts';
import { Reader, Writer } from '../records/codec.ts';
import type { AggregateFunction } from './descriptor.ts';
import { CUSTOM_OUTPUTS, type CustomAggregate, customAggregate, register } from './kinds/custom.ts';
import { algebraOf, resultTypeOf } from './kinds.ts';
import { isSameResult, resultCell } from './result.ts';

const FARTHEST: Omit<CustomAggregate, 'name' | 'output'> = {
  version: 1,
  input: 'texts',
  empty: '',
  lift: (value) => value,
  merge: (left, right) => (String(left).length >= String(right).length ? left : right),
  present: (state) => state,
};
for (const output of CUSTOM_OUTPUTS) register({ ...FARTHEST, name: `farthest_${output}`, output });

describe('the column of a result', () => {
  const plain = ['integer', 'double', 'decimal'] as const;
  const doubles = ['variance', 'stddev', 'quantile', 'covariance', 'correlation'] as const;
  it.each<{ kind: AggregateKind; domain: AggregateDomain; type: ColumnType }>([
    { kind: 'count', domain: 'double', type: 'integer' },
    { kind: 'distinct', domain: 'text', type: 'integer' },
    ...(['sum', 'min', 'max'] as const).flatMap((kind) => plain.map((domain) => ({ kind, domain, type: domain }))),
    { kind: 'mean', domain: 'integer', type: 'double' },
    { kind: 'mean', domain: 'double', type: 'double' },
    { kind: 'mean', domain: 'decimal', type: 'decimal' },
    ...doubles.map((kind) => ({ kind, domain: 'integer', type: 'double' }) as const),
    { kind: 'any', domain: 'boolean', type: 'boolean' },
    { kind: 'all', domain: 'boolean', type: 'boolean' },
    ...(['first', 'last', 'minBy', 'maxBy'] as const).flatMap((kind) => [
      { kind, domain: 'timestamp', type: 'text' } as const,
      ...plain.map((domain) => ({ kind, domain, type: domain })),
    ]),
    ...(['topK', 'histogram', 'collect'] as const).map((kind) => ({ kind, domain: 'integer', type: 'json' }) as const),
  ])('of $kind over $domain is of type $type', ({ kind, domain, type }) => {
    expect(resultTypeOf({ kind, domain } as AggregateFunction)).toBe(type);
  });

  it.each([
    ['number', 'double'],
    ['boolean', 'boolean'],
    ['text', 'text'],
    ['json', 'json'],
  ])('of an own aggregate that shows a %s is of type %s', (output, type) => {
    expect(resultTypeOf({ kind: 'custom', domain: 'text', customId: `farthest_${output}@1` })).toBe(type);
  });

  it('holds JSON as its text, and nothing as nothing', () => {
    expect(resultCell('json', { b: [1, 'x'], a: null })).toBe('{"a":null,"b":[1,"x"]}');
    expect(resultCell('json', null)).toBeNull();
    expect(resultCell('json', 'x')).toBe('"x"');
    expect(resultCell('text', 'x')).toBe('x');
    expect(resultCell('double', 0.5)).toBe(0.5);
  });
});

it('results are the same where JSON is', () => {
  expect(isSameResult(Number.POSITIVE_INFINITY, null)).toBe(true);
  expect(isSameResult(undefined, null)).toBe(true);
  expect(isSameResult(null, undefined)).toBe(true);
  expect(isSameResult(-0, 0)).toBe(true);
  expect(isSameResult({ a: 1, b: 2 }, { b: 2, a: 1 })).toBe(true);
  expect(isSameResult(0.1, 0.1 + 2 ** -56)).toBe(false);
  expect(isSameResult(1, undefined)).toBe(false);
  expect(isSameResult(undefined, 1)).toBe(false);
  expect(isSameResult(1, 2)).toBe(false);
});

describe('an aggregate of somebody’s own', () => {
  const algebra = algebraOf({ kind: 'custom', domain: 'text', customId: 'farthest_text@1' });
  const folded = ['a', 'ccc', 'bb'].reduce<unknown>(algebra.add, algebra.empty);

  it('is its four functions', () => {
    expect([algebra.empty, algebra.lift('x'), folded]).toEqual(['', 'x', 'ccc']);
    expect(algebra.present(algebra.merge(folded, 'dddd'))).toBe('dddd');
  });

  it('is stored as canonical JSON, and refuses what is none', () => {
    const writer = new Writer();
    algebra.encode({ b: 1, a: [2] }, writer);
    const cell = writer.take();
    expect(cell.toString('latin1')).toBe('\x0f{"a":[2],"b":1}');
    expect(algebra.decode(new Reader(cell))).toEqual({ a: [2], b: 1 });
    expect(() => algebra.decode(new Reader(Buffer.from('\x02{"')))).toThrow(CodecError);
  });

  it('that is not defined is refused by name, with those that are', () => {
    expect(() => customAggregate('shortest@1')).toThrow(
      /not defined here: shortest@1[\s\S]*farthest_number@1, farthest_boolean@1/,
    );
  });

  it('may be defined twice where that is the same, and not where any of it differs', () => {
    const own: CustomAggregate = { ...FARTHEST, name: 'farthest', output: 'text' };
    expect(register(own)).toBe('farthest@1');
    expect(register({ ...own })).toBe('farthest@1');
    expect(customAggregate('farthest@1')).toBe(own);
    const others: readonly Partial<CustomAggregate>[] = [
      { input: 'scalars' },
      { output: 'json' },
      { empty: 'x' },
      { lift: () => '' },
      { merge: (left) => left },
      { present: () => null },
    ];
    for (const other of others) expect(() => register({ ...own, ...other })).toThrow(/farthest@1 is defined twice/);
  });
});
