import { dropDuplicates, dropLate, lookup, table } from '@bifold/core';
import { console, defineStream } from '@bifold/streams';
import * as z from 'zod';
import { titles } from './films.ts';

/**
 * A table that does not stream. `npx bifold lookup load studios --from <this file> --file <csv>`
 * loads it.
 */
export const studios = table('studios', {
  schema: z.object({ name: z.string(), films: z.int(), millions: z.int() }),
  key: 'name',
});

/**
 * Each film with the row of its studio. `missing: 'null'` keeps films whose studio has no row;
 * `'drop'` would drop them.
 */
export default defineStream({
  name: 'films-studios',
  from: titles,
  eventTime: 'at',
  dropLate: dropLate('30s'),
  dropDuplicates: dropDuplicates(['id']),
  lookups: { made: lookup(studios, { on: 'studio', missing: 'null' }) },
  sinks: [console()],
});
