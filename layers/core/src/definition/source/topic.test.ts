import { describe } from '@jest/globals';
import { topic } from '../../index.ts';
import { defineTopic, itRefuses, topicOptions } from '../rides.fixture.ts';

describe('topic()', () => {
  itRefuses([
    {
      code: 'BIFOLD_BAD_NAME',
      what: 'a topic with a slash',
      names: '"a/b"',
      allowed: 'dashes',
      make: () => topic('a/b', topicOptions),
    },
    {
      code: 'BIFOLD_UNKNOWN_OPTION',
      what: 'a misspelt option of a topic',
      names: '"partitions"',
      allowed: 'partitionBy',
      make: () => defineTopic({ partitions: 3 }),
    },
    {
      code: 'BIFOLD_BAD_SCHEMA_VERSION',
      what: 'a topic without schemaVersion',
      names: 'schemaVersion',
      allowed: 'from 1',
      make: () => defineTopic({ schemaVersion: undefined }),
    },
    {
      code: 'BIFOLD_BAD_SCHEMA_VERSION',
      what: 'schemaVersion 0',
      names: '"rides"',
      allowed: 'from 1',
      make: () => defineTopic({ schemaVersion: 0 }),
    },
    {
      code: 'BIFOLD_BAD_EVENT_TIME',
      what: 'an event time that is a number without unit',
      names: '"since"',
      allowed: '{ field, unit }',
      make: () => defineTopic({ eventTime: 'since' }),
    },
    {
      code: 'BIFOLD_BAD_EVENT_TIME',
      what: 'a unit for a text',
      names: '"at"',
      allowed: 'date-time',
      make: () => defineTopic({ eventTime: { field: 'at', unit: 's' } }),
    },
    {
      code: 'BIFOLD_BAD_EVENT_TIME',
      what: 'a fraction as event time',
      names: '"fare"',
      allowed: 'integer',
      make: () => defineTopic({ eventTime: { field: 'fare', unit: 's' } }),
    },
    {
      code: 'BIFOLD_BAD_EVENT_TIME',
      what: 'an unknown unit',
      names: 'ns',
      allowed: 's, ms, us',
      make: () => defineTopic({ eventTime: { field: 'since', unit: 'ns' } }),
    },
    {
      code: 'BIFOLD_UNKNOWN_FIELD',
      what: 'a topic without an event time',
      names: 'eventTime',
      allowed: 'since',
      make: () => defineTopic({ eventTime: undefined }),
    },
    {
      code: 'BIFOLD_UNKNOWN_FIELD',
      what: 'a misspelt event time',
      names: '"when"',
      allowed: 'at, city',
      make: () => defineTopic({ eventTime: 'when' }),
    },
    {
      code: 'BIFOLD_UNKNOWN_FIELD',
      what: 'a topic without a partition key',
      names: 'partitionBy',
      allowed: 'city',
      make: () => defineTopic({ partitionBy: undefined }),
    },
    {
      code: 'BIFOLD_BAD_PARTITION_KEY',
      what: 'a boolean as partition key',
      names: '"night"',
      allowed: 'text or integer',
      make: () => defineTopic({ partitionBy: 'night' }),
    },
  ]);
});
