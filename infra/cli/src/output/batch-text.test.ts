import type { ArchivedPartition, Recomputed } from '@bifold/engine';
import { describe, expect, it } from '@jest/globals';
import { archivedText, recomputedText } from './batch-text.ts';

const archived = (over: Partial<ArchivedPartition> = {}): ArchivedPartition => ({
  partition: 0,
  start: 0,
  end: 2_500,
  records: 2_500,
  files: 1,
  lost: [],
  behind: 0,
  ...over,
});
const waiting = { offsets: 272, missing: 60, stopped: [] as number[] };

describe('archive', () => {
  it.each<[string, ArchivedPartition[], string]>([
    [
      'all there was',
      [archived(), archived({ partition: 1 })],
      'archived 5,000 records in 2 files; next: npx bifold recompute rides',
    ],
    [
      'a part of it',
      [archived({ behind: 1_200 })],
      'archived 2,500 records in 1 file; 1,200 records of the log are not archived yet: npx bifold archive rides',
    ],
    [
      'nothing new',
      [archived({ records: 0, files: 0 })],
      'archived nothing: the archive has all that the log holds, up to 2,500 offsets; next: npx bifold recompute rides',
    ],
    [
      'nothing in its time',
      [archived({ records: 0, files: 0, behind: 1 })],
      '1 record of the log is not archived yet: npx bifold archive rides',
    ],
    [
      'a loss',
      [archived({ lost: [[10, 20]] })],
      'archived 2,500 records in 1 file; next: npx bifold recompute rides\nLOST: retention was faster in 1 range; see npx bifold recompute --help',
    ],
  ])('says what it did: %s', (_, partitions, text) => {
    expect(archivedText('rides', partitions)).toBe(text);
  });
});

describe('recompute', () => {
  const published: Recomputed = {
    published: true,
    generation: 1,
    run: 'r',
    cuts: {},
    offsets: 9_728,
    rows: 40,
    waiting,
  };
  const nothing = (over: object): Recomputed => ({
    published: false,
    generation: 3,
    reason: 'nothing-new',
    waiting: { ...waiting, ...over },
  });
  it.each<[string, Recomputed, string]>([
    [
      'most of it',
      published,
      'generation 1 covers 9,728 of 10,000 records; 272 more are answered by the speed layer until their segments are complete (40 rows published)',
    ],
    [
      'all of it',
      { ...published, waiting: { ...waiting, offsets: 0 } },
      'generation 1 covers 9,728 of 9,728 records (40 rows published)',
    ],
    [
      'nothing new',
      nothing({}),
      'published nothing: no segment is complete since generation 3, and the next one needs 60 more records in its partition; 272 archived records are answered by the speed layer until then',
    ],
    [
      'no complete segment at all',
      { ...nothing({ missing: 1 }), generation: 0 } as Recomputed,
      'published nothing: no segment is complete, and the next one needs 1 more record in its partition; 272 archived records are answered by the speed layer until then',
    ],
    [
      'an empty archive',
      nothing({ offsets: 0, missing: null }),
      'published nothing: nothing is archived; first: npx bifold archive rides',
    ],
    [
      'losses in the way',
      nothing({ missing: null, stopped: [0, 2] }),
      'published nothing: no segment is complete since generation 3; 272 archived records are answered by the speed layer until then\npartition 0, 2 stops at records that retention took before the archive; to pass them: npx bifold recompute rides --accept-lost',
    ],
    [
      'another run',
      { published: false, generation: 3, reason: 'overtaken' },
      'published nothing: another run published first; its generation is current',
    ],
  ])('says what it did: %s', (_, result, text) => {
    expect(recomputedText('rides', result)).toBe(text);
  });
});
