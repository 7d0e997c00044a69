import { count, definePipeline, dropDuplicates, running, sum } from '@bifold/core';
import { legs } from './airframes.ts';

/** What each airframe has flown so far, each leg once, however often its message was sent. */
export const legsOnce = definePipeline({
  name: 'legs-once',
  from: legs,
  dropDuplicates: dropDuplicates(['tailnum', 'departed']),
  groupBy: ['tailnum'],
  windows: { ever: running() },
  aggregates: { legs: count(), miles: sum('miles') },
  storage: { segmentSize: 1024, buckets: 8 },
});
