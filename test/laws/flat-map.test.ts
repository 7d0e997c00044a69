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
import {
  type Answer,
  answerOf,
  compareUtf8,
  fillPage,
  foldOf,
  interpret,
  keyText,
  type LogRecord,
  quoted,
  replayAnswer,
  SegmentFold,
  type Value,
  type ViewQuery,
  viewSql,
  type WindowPlan,
} from '@bifold/core/engine';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { ArchiveTable } from './archive-table.ts';

/**
 * Records that yield several events: the fold of segments, the memory interpreter, DuckDB and old
 * answers, against plain lists.
 */

let archive: ArchiveTable;
beforeAll(async () => {
  archive = await ArchiveTable.open();
});
afterAll(() => archive.close());

const Post = z.object({
  at: z.int(),
  author: z.string(),
  text: z.string().nullable(),
  tags: z.array(z.string().nullable()).nullable(),
  wholes: z.array(z.int()),
  reals: z.array(z.number()).optional(),
  flags: z.array(z.boolean()),
});
type Post = z.infer<typeof Post>;
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
const VIEWS: Readonly<Record<string, { pipeline: Pipeline; of: (post: Post) => readonly Value[] }>> = {
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
const post: fc.Arbitrary<Post> = fc.record(
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

const recordsOf = (log: readonly Post[]): LogRecord[] =>
  log.map((each, offset) => ({
    partition: 0,
    offset,
    timestampMs: 0,
    key: null,
    value: Buffer.from(JSON.stringify(each)),
    headers: [],
  }));
const noLookups = () => () => null;

/**
 * Rows by hand: window, start and key to how many events, the sum over them, and the last author.
 */
function byHand(log: readonly Post[], of: (post: Post) => readonly Value[]): Map<string, Record<string, Value>> {
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

const view = fc.constantFrom(...Object.keys(VIEWS));
const named = (name: string) => VIEWS[name] as (typeof VIEWS)[string];

describe('records that yield several events', () => {
  it('are folded as a plain list of them', async () => {
    await fc.assert(
      fc.asyncProperty(view, fc.array(post, { maxLength: 20 }), async (name, log) => {
        const { pipeline, of } = named(name);
        const { rows, records } = await interpret(pipeline, recordsOf(log), { 0: [[0, log.length]] }, noLookups);
        const { present } = foldOf(pipeline).rows.view;
        expect(records).toBe(log.length);
        expect(
          new Map(Array.from(rows.values(), (row) => [`${row.window} ${row.startMs} ${row.key}`, present(row.states)])),
        ).toEqual(byHand(log, of));
      }),
      { numRuns: 150 },
    );
  });

  it('are folded once into each row, however often and from wherever they are delivered', () => {
    const deliveries = fc.array(fc.tuple(fc.nat(15), fc.nat(16)), { maxLength: 5 });
    fc.assert(
      fc.property(view, fc.array(post, { minLength: 1, maxLength: 16 }), deliveries, (name, log, parts) => {
        const { pipeline, of } = named(name);
        const fold = foldOf(pipeline);
        const records = recordsOf(log);
        const deliver = (segment: SegmentFold, from: number, to: number): void => {
          for (const { offset, value } of records.slice(from, to)) {
            const decoded = fold.decode(value);
            if (decoded.kind !== 'event') throw new Error('every post is valid');
            segment.addEvents(
              offset,
              decoded.timeMs,
              fold.enrich(decoded.values, () => null),
            );
          }
        };
        const once = new SegmentFold(fold, 0, 0, []);
        deliver(once, 0, log.length);
        const expected = [...once.takeTouched()];
        const { view: algebra } = fold.rows;
        expect(
          new Map(
            expected.map(({ window, startMs, key, cell }) => [
              `${window} ${startMs} ${key}`,
              algebra.present(algebra.decodeFragment(cell).states),
            ]),
          ),
        ).toEqual(byHand(log, of));

        // Deliveries begin at or below what is complete, some rows of the next one may be stored
        // already, and states come back from their bytes.
        let complete = 0;
        let stored: (typeof expected)[number][] = [];
        for (const [from, to] of [...parts, [0, log.length] as const]) {
          const segment = new SegmentFold(fold, 0, 0, stored);
          deliver(segment, Math.min(from, complete), to);
          const written = new Map(
            [...stored, ...segment.takeTouched()].map((row) => [`${row.window} ${row.startMs} ${row.key}`, row]),
          );
          stored = [...written.values()];
          complete = Math.max(complete, Math.min(to, log.length));
        }
        const inOrder = (rows: typeof expected) =>
          rows
            .map(
              ({ window, startMs, key, lastOffset, cell }) =>
                `${window} ${startMs} ${key} ${lastOffset} ${Buffer.from(cell).toString('hex')}`,
            )
            .sort();
        expect(inOrder(stored)).toEqual(inOrder(expected));
      }),
      { numRuns: 200 },
    );
  });

  it('are to DuckDB what they are to the fold', async () => {
    await fc.assert(
      fc.asyncProperty(view, fc.array(post, { minLength: 1, maxLength: 20 }), async (name, log) => {
        const { pipeline, of } = named(name);
        const { plan } = pipeline;
        const fold = foldOf(pipeline);
        const decoded = recordsOf(log).map(({ value }) => {
          const event = fold.decode(value);
          if (event.kind !== 'event') throw new Error('every post is valid');
          return event;
        });
        await archive.fill(
          plan,
          decoded.map(({ timeMs, values }) => ({
            timeMs,
            values: Object.fromEntries(plan.columns.map((column, index) => [column.name, values[index] as Value])),
          })),
        );
        const found = await archive.query(plan, `SELECT _offset, ${quoted('item')}, ${quoted('seen')} FROM events`);
        const expected = decoded.flatMap(({ values }, offset) =>
          fold.enrich(values, () => null).map((slots) => [offset, ...slots.slice(-2)]),
        );
        const sorted = (rows: readonly (readonly (Value | undefined)[])[]) =>
          rows.map((row) => JSON.stringify(row)).sort(compareUtf8);
        expect(sorted(found)).toEqual(sorted(expected));
        expect(sorted(found)).toEqual(
          sorted(log.flatMap((each, offset) => of(each).map((item) => [offset, item, each.at + 1]))),
        );
        for (const window of plan.windows as readonly WindowPlan[]) {
          const counts = await archive.query(plan, `SELECT _start, item, n FROM (${viewSql(plan, window, 'events')})`);
          const plain = [...byHand(log, of)].filter(([id]) => id.startsWith(`${window.name} `));
          expect(
            new Map(counts.map(([start, item, n]) => [`${window.name} ${start} ${keyText([item as Value])}`, n])),
          ).toEqual(new Map(plain.map(([id, { n }]) => [id, n])));
        }
      }),
      { numRuns: 40 },
    );
  });

  it('are in an old answer as in the first', async () => {
    await fc.assert(
      fc.asyncProperty(
        view,
        fc.array(post, { minLength: 1, maxLength: 20 }),
        fc.boolean(),
        async (name, log, total) => {
          const { pipeline } = named(name);
          const { plan } = pipeline;
          const algebra = foldOf(pipeline).rows.view;
          const query: ViewQuery = {
            window: 'tens',
            keys: null,
            fromMs: -10,
            toMs: 20,
            total,
            snapshot: false,
            parts: false,
            limit: 1000,
            cursor: null,
          };
          const coverage = { 0: [[0, log.length]] as const };
          const records = recordsOf(log);
          const { rows } = await interpret(
            pipeline,
            records,
            coverage,
            noLookups,
            null,
            total ? { window: 'tens', fromMs: -10, toMs: 20 } : null,
          );
          const merged = [...rows.values()]
            .filter(({ window, startMs }) => window === 'tens' && (total || (startMs >= -10 && startMs < 20)))
            .sort((left, right) => compareUtf8(left.key, right.key) || left.startMs - right.startMs)
            .map((row) => ({ ...row, batch: null, speed: row.states, ahead: [], behind: [] }));
          const readSnapshot = { generation: 0, run: null, coverage, batchBelow: {}, segments: [] };
          const filled = await fillPage(plan, algebra, readSnapshot, query, merged, () => true);
          const scope = { version: plan.version, topicId: 'i' };
          const answer: Answer = answerOf(
            plan,
            scope,
            readSnapshot,
            query,
            { quarantined: { reasons: {}, behind: [] }, models: {} },
            null,
            filled,
          );
          const kept = { query, receipt: answer.receipt, rows: [] };
          const again = await replayAnswer(pipeline, kept, records, noLookups);
          expect(again.rows).toEqual(answer.rows);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('are poison when they would be more than ten thousand, or hold what is no item', () => {
    const decoded = (name: string, change: object) =>
      foldOf(named(name).pipeline).decode(
        Buffer.from(JSON.stringify({ at: 1, author: 'ada', text: null, tags: [], wholes: [], flags: [], ...change })),
      );
    const words = (size: number) => Array(size).fill('a').join(' ');
    expect(decoded('words of a text', { text: words(10_000) })).toMatchObject({ kind: 'event' });
    expect(decoded('words of a text', { text: words(10_001) })).toMatchObject({ kind: 'poison', reason: 'wrong-type' });
    expect(decoded('truths', { flags: Array(10_000).fill(true) })).toMatchObject({ kind: 'event' });
    expect(decoded('truths', { flags: Array(10_001).fill(true) })).toMatchObject({
      kind: 'poison',
      detail: 'item: 10001 items, more than the 10000 that one record may have',
    });
    expect(decoded('tags, nulls among them', { tags: ['a', '\ud800'] })).toEqual({
      kind: 'poison',
      reason: 'wrong-type',
      detail: 'item is not of type text in every item',
    });
    // A long text is no long key: its longest word is what counts.
    expect(decoded('words of a text', { text: `${'a'.repeat(50_000)} ${'b'.repeat(50_000)}` })).toMatchObject({
      kind: 'event',
    });
    expect(decoded('words of a text', { text: 'a'.repeat(60_001) })).toMatchObject({
      kind: 'poison',
      reason: 'wrong-type',
    });
  });
});
