import { describe } from '@jest/globals';
import { defineAggregate } from '../../index.ts';
import { define, itRefuses } from '../rides.fixture.ts';

const LEAST = {
  name: 'least',
  version: 1,
  input: 'numbers',
  output: 'number',
  empty: 1e300 as number,
  lift: (value: number) => value,
  merge: Math.min,
  present: (state: number) => state,
} as const;

describe('defineAggregate()', () => {
  itRefuses([
    {
      code: 'BIFOLD_AGGREGATE_TWICE',
      what: 'two custom aggregates of one name and version',
      names: 'least@1',
      allowed: 'one meaning',
      make: () => [defineAggregate(LEAST), defineAggregate({ ...LEAST, merge: Math.max })],
    },
    {
      code: 'BIFOLD_UNKNOWN_AGGREGATE',
      what: 'an undefined custom aggregate',
      names: 'most@7',
      allowed: 'least@1',
      make: () => define({ aggregates: { top: { kind: 'custom', field: 'fare', customId: 'most@7' } } }),
    },
    {
      code: 'BIFOLD_NOT_NUMERIC',
      what: 'a custom aggregate of numbers over text',
      names: 'least@1 of "city"',
      allowed: 'integer or double',
      make: () => define({ aggregates: { top: defineAggregate(LEAST)('city' as never) } }),
    },
    {
      code: 'BIFOLD_NOT_TEXT',
      what: 'a custom aggregate of texts over numbers',
      names: 'longest@1 of "fare"',
      allowed: 'a text field',
      make: () =>
        define({
          aggregates: { top: defineAggregate({ ...LEAST, name: 'longest', input: 'texts' } as never)('fare') },
        }),
    },
    {
      code: 'BIFOLD_BAD_AGGREGATE',
      what: 'a custom aggregate without a version',
      names: 'usable version',
      allowed: 'from 1',
      make: () => defineAggregate({ ...LEAST, version: 0 } as never),
    },
    {
      code: 'BIFOLD_BAD_AGGREGATE',
      what: 'a custom aggregate with an unknown input',
      names: 'input',
      allowed: 'numbers, booleans',
      make: () => defineAggregate({ ...LEAST, input: 'dates' } as never),
    },
    {
      code: 'BIFOLD_BAD_AGGREGATE',
      what: 'a custom aggregate with an unknown output',
      names: 'output',
      allowed: 'number, boolean',
      make: () => defineAggregate({ ...LEAST, output: 'any' } as never),
    },
    {
      code: 'BIFOLD_BAD_AGGREGATE',
      what: 'a custom aggregate without merge',
      names: 'no merge',
      allowed: 'a function',
      make: () => defineAggregate({ ...LEAST, merge: undefined } as never),
    },
    {
      code: 'BIFOLD_BAD_AGGREGATE',
      what: 'a custom aggregate with a state that is no JSON',
      names: 'empty state',
      allowed: 'JSON',
      make: () => defineAggregate({ ...LEAST, empty: () => 0 } as never),
    },
  ]);
});
