import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { columnsOf } from '../../engine.ts';
import { definePipeline, topic } from '../../index.ts';
import { base, defineTopic, itRefuses, Ride } from '../rides.fixture.ts';
import { schemaOf } from './standard-schema.fixture.ts';

describe('columns of a schema', () => {
  const columnOf = (schema: z.ZodType): unknown => {
    const [column] = columnsOf('a test', z.object({ c: schema }));
    return `${column?.type}${column?.nullable ? ' or null' : ''}`;
  };
  it.each([
    { name: 'z.string()', schema: z.string(), is: 'text' },
    { name: 'z.string().nullable()', schema: z.string().nullable(), is: 'text or null' },
    { name: 'z.string().nullish()', schema: z.string().nullish(), is: 'text or null' },
    { name: 'z.string().default', schema: z.string().default('x'), is: 'text or null' },
    { name: 'nullable twice', schema: z.union([z.string().nullable(), z.null()]), is: 'text or null' },
    { name: 'z.enum', schema: z.enum(['a', 'b']), is: 'text' },
    { name: 'z.int()', schema: z.int(), is: 'integer' },
    { name: 'z.number()', schema: z.number(), is: 'double' },
    { name: 'z.union of numbers', schema: z.union([z.int(), z.number().nullable()]), is: 'double or null' },
    { name: 'z.boolean()', schema: z.boolean(), is: 'boolean' },
    { name: 'z.iso.datetime()', schema: z.iso.datetime(), is: 'timestamp' },
    { name: 'text of format decimal', schema: z.string().meta({ format: 'decimal' }), is: 'decimal' },
    { name: 'z.iso.date()', schema: z.iso.date(), is: 'text' },
    { name: 'z.unknown()', schema: z.unknown(), is: 'json or null' },
    { name: 'z.array', schema: z.array(z.string()), is: 'json' },
    { name: 'z.object', schema: z.object({ a: z.string() }), is: 'json' },
    { name: 'text or number', schema: z.union([z.string(), z.number()]), is: 'json' },
    { name: 'text, number or null, nested', schema: z.union([z.string().nullable(), z.number()]), is: 'json or null' },
    {
      name: 'one of several objects, or null',
      schema: z.discriminatedUnion('k', [z.object({ k: z.literal('a') }), z.object({ k: z.literal('b') })]).nullable(),
      is: 'json or null',
    },
  ])('$name is $is', ({ schema, is }) => {
    expect(columnOf(schema)).toBe(is);
  });
});

describe('the schema of a topic', () => {
  itRefuses([
    {
      code: 'BIFOLD_BAD_NAME',
      what: 'a field of the schema with a blank',
      names: '"two words"',
      allowed: 'underscores',
      make: () => defineTopic({ schema: Ride.extend({ 'two words': z.string() }) }),
    },
    {
      code: 'BIFOLD_SCHEMA_NOT_STANDARD',
      what: 'a topic without a schema',
      names: 'rides',
      allowed: 'Standard Schema',
      make: () => defineTopic({ schema: undefined }),
    },
    {
      code: 'BIFOLD_SCHEMA_NOT_STANDARD',
      what: 'a class as schema',
      names: 'rides',
      allowed: 'zod',
      make: () => defineTopic({ schema: { parse: () => 1 } }),
    },
    {
      code: 'BIFOLD_SCHEMA_NOT_DESCRIBABLE',
      what: 'a schema of dates',
      names: 'rides',
      allowed: 'date-time texts',
      make: () => defineTopic({ schema: Ride.extend({ at: z.date() }) }),
    },
    {
      code: 'BIFOLD_SCHEMA_NOT_OBJECT',
      what: 'a schema of text',
      names: '"string"',
      allowed: 'an object',
      make: () => defineTopic({ schema: z.string() }),
    },
  ]);
});

describe('a schema', () => {
  it('that cannot be described is refused with its cause', () => {
    expect(() => defineTopic({ schema: Ride.extend({ at: z.date() }) })).toThrow(
      expect.objectContaining({ cause: expect.any(Error) }),
    );
  });
});

describe('a Standard Schema of any library', () => {
  it('describes the columns of a pipeline', () => {
    const schema = schemaOf({ at: { type: 'string', format: 'date-time' }, m: { type: ['integer', 'null'] } });
    const plan = definePipeline({
      ...base,
      from: topic('t', { schema, schemaVersion: 1, partitionBy: 'm' as never, eventTime: 'at' as never }),
      groupBy: ['m' as never],
    }).plan;
    expect(plan.columns).toEqual([
      { name: 'at', type: 'timestamp', nullable: false },
      { name: 'm', type: 'integer', nullable: true },
    ]);
  });
});
