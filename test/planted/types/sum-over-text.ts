import { count, definePipeline, sum, topic, tumbling } from '@bifold/core';
import { z } from 'zod';

const Ride = z.object({ at: z.iso.datetime(), city: z.string() });

export const planted = definePipeline({
  name: 'planted',
  from: topic('rides', { schema: Ride, schemaVersion: 1, partitionBy: 'city', eventTime: 'at' }),
  groupBy: ['city'],
  windows: { hourly: tumbling('1h') },
  aggregates: { rides: count(), total: sum('city') },
});
