import { appendFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { field } from '@bifold/core';
import {
  availableNow,
  cassandra,
  console,
  defineStream,
  files,
  foreach,
  foreachBatch,
  kafka,
  memory,
} from '@bifold/streams';
import * as z from 'zod';

const Song = z.object({
  id: z.int(),
  title: z.string(),
  artist: z.string(),
  minutes: z.number(),
  released: z.iso.datetime(),
});

const folder = process.env.SONGS_OUT ?? join(tmpdir(), 'bifold-songs');

/** Typed CSV, to every sink there is. An int stays an int, a double a double, a text a text. */
export default defineStream({
  name: 'sinks',
  from: files({ path: new URL('../data', import.meta.url).pathname, format: 'csv', schema: Song }),
  derive: { long: field('minutes').gt(5) },
  trigger: availableNow(),
  sinks: [
    console(),
    memory('songs'),
    files({ path: join(folder, 'json'), format: 'json' }),
    files({ path: join(folder, 'parquet'), format: 'parquet', partitionBy: ['artist'] }),
    kafka({ topic: 'songs', key: 'artist' }),
    cassandra({ table: 'music.songs' }),
    foreachBatch(async (rows, { batch }) => {
      await mkdir(folder, { recursive: true });
      await appendFile(join(folder, 'batches.txt'), `batch ${batch}: ${rows.length} songs\n`);
    }),
    foreach(async ({ title, minutes }: z.infer<typeof Song>) =>
      appendFile(join(folder, 'titles.txt'), `${title} (${minutes})\n`),
    ),
  ],
});
