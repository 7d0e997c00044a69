import {
  count,
  definePipeline,
  dropDuplicates,
  dropLate,
  join,
  type Pipeline,
  repartition,
  topic,
  tumbling,
  union,
} from '@bifold/core';
import { describe, expect, it } from '@jest/globals';
import * as z from 'zod';
import { streamOf } from '../engine.ts';
import { processingTime } from '../index.ts';

const Ride = z.object({ at: z.iso.datetime(), city: z.string(), driver: z.string() });
const declared = (name: string) =>
  topic(name, { schema: Ride, schemaVersion: 1, partitionBy: 'city', eventTime: 'at' });
const rides = declared('rides');
const common = {
  name: 'per-city',
  groupBy: ['city'],
  windows: { daily: tumbling('1d') },
  aggregates: { rides: count() },
} as const;
const plain = definePipeline({ ...common, from: rides });

describe('a pipeline as a stream', () => {
  it('reads the topic of the pipeline from its beginning, and updates its rows', () => {
    const stream = streamOf(plain);
    expect(stream.source).toMatchObject({ kind: 'kafka', topics: ['rides'], startingOffsets: 'earliest' });
    expect(stream.output.map(({ name }) => name)).toEqual(['start', 'end', 'city', 'rides']);
    expect(stream).toMatchObject({ outputMode: 'update', latenessMs: null, aggregation: { groupBy: ['city'] } });
  });

  it('takes options of a stream', () => {
    const stream = streamOf(plain, {
      startingOffsets: 'latest',
      outputMode: 'append',
      dropLate: dropLate('10m'),
      trigger: processingTime('1s'),
    });
    expect(stream).toMatchObject({ outputMode: 'append', latenessMs: 600_000, trigger: { intervalMs: 1_000 } });
    expect(stream.source).toMatchObject({ startingOffsets: 'latest' });
  });

  it('refuses an option that does not exist', () => {
    expect(() => streamOf(plain, { mode: 'append' } as never)).toThrow(/BIFOLD_UNKNOWN_OPTION|"mode"/);
  });

  it.each<[string, Pipeline]>([
    ['dropDuplicates', definePipeline({ ...common, from: rides, dropDuplicates: dropDuplicates(['city', 'driver']) })],
    ['dropLate', definePipeline({ ...common, from: rides, dropLate: dropLate('2h') })],
    ['from: union(...)', definePipeline({ ...common, from: union([rides, declared('taxis')]) })],
    ['from: repartition(...)', definePipeline({ ...common, from: repartition(rides, { by: 'driver' }) })],
    [
      'from: join(...)',
      definePipeline({
        ...common,
        from: join({ left: rides, right: declared('taxis'), as: 'taxi', on: { city: 'city' } }),
      }),
    ],
  ])('refuses a pipeline whose result depends on earlier records: %s', (option, pipeline) => {
    expect(() => streamOf(pipeline)).toThrow('BIFOLD_STREAM_STATEFUL');
    expect(() => streamOf(pipeline)).toThrow(`a pipeline with ${option}`);
    expect(() => streamOf(pipeline)).toThrow('npx bifold deploy per-city, or define a stream of its topics');
  });
});
