import { count, definePipeline, max, session, sliding, sum, topic, tumbling, type Window } from '@bifold/core';
import { z } from 'zod';
import { randomOf } from '../../simulation/random.ts';
import type { Case, Row } from '../case.ts';
import { drawEvents, type Event, FIRST_MS, linesOf, MINUTE_MS, viewOf } from '../events.ts';

const aggregates = { n_all: count(), total: sum('n'), most: max('n') };
const WINDOWS: Readonly<Record<string, Window>> = {
  tumbling: tumbling('1h'),
  'tumbling with an offset': tumbling('1h', { offset: '25m' }),
  sliding: sliding('30m', '20m', { offset: '15m' }),
  session: session('10m'),
};

const DELAY_MS = 30 * MINUTE_MS;

/** Event times of all kinds, and what comes late. */
export function timeCases(seed: number): readonly Case[] {
  const drawn = (name: string, of: Parameters<typeof drawEvents>[1] = {}) => drawEvents(randomOf(seed, name), of);
  const early = { fromMs: -4 * 60 * MINUTE_MS, spanMs: 6 * 60 * MINUTE_MS };
  return [
    ...Object.entries(WINDOWS).map(
      ([name, window]): Case => ({
        name: `before 1970: ${name}`,
        pipeline: viewOf(window, aggregates),
        batches: [linesOf(drawn(`early ${name}`, early))],
      }),
    ),
    ...(['s', 'us'] as const).map(
      (unit): Case => ({
        name: `event time in ${unit}, before and after 1970`,
        pipeline: ticking(unit, tumbling('7s', { offset: '2s' })),
        batches: [ticks(drawn(unit, { fromMs: -MINUTE_MS, spanMs: 2 * MINUTE_MS }), unit)],
      }),
    ),
    {
      name: 'times are whole milliseconds: a session with less than one too much',
      pipeline: ticking('us', session('10m')),
      batches: [linesOf([0, 600_000_400].map((at) => ({ at, key: 'a' })))],
      differs: {
        why: 'Bifold takes event times down to the millisecond, Spark to the microsecond: two events 0.4 ms more than a gap apart are of one session, and of two in Spark',
        becomes: ([row]) => [
          { ...(row as Row), endMs: 600_000, values: { n_all: 1 } },
          { ...(row as Row), startMs: 600_000, values: { n_all: 1 } },
        ],
      },
    },
    {
      name: 'far ahead: the year 2999',
      pipeline: viewOf(tumbling('1d'), aggregates),
      batches: [linesOf(drawn('2999', { fromMs: Date.UTC(2999, 11, 30), spanMs: 3 * 24 * 60 * MINUTE_MS }))],
    },
    ...lateCases(drawn),
  ];
}

type Draw = (name: string, of?: Parameters<typeof drawEvents>[1]) => Event[];

function lateCases(drawn: Draw): readonly Case[] {
  const inThree = (events: readonly Event[]) => [0, 1, 2].map((third) => linesOf(thirdOf(events, third)));
  const twice = (events: readonly Event[]) => [...events, ...events.slice(0, 90)];
  const hourly = viewOf(tumbling('1h'), aggregates);
  const latest = (events: readonly Event[]) => Math.max(...events.map(({ at }) => at));
  /** Windows that are over, by the watermark that these events leave. */
  const over =
    (events: readonly Event[]) =>
    ({ endMs }: Row): boolean =>
      endMs !== null && endMs <= latest(events) - DELAY_MS;
  const appended = drawn('append');
  const visits = drawn('append sessions');
  // All else is five hours later, but for three events of the first's time. Spark's late is what
  // the batch before last had left behind.
  const first = drawn('in time', { spanMs: 60 * MINUTE_MS });
  const later = drawn('later', { fromMs: FIRST_MS + 5 * 60 * MINUTE_MS, spanMs: 60 * MINUTE_MS });
  const late = first.slice(0, 3);
  const batches = [first, later, later.slice(0, 1), [...late, ...later.slice(1, 2)]].map(linesOf);
  const inTime = [...first, ...later, ...later.slice(0, 2)];
  return [
    {
      name: 'complete: late and duplicate events, in three batches',
      pipeline: hourly,
      batches: inThree(twice(drawn('late'))),
    },
    {
      name: 'complete: a watermark drops nothing',
      pipeline: hourly,
      batches,
      watermarkMs: DELAY_MS,
    },
    {
      name: 'update: the last row of each window, in three batches',
      pipeline: viewOf(sliding('1h', '30m'), aggregates),
      batches: inThree(twice(drawn('update'))),
      mode: 'update',
    },
    {
      name: 'append: windows that are over',
      pipeline: hourly,
      batches: [linesOf(appended)],
      mode: 'append',
      watermarkMs: DELAY_MS,
      given: over(appended),
    },
    {
      name: 'append: sessions that are over',
      pipeline: viewOf(session('10m'), aggregates),
      batches: [linesOf(visits)],
      mode: 'append',
      watermarkMs: DELAY_MS,
      given: over(visits),
    },
    {
      name: 'append: events that are too late',
      pipeline: hourly,
      batches,
      mode: 'append',
      watermarkMs: DELAY_MS,
      given: over(later),
      differs: {
        why: 'behind the watermark Spark drops an event, and Bifold counts it: a view is a fold of the whole log (bifold run drops it as Spark does, and counts what it dropped)',
        folded: linesOf(inTime),
      },
    },
  ];
}

function thirdOf<T>(items: readonly T[], third: number): readonly T[] {
  const size = Math.ceil(items.length / 3);
  return items.slice(third * size, (third + 1) * size);
}

const Tick = z.object({ at: z.int(), key: z.string().nullable() });

function ticking(unit: 's' | 'us', window: Window) {
  return definePipeline({
    name: 'ticking',
    from: topic('ticks', { schema: Tick, schemaVersion: 1, partitionBy: 'key', eventTime: { field: 'at', unit } }),
    groupBy: ['key'],
    windows: { w: window },
    aggregates: { n_all: count() },
  });
}

/** Events in another unit, including microseconds that are not whole milliseconds. */
function ticks(events: readonly Event[], unit: 's' | 'us'): readonly string[] {
  return linesOf(
    events.map(({ at, key }, index) => ({
      at: unit === 's' ? Math.floor(at / 1_000) : at * 1_000 + ((index * 7) % 1_000),
      key,
    })),
  );
}
