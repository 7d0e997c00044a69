import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { count } from '../definition/aggregates/counts.ts';
import { dropDuplicates } from '../definition/operators/duplicates.ts';
import { running } from '../definition/operators/window.ts';
import { definePipeline } from '../definition/pipeline.ts';
import { topic } from '../definition/source/topic.ts';
import type { Duplicates } from '../plan/stateful.ts';
import { type DedupeRule, InMemoryStatefulStage, readFor, requiresHistory, statefulStageOf } from './stateful-stage.ts';

const planOf = (drop?: Duplicates<'user'>) =>
  definePipeline({
    name: 'taps',
    from: topic('taps', {
      schema: z.object({ at: z.int(), user: z.string() }),
      schemaVersion: 1,
      partitionBy: 'user',
      eventTime: { field: 'at', unit: 'ms' },
    }),
    ...(drop === undefined ? {} : { dropDuplicates: drop }),
    groupBy: ['user'],
    windows: { ever: running() },
    aggregates: { n: count() },
  }).plan;
const EVER = planOf(dropDuplicates(['user']));
const ruleOf = (drop: Duplicates<'user'>): DedupeRule => statefulStageOf(planOf(drop))?.duplicates as DedupeRule;
const eventOf = (user: string, timeMs = 7) => ({ kind: 'event', values: [timeMs, user], timeMs }) as const;

describe('the rule of duplicates', () => {
  it('is none where they count', () => {
    expect(statefulStageOf(planOf())).toBeNull();
  });

  it('places what an event is known by: in time only where that bounds it', () => {
    const [bounded, ever] = [ruleOf(dropDuplicates(['user'], { within: '5ms' })), ruleOf(dropDuplicates(['user']))];
    expect([bounded.withinMs, ever.withinMs]).toEqual([5, 0]);
    expect([bounded.ignoresTime, ever.ignoresTime]).toEqual([false, true]);
    expect(bounded.stateEntryOf(eventOf('a'), 3)).toEqual({ id: '["a"]', timeMs: 7, offset: 3 });
    expect(ever.stateEntryOf(eventOf('a'), 3)).toEqual({ id: '["a"]', timeMs: 0, offset: 3 });
  });

  // Stored bytes outlive the code that wrote them.
  it('knows what is longer than a thousand characters by its hash', () => {
    const rule = ruleOf(dropDuplicates(['user']));
    const idOf = (length: number): string => rule.stateEntryOf(eventOf('x'.repeat(length)), 0)?.id as string;
    expect(idOf(996)).toBe(`["${'x'.repeat(996)}"]`);
    const hash = createHash('sha256')
      .update(`["${'x'.repeat(997)}"]`)
      .digest('hex');
    expect(idOf(997)).toBe(`sha256:${hash}`);
  });
});

describe('a record that is looked for', () => {
  const POISON = { kind: 'poison', reason: 'not-json', detail: 'no JSON' } as const;
  const relayed = statefulStageOf({ ...planOf(), relay: { sources: [] } as never })?.relayed as DedupeRule;
  const none = { relayed: null, late: null, duplicates: null, join: null };
  const at = (offset: number) => ({ partition: 0, offset, timestampMs: 0 });
  const fromAt = (log: string, offset: number) => ({ source: 0, log, offset });

  it('repeats nothing when it is no event, and stays what it is', () => {
    const earlier = new InMemoryStatefulStage({ ...none, duplicates: ruleOf(dropDuplicates(['user'])) });
    expect([0, 1].map((offset) => earlier.process(at(offset), POISON))).toEqual([POISON, POISON]);
    expect(earlier.process(at(2), eventOf('a'))).toEqual({ kind: 'events', events: [eventOf('a')] });
    expect(earlier.process(at(3), eventOf('a'))).toEqual({ kind: 'events', events: [] });
  });

  it('repeats one of its source at its offset there, whatever it is, where a relay brings it', () => {
    const earlier = new InMemoryStatefulStage({ ...none, relayed });
    const admitted = [
      { ...POISON, origin: fromAt('a', 7) },
      { ...eventOf('x'), origin: fromAt('b', 7) },
      { ...eventOf('y'), origin: fromAt('a', 7) },
      { ...eventOf('z'), origin: fromAt('a', 8) },
      POISON,
    ].map((record, offset) => {
      const one = earlier.process(at(offset), record);
      return one.kind === 'poison' ? one.reason : one.events.length;
    });
    expect(admitted).toEqual(['not-json', 1, 0, 1, 'not-json']);
  });

  it('repeats by any of several rules', () => {
    const earlier = new InMemoryStatefulStage({ ...none, relayed, duplicates: ruleOf(dropDuplicates(['user'])) });
    const events = ['x', 'x'].map((user, offset) =>
      earlier.process(at(offset), { ...eventOf(user), origin: fromAt('a', offset) }),
    );
    expect(events.map((one) => (one.kind === 'events' ? one.events.length : one))).toEqual([1, 0]);
  });

  it('is looked for among all before it, where duplicates are dropped or a relay brings records', () => {
    expect(requiresHistory({})).toBe(false);
    expect(requiresHistory({ relay: {} as never })).toBe(true);
    expect(requiresHistory({ late: {} as never })).toBe(true);
    expect(requiresHistory(EVER)).toBe(true);
  });
});

describe('a log in which events are looked for', () => {
  const seen = (offsets: readonly (readonly [partition: number, offset: number])[]): readonly boolean[] => {
    const earlier = new InMemoryStatefulStage({
      relayed: null,
      late: null,
      join: null,
      duplicates: ruleOf(dropDuplicates(['user'])),
    });
    return offsets.map(([partition, offset]) => {
      const admitted = earlier.process({ partition, offset, timestampMs: 0 }, eventOf('a', offset));
      return admitted.kind === 'events' && admitted.events.length === 0;
    });
  };

  it('is in the order of each partition', () => {
    expect(
      seen(
        [
          [0, 5],
          [1, 0],
          [0, 6],
          [1, 1],
        ].map(([partition, offset]) => [partition, offset] as [number, number]),
      ),
    ).toEqual([false, false, true, true]);
  });

  it.each([[4], [5]])('holds no record before or at one that it gave: offset 5, then %d', (offset) => {
    const give = () =>
      seen(
        [
          [0, 5],
          [0, offset],
        ].map(([, each]) => [0, each] as [number, number]),
      );
    expect(give).toThrow(expect.objectContaining({ code: 'BIFOLD_LOG_UNORDERED' }));
    expect(give).toThrow(
      new RegExp(
        `out of order[^]*offset ${offset} of partition 0 after a higher one[^]*of each partition by offset[^]*report it`,
      ),
    );
  });
});

describe('what is read for some offsets', () => {
  const coverage = {
    0: [
      [5, 8],
      [20, 30],
    ],
    1: [[3, 4]],
    2: [],
  } as const;

  it('is those alone where duplicates count', () => {
    expect(readFor(planOf(), coverage)).toBe(coverage);
  });

  it('is all before them, too, where they are dropped', () => {
    expect(readFor(EVER, coverage)).toEqual({ 0: [[0, 30]], 1: [[0, 4]] });
  });
});
