import { describe } from '@jest/globals';
import { count, field, lookup, tumbling } from '../index.ts';
import { cities, define, itRefuses } from './rides.fixture.ts';

describe('a name in a definition', () => {
  itRefuses([
    {
      code: 'BIFOLD_BAD_NAME',
      what: 'no name',
      names: 'pipeline',
      allowed: 'a letter',
      make: () => define({ name: undefined }),
    },
    {
      code: 'BIFOLD_BAD_NAME',
      what: 'a name with a blank',
      names: '"my view"',
      allowed: 'dashes',
      make: () => define({ name: 'my view' }),
    },
    {
      code: 'BIFOLD_BAD_NAME',
      what: 'a name that is too long',
      names: 'pipeline',
      allowed: 'at most 63',
      make: () => define({ name: 'x'.repeat(64) }),
    },
    {
      code: 'BIFOLD_BAD_NAME',
      what: 'a window with a dash',
      names: '"per-hour"',
      allowed: 'underscores',
      make: () => define({ windows: { 'per-hour': tumbling('1h') } }),
    },
    {
      code: 'BIFOLD_BAD_NAME',
      what: 'an aggregate with the name of a platform column',
      names: '"_start"',
      allowed: 'a letter',
      make: () => define({ aggregates: { _start: count() } }),
    },
    {
      code: 'BIFOLD_BAD_NAME',
      what: 'a derived column in quotes',
      names: 'derived column',
      allowed: 'underscores',
      make: () => define({ derive: { 'a"': field('fare').isNull() } }),
    },
    {
      code: 'BIFOLD_BAD_NAME',
      what: 'a lookup with a dot',
      names: '"a.b"',
      allowed: 'underscores',
      make: () => define({ lookups: { 'a.b': lookup(cities, { on: 'city' }) } }),
    },
  ]);
});
