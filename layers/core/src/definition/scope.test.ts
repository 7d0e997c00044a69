import { describe } from '@jest/globals';
import { count, field, lookup, table } from '../index.ts';
import { City, cities, define, itRefuses } from './rides.fixture.ts';

describe('the names and keys of a pipeline', () => {
  itRefuses([
    {
      code: 'BIFOLD_UNKNOWN_OPTION',
      what: 'a misspelt option of a pipeline',
      names: '"window"',
      allowed: 'windows',
      make: () => define({ window: {} }),
    },
    {
      code: 'BIFOLD_NO_TOPIC',
      what: 'a pipeline without a topic',
      names: 'from',
      allowed: 'topic(...)',
      make: () => define({ from: undefined }),
    },
    {
      code: 'BIFOLD_UNKNOWN_FIELD',
      what: 'an unknown key field',
      names: '"town"',
      allowed: 'city',
      make: () => define({ groupBy: ['town'] }),
    },
    {
      code: 'BIFOLD_UNKNOWN_FIELD',
      what: 'a column derived from one derived later',
      names: 'derive.a',
      allowed: 'fare',
      make: () => define({ derive: { a: field('b').isNull(), b: field('fare').isNull() } }),
    },
    {
      code: 'BIFOLD_NAME_TAKEN',
      what: 'a derived column named like a field',
      names: '"fare"',
      allowed: 'ignoring case',
      make: () => define({ derive: { fare: field('seats').isNull() } }),
    },
    {
      code: 'BIFOLD_NAME_TAKEN',
      what: 'a derived column that differs from a field in case alone',
      names: '"Fare"',
      allowed: 'ignoring case',
      make: () => define({ derive: { Fare: field('seats').isNull() } }),
    },
    {
      code: 'BIFOLD_NAME_TAKEN',
      what: 'a derived column named like a lookup',
      names: '"place"',
      allowed: 'no column, lookup',
      make: () =>
        define({ lookups: { place: lookup(cities, { on: 'city' }) }, derive: { place: field('seats').isNull() } }),
    },
    {
      code: 'BIFOLD_NAME_TAKEN',
      what: 'a lookup named like a field',
      names: '"city"',
      allowed: 'no column, lookup',
      make: () => define({ lookups: { city: lookup(cities, { on: 'city' }) } }),
    },
    {
      code: 'BIFOLD_NAME_TAKEN',
      what: 'lookups that differ in case alone',
      names: '"Place"',
      allowed: 'no column, lookup',
      make: () =>
        define({
          lookups: {
            place: lookup(cities, { on: 'city' }),
            Place: lookup(table('towns', { schema: City, key: 'city' }), { on: 'city' }),
          },
        }),
    },
    {
      code: 'BIFOLD_NAME_TAKEN',
      what: 'an aggregate named like a key',
      names: '"city"',
      allowed: 'groupBy',
      make: () => define({ aggregates: { city: count() } }),
    },
    {
      code: 'BIFOLD_NAME_TAKEN',
      what: 'an aggregate named window',
      names: '"window"',
      allowed: 'other than "window"',
      make: () => define({ aggregates: { window: count() } }),
    },
    {
      code: 'BIFOLD_NAME_TAKEN',
      what: 'aggregates that differ in case alone',
      names: '"N"',
      allowed: 'no other aggregate',
      make: () => define({ aggregates: { n: count(), N: count() } }),
    },
    {
      code: 'BIFOLD_NO_KEY',
      what: 'a pipeline without a key',
      names: 'has no groupBy key',
      allowed: 'one field',
      make: () => define({ groupBy: [] }),
    },
    {
      code: 'BIFOLD_NO_KEY',
      what: 'a key that is no list',
      names: '"city"',
      allowed: 'one field',
      make: () => define({ groupBy: 'city' }),
    },
    {
      code: 'BIFOLD_BAD_KEY',
      what: 'a nested key',
      names: '"tags"',
      allowed: 'text, number',
      make: () => define({ groupBy: ['tags'] }),
    },
    {
      code: 'BIFOLD_BAD_KEY',
      what: 'a lookup column as key',
      names: '"place.rank"',
      allowed: 'derived columns',
      make: () => define({ lookups: { place: lookup(cities, { on: 'city' }) }, groupBy: ['place.rank'] }),
    },
    {
      code: 'BIFOLD_BAD_KEY',
      what: 'a key that is given twice',
      names: 'city, city',
      allowed: 'once',
      make: () => define({ groupBy: ['city', 'city'] }),
    },
  ]);
});
