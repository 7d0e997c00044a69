import { describe } from '@jest/globals';
import { dropLate } from '../../index.ts';
import { define, itRefuses } from '../rides.fixture.ts';

describe('dropLate()', () => {
  itRefuses([
    {
      code: 'BIFOLD_UNKNOWN_OPTION',
      what: 'a misspelt option of lateness',
      names: '"maxClockSkeww"',
      allowed: 'maxClockSkew',
      make: () => dropLate('2h', { maxClockSkeww: '1d' } as never),
    },
    {
      code: 'BIFOLD_BAD_LATE',
      what: 'a duration where a rule of lateness belongs',
      names: '"2h"',
      allowed: 'dropLate(after',
      make: () => define({ dropLate: '2h' }),
    },
  ]);
});
