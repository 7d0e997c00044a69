import { count, tumbling } from '@bifold/core';
import { console, defineStream } from '@bifold/streams';
import { films } from './films.ts';

/**
 * Films of each minute. `complete`: each batch emits the whole result. State is never evicted, and
 * no film is late.
 */
export default defineStream({
  name: 'films-complete',
  from: films,
  eventTime: 'at',
  groupBy: ['rated'],
  windows: { minute: tumbling('1m') },
  aggregates: { records: count() },
  outputMode: 'complete',
  sinks: [console()],
});
