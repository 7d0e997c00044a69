import { count, definePipeline, dropDuplicates, dropLate, running, sum, tumbling } from '@bifold/core';
import { legs } from './airframes.ts';

/**
 * The work of each airframe, with each leg counted once, however often its message was sent. Legs
 * reported more than 60 days late are dropped, so weekly windows become final.
 */
export const legsOnce = definePipeline({
  name: 'legs-once',
  from: legs,
  dropLate: dropLate('60d'),
  dropDuplicates: dropDuplicates(['tailnum', 'departed']),
  groupBy: ['tailnum'],
  windows: { ever: running(), weekly: tumbling('7d') },
  aggregates: { legs: count(), miles: sum('miles') },
  storage: { segmentSize: 1024, buckets: 8 },
});
