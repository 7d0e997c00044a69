import { count, definePipeline, max, sum, topic, tumbling } from '@bifold/core';
import * as z from 'zod';

/** A reading of a meter; `ts` in epoch milliseconds. */
const Reading = z.object({ key: z.string(), ts: z.int(), v: z.number() });

export const readings = topic('readings', {
  schema: Reading,
  schemaVersion: 1,
  partitionBy: 'key',
  eventTime: { field: 'ts', unit: 'ms' },
});

/**
 * The pipeline of the benchmarks (`npm run bench`): 10-second windows of counts, sums and maxima
 * over a thousand keys.
 */
export const throughput = definePipeline({
  name: 'throughput',
  from: readings,
  groupBy: ['key'],
  windows: { window: tumbling('10s') },
  aggregates: { n: count(), s: sum('v'), mx: max('v') },
  storage: { segmentSize: 65_536, buckets: 4 },
});
