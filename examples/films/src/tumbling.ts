import { count, dropDuplicates, dropLate, max, tumbling } from '@bifold/core';
import { console, defineStream } from '@bifold/streams';
import { films } from './films.ts';

/**
 * Films of each minute by their rating. A film that is sent twice counts once. `update`: each batch
 * emits the windows that it changed.
 */
export default defineStream({
  name: 'films-tumbling',
  from: films,
  eventTime: 'at',
  dropLate: dropLate('30s'),
  dropDuplicates: dropDuplicates(['id']),
  groupBy: ['rated'],
  windows: { minute: tumbling('1m') },
  aggregates: { films: count(), best: max('score') },
  outputMode: 'update',
  sinks: [console()],
});
