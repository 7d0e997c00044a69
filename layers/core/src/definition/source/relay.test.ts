import { describe } from '@jest/globals';
import { dropDuplicates, model, repartition, split, union } from '../../index.ts';
import { define, defineJoin, itRefuses, rides, tours } from '../rides.fixture.ts';

describe('a log of several topics', () => {
  itRefuses([
    {
      code: 'BIFOLD_BAD_PARTITION_KEY',
      what: 'a repartition by a list',
      names: '"tags"',
      allowed: 'text, number, boolean',
      make: () => define({ from: repartition(rides, { by: 'tags' }) }),
    },
    {
      code: 'BIFOLD_UNKNOWN_FIELD',
      what: 'a repartition by an unknown field',
      names: '"town"',
      allowed: 'city',
      make: () => define({ from: repartition(rides, { by: 'town' as never }) }),
    },
    {
      code: 'BIFOLD_NO_TOPIC',
      what: 'a union of nothing',
      names: 'union',
      allowed: 'topic(...)',
      make: () => define({ from: union([]) }),
    },
    {
      code: 'BIFOLD_NO_TOPIC',
      what: 'a join without a right side',
      names: 'join',
      allowed: 'topic(...)',
      make: () => defineJoin({ right: undefined }),
    },
    {
      code: 'BIFOLD_BAD_UNION',
      what: 'a union of two schemas',
      names: '"rides" and "tours"',
      allowed: 'one schema',
      make: () => define({ from: union([rides, tours] as never) }),
    },
    {
      code: 'BIFOLD_TOPIC_TWICE',
      what: 'a topic that is joined with itself',
      names: 'rides, rides',
      allowed: 'each topic once',
      make: () => defineJoin({ right: rides, on: { city: 'city' } }),
    },
    {
      code: 'BIFOLD_BAD_PARTITIONS',
      what: 'a union without partitions',
      names: '0',
      allowed: 'from 1 to 1000',
      make: () => define({ from: union([rides], { partitions: 0 }) }),
    },
    {
      code: 'BIFOLD_UNKNOWN_OPTION',
      what: 'an option that a union does not have',
      names: '"by"',
      allowed: 'partitions',
      make: () => define({ from: union([rides], { by: 'city' } as never) }),
    },
    {
      code: 'BIFOLD_UNKNOWN_OPTION',
      what: 'an option that a join does not have',
      names: '"watermark"',
      allowed: 'within',
      make: () => defineJoin({ watermark: '1h' }),
    },
    {
      code: 'BIFOLD_BAD_JOIN',
      what: 'a left join, which would have to retract results',
      names: 'type: left',
      allowed: 'inner',
      make: () => defineJoin({ type: 'left' }),
    },
    {
      code: 'BIFOLD_BAD_JOIN',
      what: 'a join without a pair of fields',
      names: 'on: {}',
      allowed: 'one pair',
      make: () => defineJoin({ on: {} }),
    },
    {
      code: 'BIFOLD_BAD_JOIN',
      what: 'a join of a text with a number',
      names: 'city (text) and guests (double)',
      allowed: 'one type',
      make: () => defineJoin({ on: { city: 'guests' } }),
    },
    {
      code: 'BIFOLD_UNKNOWN_FIELD',
      what: 'a join by an unknown field',
      names: '"city"',
      allowed: 'guests',
      make: () => defineJoin({ on: { city: 'city' } }),
    },
    {
      code: 'BIFOLD_NAME_TAKEN',
      what: 'a left side with a field that looks like one of the right side',
      names: '"fare_paid"',
      allowed: '"fare_"',
      make: () => defineJoin({ left: tours, right: rides, as: 'fare', on: { town: 'city' } }),
    },
    {
      code: 'BIFOLD_BAD_NAME',
      what: 'a right side without a name',
      names: 'right side',
      allowed: 'a letter',
      make: () => defineJoin({ as: undefined }),
    },
    {
      code: 'BIFOLD_BAD_DURATION',
      what: 'a join within an invalid duration',
      names: '"soon"',
      allowed: '"1h"',
      make: () => defineJoin({ within: { before: 'soon' } }),
    },
    ...['flatMap', 'scores', 'dropDuplicates'].map((option) => ({
      code: 'BIFOLD_BAD_JOIN',
      what: `a join with ${option}`,
      names: option,
      allowed: 'lookups, derive, where',
      make: () =>
        defineJoin(
          {},
          {
            flatMap: { flatMap: { word: split('city', ' ') } },
            scores: { scores: { expected: model('fares') } },
            dropDuplicates: { dropDuplicates: dropDuplicates(['city']) },
          }[option],
        ),
    })),
  ]);
});
