import { describe } from '@jest/globals';
import { lookup, sum, table } from '../../index.ts';
import { City, cities, define, itRefuses } from '../rides.fixture.ts';

describe('lookup()', () => {
  itRefuses([
    {
      code: 'BIFOLD_BAD_NAME',
      what: 'a table with a slash',
      names: '"a/b"',
      allowed: 'dashes',
      make: () => table('a/b', { schema: City, key: 'city' }),
    },
    {
      code: 'BIFOLD_UNKNOWN_OPTION',
      what: 'a misspelt option of a lookup table',
      names: '"keys"',
      allowed: 'schema, key',
      make: () => table('cities', { schema: City, key: 'city', keys: [] } as never),
    },
    {
      code: 'BIFOLD_UNKNOWN_OPTION',
      what: 'a misspelt option of a lookup',
      names: '"mising"',
      allowed: 'on, missing',
      make: () => lookup(cities, { on: 'city', mising: 'drop' } as never),
    },
    {
      code: 'BIFOLD_UNKNOWN_FIELD',
      what: 'an unknown lookup column',
      names: '"place.wings"',
      allowed: 'place.rank',
      make: () => define({ lookups: { place: lookup(cities, { on: 'city' }) }, aggregates: { n: sum('place.wings') } }),
    },
    {
      code: 'BIFOLD_UNKNOWN_FIELD',
      what: 'a lookup on an unknown field',
      names: 'lookups.place.on',
      allowed: 'city',
      make: () => define({ lookups: { place: lookup(cities, { on: 'town' }) } }),
    },
    {
      code: 'BIFOLD_BAD_LOOKUP',
      what: 'a table where a lookup belongs',
      names: '"place"',
      allowed: 'lookup(table(...)',
      make: () => define({ lookups: { place: cities } }),
    },
    {
      code: 'BIFOLD_BAD_LOOKUP_KEY',
      what: 'a lookup on a number by text',
      names: '"seats"',
      allowed: 'two text or two integer',
      make: () => define({ lookups: { place: lookup(cities, { on: 'seats' }) } }),
    },
    {
      code: 'BIFOLD_BAD_LOOKUP_KEY',
      what: 'a table without its key',
      names: '"code"',
      allowed: 'two text or two integer',
      make: () =>
        define({ lookups: { place: lookup(table('cities', { schema: City, key: 'code' as never }), { on: 'city' }) } }),
    },
    {
      code: 'BIFOLD_BAD_MISSING',
      what: 'an unknown treatment of missing rows',
      names: '"place"',
      allowed: '"null", "drop"',
      make: () => define({ lookups: { place: lookup(cities, { on: 'city', missing: 'skip' as never }) } }),
    },
  ]);
});
