import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { count } from '../definition/aggregates/counts.ts';
import { running } from '../definition/operators/window.ts';
import { definePipeline } from '../definition/pipeline.ts';
import { join } from '../definition/source/relay.ts';
import { topic } from '../definition/source/topic.ts';
import type { DecodedEvent } from '../records/record.ts';
import { TIME_LIMIT_MS } from '../records/value.ts';
import { type JoinRule, joinRuleOf } from './join.ts';

const HOUR_MS = 3_600_000;
const rides = topic('rides', {
  schema: z.object({ at: z.int(), car: z.string().nullable(), shift: z.int() }),
  schemaVersion: 1,
  partitionBy: 'car',
  eventTime: { field: 'at', unit: 'ms' },
});
const drives = topic('drives', {
  schema: z.object({ from: z.int(), number: z.int(), vehicle: z.string().nullable() }),
  schemaVersion: 1,
  partitionBy: 'vehicle',
  eventTime: { field: 'from', unit: 'ms' },
});
const planOf = (from: object) =>
  definePipeline({
    name: 'rides-by-shift',
    from: from as ReturnType<typeof join<object, object, 'drive'>>,
    groupBy: ['car' as never],
    windows: { ever: running() },
    aggregates: { n: count() },
  }).plan;
const ruleOf = (within?: { readonly before?: `${number}h` | `${number}ms`; readonly after?: `${number}h` }): JoinRule =>
  joinRuleOf(
    planOf(
      join({
        left: rides,
        right: drives,
        as: 'drive',
        on: { car: 'vehicle', shift: 'number' },
        ...(within === undefined ? {} : { within }),
      }),
    ),
  ) as JoinRule;

/**
 * Columns are those of the left by name, then those of the right: what is of the other side is
 * null.
 */
const eventOf = (source: 0 | 1, timeMs: number, car: string | null = 'c', shift = 7): DecodedEvent => ({
  kind: 'event',
  timeMs,
  origin: { source, log: 'x', offset: 1 },
  values: source === 0 ? [timeMs, car, shift, null, null, null] : [null, null, null, timeMs, shift, car],
});

it('events of a topic that is not joined are joined with nothing', () => {
  expect(joinRuleOf(planOf(rides))).toBeNull();
});

describe('an event of two topics that are joined', () => {
  // Stored bytes outlive the code that wrote them.
  it.each([
    { what: 'at any time', rule: ruleOf(), timeMs: -9 * HOUR_MS, bucket: 0 },
    { what: 'within less than an hour', rule: ruleOf({ before: '5ms' }), timeMs: 2 * HOUR_MS, bucket: 2 },
    { what: 'within less than an hour', rule: ruleOf({ before: '5ms' }), timeMs: 3 * HOUR_MS - 1, bucket: 2 },
    { what: 'before 1970', rule: ruleOf({ before: '5ms' }), timeMs: -1, bucket: -1 },
    { what: 'within hours', rule: ruleOf({ before: '2h', after: '3h' }), timeMs: 10 * HOUR_MS, bucket: 2 },
    { what: 'within hours', rule: ruleOf({ before: '2h', after: '3h' }), timeMs: 10 * HOUR_MS - 1, bucket: 1 },
  ])('waits by side, time and key: $what, at $timeMs', ({ rule, timeMs, bucket }) => {
    expect(rule.bufferEntryFor(eventOf(0, timeMs), 5)).toEqual({
      id: `join|0|${bucket}|["c",7]`,
      timeMs,
      offset: 5,
      values: [timeMs, 'c', 7],
    });
    expect(rule.bufferEntryFor(eventOf(1, timeMs), 6)).toEqual({
      id: `join|1|${bucket}|["c",7]`,
      timeMs,
      offset: 6,
      values: [timeMs, 7, 'c'],
    });
  });

  it('is joined with what waited on the other side, at any time', () => {
    const ever = { fromMs: -TIME_LIMIT_MS, toMs: TIME_LIMIT_MS };
    expect(ruleOf().probeRangesFor(eventOf(0, 3 * HOUR_MS))).toEqual([{ id: 'join|1|0|["c",7]', ...ever }]);
    expect(ruleOf().probeRangesFor(eventOf(1, 3 * HOUR_MS))).toEqual([{ id: 'join|0|0|["c",7]', ...ever }]);
  });

  it('is joined with what waited on the other side, near in time: the right one so much before and after the left one', () => {
    const rule = ruleOf({ before: '2h', after: '3h' });
    const left = { fromMs: 8 * HOUR_MS, toMs: 13 * HOUR_MS };
    expect(rule.timeRangeFor(eventOf(0, 10 * HOUR_MS))).toEqual(left);
    expect(rule.probeRangesFor(eventOf(0, 10 * HOUR_MS))).toEqual([
      { id: 'join|1|1|["c",7]', ...left },
      { id: 'join|1|2|["c",7]', ...left },
    ]);
    const right = { fromMs: 7 * HOUR_MS, toMs: 12 * HOUR_MS };
    expect(rule.timeRangeFor(eventOf(1, 10 * HOUR_MS))).toEqual(right);
    expect(rule.probeRangesFor(eventOf(1, 10 * HOUR_MS))).toEqual([
      { id: 'join|0|1|["c",7]', ...right },
      { id: 'join|0|2|["c",7]', ...right },
    ]);
  });

  it('asks for as much of the time as it must: one stretch of it, where that holds all that is near', () => {
    const idsOf = (timeMs: number) =>
      ruleOf({ before: '5ms' })
        .probeRangesFor(eventOf(0, timeMs))
        .map(({ id }) => id);
    expect(idsOf(2 * HOUR_MS + 5)).toEqual(['join|1|2|["c",7]']);
    expect(idsOf(2 * HOUR_MS + 4)).toEqual(['join|1|1|["c",7]', 'join|1|2|["c",7]']);
  });

  it('waits nowhere and is joined with nothing where a part of its key is null', () => {
    for (const rule of [ruleOf(), ruleOf({ before: '5ms' })])
      for (const event of [eventOf(0, 1, null), eventOf(1, 1, null)]) {
        expect(rule.keyOf(event)).toBeNull();
        expect(rule.bufferEntryFor(event, 5)).toBeNull();
        expect(rule.probeRangesFor(event)).toEqual([]);
      }
  });

  it('makes a pair of both, at the time of the left one, whichever came first', () => {
    const [rule, left, right] = [ruleOf(), eventOf(0, 1), eventOf(1, 2)];
    const pair = { timeMs: 1, values: [1, 'c', 7, 2, 7, 'c'] };
    expect(rule.combine(left, { timeMs: 2, values: rule.sideOf(right) })).toEqual(pair);
    expect(rule.combine(right, { timeMs: 1, values: rule.sideOf(left) })).toEqual(pair);
  });

  it('says which of them it is of', () => {
    const { origin, ...event } = eventOf(0, 1);
    expect(origin?.source).toBe(0);
    expect(() => ruleOf().keyOf(event)).toThrow(
      new RangeError('an event of a join has no origin: it does not come from a relay'),
    );
  });
});
