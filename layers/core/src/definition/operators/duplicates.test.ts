import { describe } from '@jest/globals';
import { dropDuplicates, lookup } from '../../index.ts';
import { cities, define, itRefuses } from '../rides.fixture.ts';

describe('dropDuplicates()', () => {
  itRefuses([
    {
      code: 'BIFOLD_BAD_DUPLICATES',
      what: 'duplicates without a field',
      names: '[]',
      allowed: 'one field',
      make: () => define({ dropDuplicates: dropDuplicates([]) }),
    },
    {
      code: 'BIFOLD_UNKNOWN_FIELD',
      what: 'duplicates in an unknown field',
      names: '"town"',
      allowed: 'city',
      make: () => define({ dropDuplicates: dropDuplicates(['city', 'town']) }),
    },
    {
      code: 'BIFOLD_BAD_DUPLICATES',
      what: 'duplicates in a nested field',
      names: '"tags"',
      allowed: 'fields of the record itself',
      make: () => define({ dropDuplicates: dropDuplicates(['city', 'tags']) }),
    },
    {
      code: 'BIFOLD_BAD_DUPLICATES',
      what: 'duplicates in a lookup column',
      names: '"place.rank"',
      allowed: 'fields of the record itself',
      make: () =>
        define({
          lookups: { place: lookup(cities, { on: 'city' }) },
          dropDuplicates: dropDuplicates(['city', 'place.rank']),
        }),
    },
    {
      code: 'BIFOLD_BAD_DUPLICATES',
      what: 'duplicates in a field that is given twice',
      names: 'city, city',
      allowed: 'once',
      make: () => define({ dropDuplicates: dropDuplicates(['city', 'city']) }),
    },
    {
      code: 'BIFOLD_BAD_DUPLICATES',
      what: 'duplicates within zero time',
      names: '0',
      allowed: 'a duration',
      make: () => define({ dropDuplicates: { by: ['city'], withinMs: 0 } }),
    },
    {
      code: 'BIFOLD_NOT_CO_PARTITIONED',
      what: 'duplicates that may lie in different partitions',
      names: 'fare',
      allowed: '"city"',
      make: () => define({ dropDuplicates: dropDuplicates(['fare']) }),
    },
  ]);
});
