import { dropDuplicates, dropLate } from '@bifold/core';
import { console, defineStream, join } from '@bifold/streams';
import { descriptions, titles } from './films.ts';

/**
 * Each film with its description, which comes up to ten seconds before it or twenty after. Films
 * without a description are emitted once the watermark has passed them.
 */
export default defineStream({
  name: 'films-described',
  from: join({
    left: { from: titles, eventTime: 'at', dropLate: dropLate('30s') },
    right: { from: descriptions, eventTime: 'at', dropLate: dropLate('30s') },
    as: 'of',
    type: 'left',
    on: { id: 'film' },
    within: { before: '10s', after: '20s' },
  }),
  dropDuplicates: dropDuplicates(['id']),
  sinks: [console({ truncate: 24 })],
});
