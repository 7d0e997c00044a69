import { type Aggregate, definePipeline, type Pipeline, topic, type Window } from '@bifold/core';
import type { AnyExpression } from '@bifold/core/engine';
import { z } from 'zod';
import type { Random } from '../simulation/random.ts';

const EventSchema = z.object({
  at: z.int(),
  key: z.string().nullable(),
  n: z.int().nullable(),
  x: z.number().nullable(),
  flag: z.boolean().nullable(),
  word: z.string().nullable(),
});
export type Event = z.infer<typeof EventSchema>;

export const events = topic('events', {
  schema: EventSchema,
  schemaVersion: 1,
  partitionBy: 'key',
  eventTime: { field: 'at', unit: 'ms' },
});

/** A view of events, keyed by `key`, with one window. */
export function viewOf(
  window: Window,
  aggregates: Readonly<Record<string, Aggregate<Event, unknown>>>,
  derive: Readonly<Record<string, AnyExpression>> = {},
): Pipeline {
  return definePipeline({
    name: 'view',
    from: events,
    derive: derive as Record<never, never>,
    groupBy: ['key'],
    windows: { w: window },
    aggregates,
  });
}

export const MINUTE_MS = 60_000;
/** 2024-02-28T22:00:00Z: a leap day follows. */
export const FIRST_MS = Date.UTC(2024, 1, 28, 22);

export interface EventsOf {
  readonly count?: number;
  readonly fromMs?: number;
  readonly spanMs?: number;
  readonly keys?: readonly (string | null)[];
}

const WORDS = ['', 'a', 'A', 'ä', 'z\u{1f600}', 'null', 'one two', '\\', '"'] as const;

/**
 * Events in no order of time: some exactly on whole minutes, where windows begin and end; a fifth
 * of the values null.
 */
export function drawEvents(
  random: Random,
  { count = 300, fromMs = FIRST_MS, spanMs = 8 * 60 * MINUTE_MS, keys = ['a', 'b', 'c', 'ä'] }: EventsOf = {},
): Event[] {
  const orNull = <T>(value: T): T | null => (random.chance(0.2) ? null : value);
  return Array.from({ length: count }, () => {
    const at = fromMs + random.below(spanMs);
    return {
      at: random.chance(0.3) ? Math.floor(at / (5 * MINUTE_MS)) * 5 * MINUTE_MS : at,
      key: random.pick(keys),
      n: orNull(random.below(2_001) - 1_000),
      x: orNull(drawDouble(random)),
      flag: orNull(random.chance(0.5)),
      word: orNull(random.pick(WORDS)),
    };
  });
}

/** Doubles that sums have to round: cents, and numbers of many magnitudes. */
function drawDouble(random: Random): number {
  if (random.chance(0.5)) return (random.below(200_001) - 100_000) / 100;
  return (random.next() - 0.5) * 10 ** (random.below(12) - 3);
}

export function linesOf(records: readonly object[]): readonly string[] {
  return records.map((record) => JSON.stringify(record));
}
