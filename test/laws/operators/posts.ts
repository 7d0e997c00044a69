import {
  count,
  definePipeline,
  field,
  items,
  last,
  type Pipeline,
  running,
  split,
  sum,
  topic,
  tumbling,
} from '@bifold/core';
import { keyText, type LogRecord, type Value } from '@bifold/core/engine';
import fc from 'fast-check';
import { z } from 'zod';

export const Post = z.object({
  at: z.int(),
  author: z.string(),
  text: z.string().nullable(),
  tags: z.array(z.string().nullable()).nullable(),
  wholes: z.array(z.int()),
  reals: z.array(z.number()).optional(),
  flags: z.array(z.boolean()),
});
export type Post = z.infer<typeof Post>;
const posts = topic('posts', {
  schema: Post,
  schemaVersion: 1,
  partitionBy: 'author',
  eventTime: { field: 'at', unit: 'ms' },
});

const rest = {
  name: 'posts',
  from: posts,
  windows: { tens: tumbling('10ms'), ever: running() },
  storage: { segmentSize: 16, buckets: 1 },
} as const;
const aggregates = { n: count(), likes: sum('seen'), last: last('author') } as const;
const derive = { seen: field('at').plus(1) };

/** Every way to split a record into events, and the expected items. */
export const VIEWS: Readonly<Record<string, { pipeline: Pipeline; of: (post: Post) => readonly Value[] }>> = {
  'words of a text': {
    pipeline: definePipeline({
      ...rest,
      flatMap: { item: split('text', ' ') },
      derive,
      where: field('item').ne('stop'),
      groupBy: ['item'],
      aggregates,
    }) as Pipeline,
    of: ({ text }) => (text ?? '').split(' ').filter((word) => word !== '' && word !== 'stop'),
  },
  'words of what is computed': {
    pipeline: definePipeline({
      ...rest,
      flatMap: { item: split(field('text').lower().substring(1), "', '") },
      derive,
      groupBy: ['item'],
      aggregates,
    }) as Pipeline,
    of: ({ text }) =>
      text === null
        ? []
        : Array.from(text.replace(/[A-Z]/g, (letter) => letter.toLowerCase()))
            .slice(1)
            .join('')
            .split("', '")
            .filter((word) => word !== ''),
  },
  'tags, nulls among them': {
    pipeline: definePipeline({
      ...rest,
      flatMap: { item: items('tags') },
      derive,
      groupBy: ['item'],
      aggregates,
    }) as Pipeline,
    of: ({ tags }) => tags ?? [],
  },
  'whole numbers': {
    pipeline: definePipeline({
      ...rest,
      flatMap: { item: items('wholes') },
      derive,
      groupBy: ['item'],
      aggregates,
    }) as Pipeline,
    of: ({ wholes }) => wholes.map((whole) => whole + 0),
  },
  doubles: {
    pipeline: definePipeline({
      ...rest,
      flatMap: { item: items('reals') },
      derive,
      groupBy: ['item'],
      aggregates,
    }) as Pipeline,
    of: ({ reals = [] }) => reals.map((real) => real + 0),
  },
  truths: {
    pipeline: definePipeline({
      ...rest,
      flatMap: { item: items('flags') },
      derive,
      groupBy: ['item'],
      aggregates,
    }) as Pipeline,
    of: ({ flags }) => flags,
  },
};

const word = fc.constantFrom(
  'a',
  'b',
  'B',
  'stop',
  "it's",
  "', '",
  '\u{1f600}',
  'é',
  '"',
  '\\',
  '\0',
  '[',
  'null',
  '1',
);
export const post: fc.Arbitrary<Post> = fc.record(
  {
    at: fc.integer({ min: -15, max: 25 }),
    author: fc.constantFrom('ada', 'bob'),
    text: fc.option(fc.array(fc.oneof(word, fc.constant('')), { maxLength: 6 }).map((words) => words.join(' '))),
    tags: fc.option(fc.array(fc.option(fc.oneof(word, fc.constant(''))), { maxLength: 4 })),
    wholes: fc.array(fc.oneof(fc.integer({ min: -2, max: 2 }), fc.maxSafeInteger()), { maxLength: 4 }),
    reals: fc.array(
      fc.oneof(fc.constantFrom(-0, 0.1, 1e21, 5e-324, 1e300, 2.5), fc.double({ noNaN: true, noDefaultInfinity: true })),
      { maxLength: 4 },
    ),
    flags: fc.array(fc.boolean(), { maxLength: 3 }),
  },
  { requiredKeys: ['at', 'author', 'text', 'tags', 'wholes', 'flags'] },
);

export const recordsOf = (log: readonly Post[]): LogRecord[] =>
  log.map((each, offset) => ({
    partition: 0,
    offset,
    timestampMs: 0,
    key: null,
    value: Buffer.from(JSON.stringify(each)),
    headers: [],
  }));
export const noLookups = () => () => null;

/**
 * Rows by hand: window, start and key to how many events, the sum over them, and the last author.
 */
export function byHand(log: readonly Post[], of: (post: Post) => readonly Value[]): Map<string, Record<string, Value>> {
  const rows = new Map<string, { place: readonly [number, number]; n: number; likes: number; last: string }>();
  log.forEach((each, offset) => {
    const start = each.at - ((((each.at % 10) + 10) % 10) + 0);
    for (const item of of(each)) {
      for (const id of [`tens ${start} ${keyText([item])}`, `ever 0 ${keyText([item])}`]) {
        const known = rows.get(id);
        const later =
          known === undefined || each.at > known.place[0] || (each.at === known.place[0] && offset >= known.place[1]);
        rows.set(id, {
          place: later ? [each.at, offset] : known.place,
          n: (known?.n ?? 0) + 1,
          likes: (known?.likes ?? 0) + each.at + 1,
          last: later ? each.author : known.last,
        });
      }
    }
  });
  return new Map(Array.from(rows, ([id, { place: _, ...row }]) => [id, row]));
}

export const view = fc.constantFrom(...Object.keys(VIEWS));
export const named = (name: string) => VIEWS[name] as (typeof VIEWS)[string];
