import { count, max, running, session, sum, tumbling } from '@bifold/core';
import { randomOf } from '../../simulation/random.ts';
import type { Case, Row } from '../case.ts';
import { drawEvents, FIRST_MS, linesOf, viewOf } from '../events.ts';

const aggregates = { n_all: count(), flagged: count({ where: 'flag' }), total: sum('n'), most: max('x') };
const hourly = viewOf(tumbling('1h'), aggregates);

/** A row as Spark makes it of a line that it cannot read: all columns null. */
const rowOfNulls = (records: number): Row => ({
  key: [null],
  startMs: 0,
  endMs: null,
  values: { n_all: records, flagged: 0, total: 0, most: null },
});

/** A row with a record whose time could not be read, and nothing else in it. */
const oneMore = (row: Row): Row => ({ ...row, values: { ...row.values, n_all: Number(row.values.n_all) + 1 } });

/** Inputs that are little, much of one thing, or wrong. */
export function inputCases(seed: number): readonly Case[] {
  const drawn = (name: string, of: Parameters<typeof drawEvents>[1] = {}) => drawEvents(randomOf(seed, name), of);
  const present = drawn('present', { count: 20, keys: ['a'] });
  const skewed = randomOf(seed, 'skew');
  const unreadable = ['{', 'no JSON at all', '{"at":"noon","key":"a"}'];
  return [
    { name: 'no input', pipeline: hourly, batches: [[]] },
    { name: 'one event', pipeline: hourly, batches: [linesOf(drawn('one event', { count: 1 }))] },
    { name: 'one key', pipeline: hourly, batches: [linesOf(drawn('one key', { keys: ['only'] }))] },
    { name: 'null keys alone', pipeline: hourly, batches: [linesOf(drawn('null keys', { keys: [null] }))] },
    {
      name: 'keys with anything in them',
      pipeline: hourly,
      batches: [
        linesOf(drawn('odd keys', { keys: ['', ' ', '"', '\\', '|', 'z\u{1f600}', '__proto__', 'null', null] })),
      ],
    },
    {
      name: 'skewed keys: nine events in ten have one',
      pipeline: viewOf(session('10m'), aggregates),
      batches: [
        linesOf(
          drawn('skewed', { keys: Array.from({ length: 40 }, (_, index) => `rare ${index}`) }).map((event) =>
            skewed.chance(0.9) ? { ...event, key: 'hot' } : event,
          ),
        ),
      ],
    },
    {
      name: 'every event twice',
      pipeline: hourly,
      batches: [linesOf(drawn('twice', { count: 100 })), linesOf(drawn('twice', { count: 100 }))],
    },
    {
      name: 'a field that is missing',
      pipeline: viewOf(running(), aggregates),
      batches: [[...linesOf(present), `{"at":${FIRST_MS},"key":"a","n":1}`]],
      quarantined: { invalid: 1 },
      differs: {
        why: 'a column that is not there is null to Spark; to Bifold the schema says whether it may be absent (optional), and here it does not',
        folded: linesOf([...present, { at: FIRST_MS, key: 'a', n: 1, x: null, flag: null, word: null }]),
      },
    },
    {
      name: 'lines that are no events',
      pipeline: viewOf(running(), aggregates),
      batches: [[...linesOf(present), ...unreadable]],
      quarantined: { 'not-json': 2, invalid: 1 },
      differs: {
        why: 'of a line that it cannot read Spark makes a row whose unreadable columns are null (mode PERMISSIVE), and counts it; Bifold sets it aside, with its reason, and its receipts say how many there are',
        becomes: ([row]) => [oneMore(row as Row), rowOfNulls(2)],
      },
    },
  ];
}
