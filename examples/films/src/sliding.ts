import { count, dropDuplicates, dropLate, max, sliding } from '@bifold/core';
import { console, defineStream } from '@bifold/streams';
import { films } from './films.ts';

/**
 * The last twenty seconds, every ten seconds. `append`: each batch emits the windows that can no
 * longer change.
 */
export default defineStream({
  name: 'films-sliding',
  from: films,
  eventTime: 'at',
  dropLate: dropLate('30s'),
  dropDuplicates: dropDuplicates(['id']),
  groupBy: ['rated'],
  windows: { recent: sliding('20s', '10s') },
  aggregates: { films: count(), best: max('score') },
  outputMode: 'append',
  sinks: [console()],
});
