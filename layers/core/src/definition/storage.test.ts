import { describe } from '@jest/globals';
import { define, itRefuses } from './rides.fixture.ts';

describe('storage', () => {
  itRefuses([
    {
      code: 'BIFOLD_UNKNOWN_OPTION',
      what: 'a misspelt storage option',
      names: '"segmentsize"',
      allowed: 'segmentSize, buckets',
      make: () => define({ storage: { segmentsize: 64 } }),
    },
    {
      code: 'BIFOLD_BAD_STORAGE',
      what: 'segments of 15',
      names: 'storage.segmentSize',
      allowed: 'from 16 to 131072',
      make: () => define({ storage: { segmentSize: 15 } }),
    },
    ...[
      { least: 48, most: 4096, share: 16 },
      { least: 64, most: 5000, share: 16 },
      { least: 64, most: 64, share: 16 },
      { least: 8, most: 64, share: 16 },
      { least: 64, most: 262_144, share: 16 },
      { least: 64, most: 4096, share: 0 },
      { least: 64, most: 4096, share: 1.5 },
      { least: 64, most: 4096 },
      { least: 64, most: 4096, share: 16, first: 1 },
      null,
      '64',
    ].map((segmentSize) => ({
      code: 'BIFOLD_BAD_STORAGE',
      what: `segments of ${JSON.stringify(segmentSize)}`,
      names: 'storage.segmentSize',
      allowed: '{ least, most, share }',
      make: () => define({ storage: { segmentSize } }),
    })),
    {
      code: 'BIFOLD_BAD_STORAGE',
      what: 'half a bucket',
      names: 'storage.buckets',
      allowed: 'from 1 to 256',
      make: () => define({ storage: { buckets: 0.5 } }),
    },
  ]);
});
