import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { type AnyExpression, decoderOf } from '../engine.ts';
import {
  coalesce,
  concat,
  count,
  definePipeline,
  field,
  lookup,
  type Pipeline,
  split,
  table,
  topic,
  tumbling,
  when,
} from '../index.ts';
import { bytes, Event, GOOD } from './rides.fixture.ts';

describe('keys that no database row could have', () => {
  const Place = z.object({ code: z.string(), name: z.string() });
  const pipeline = definePipeline({
    name: 'long',
    from: topic('long', {
      schema: Event.extend({ place: z.string(), note: z.string() }),
      schemaVersion: 1,
      partitionBy: 'city',
      eventTime: 'at',
    }),
    lookups: { spot: lookup(table('places', { schema: Place, key: 'code' }), { on: 'place' }) },
    derive: { copied: field('city'), again: field('copied') },
    groupBy: ['again'],
    windows: { w: tumbling('1h') },
    aggregates: { n: count() },
  });
  it.each([
    { name: 'city', kind: 'poison' },
    { name: 'place', kind: 'poison' },
    { name: 'note', kind: 'event' },
  ])('$name of 70 kB: $kind', ({ name, kind }) => {
    const record = { ...GOOD, place: 'p', note: 'n', [name]: 'é'.repeat(35_000) };
    expect(decoderOf(pipeline)(bytes(record)).kind).toBe(kind);
  });

  // The limit is 60,000 bytes of JSON, quotes and escapes among them, of all keys together.
  it.each([
    { name: 'just short enough', city: 'x'.repeat(59_995), place: 'p', kind: 'event' },
    { name: 'one byte too long', city: 'x'.repeat(59_996), place: 'p', kind: 'poison' },
    { name: 'long together', city: 'x'.repeat(30_000), place: 'é'.repeat(15_000), kind: 'poison' },
    { name: 'short enough together', city: 'x'.repeat(30_000), place: 'é'.repeat(14_997), kind: 'event' },
  ])('$name: $kind', ({ city, place, kind }) => {
    const decoded = decoderOf(pipeline)(bytes({ ...GOOD, city, place, note: 'n' }));
    expect(decoded.kind).toBe(kind);
    if (decoded.kind === 'poison')
      expect(decoded).toMatchObject({
        reason: 'wrong-type',
        detail: expect.stringContaining('city, place: more than'),
      });
  });
});

describe('keys that are computed', () => {
  const [city, note] = [field('city'), field('note')];
  /** The greatest length of a city, in letters, beside a note of 10,000. */
  it.each<[what: string, key: AnyExpression, letters: number]>([
    ['of both', concat(city, note), 60_000 - 10_002 - 2],
    ['of one twice', concat(city, city), 29_998],
    ['of one and a constant', concat('éé', city), 60_000 - 6 - 2],
    ['of the first that is there, at most both', coalesce(city, note), 60_000 - 10_002 - 2],
    ['of the first that is there, not of one twice', coalesce(city, city.upper()), 59_998],
    ['of one or the other, at most both', when(field('fare').gt(1), note).otherwise(city), 60_000 - 10_002 - 2],
    ['of one or the other, not of one twice', when(field('fare').gt(1), city).otherwise(city.upper()), 59_998],
    ['of a part, as if it were the whole', city.substring(0, 3), 59_998],
    ['of other letters', city.lower(), 59_998],
  ])('%s', (_, key, letters) => {
    const decode = decoderOf(
      definePipeline({
        name: 'computed',
        from: topic('long', {
          schema: Event.extend({ note: z.string() }),
          schemaVersion: 1,
          partitionBy: 'city',
          eventTime: 'at',
        }),
        derive: { key } as Record<never, never>,
        groupBy: ['key' as never],
        windows: { w: tumbling('1h') },
        aggregates: { n: count() },
      }) as Pipeline,
    );
    const kinds = [letters, letters + 1].map(
      (length) => decode(bytes({ ...GOOD, city: 'x'.repeat(length), note: 'n'.repeat(10_000) })).kind,
    );
    expect(kinds).toEqual(['event', 'poison']);
  });
});

describe('keys that are escaped', () => {
  it('count with their escapes, as often as they are there', () => {
    const decode = decoderOf(
      definePipeline({
        name: 'escaped',
        from: topic('long', { schema: Event, schemaVersion: 1, partitionBy: 'city', eventTime: 'at' }),
        derive: { twice: concat(field('city'), field('city')) },
        groupBy: ['twice'],
        windows: { w: tumbling('1h') },
        aggregates: { n: count() },
      }) as Pipeline,
    );
    // Six bytes each, and two quotes, twice.
    const kinds = [4_999, 5_001].map((length) => decode(bytes({ ...GOOD, city: '\u0001'.repeat(length) })).kind);
    expect(kinds).toEqual(['event', 'poison']);
  });
});

describe('keys of a text beside others', () => {
  it('are as long as the text, and named by it', () => {
    const decode = decoderOf(
      definePipeline({
        name: 'beside',
        from: topic('long', { schema: Event, schemaVersion: 1, partitionBy: 'city', eventTime: 'at' }),
        derive: { band: when(field('fare').gt(1), 1).otherwise(2) },
        groupBy: ['city', 'night', 'fare', 'band'],
        windows: { w: tumbling('1h') },
        aggregates: { n: count() },
      }) as Pipeline,
    );
    const [most, more] = [59_998, 59_999].map((length) => decode(bytes({ ...GOOD, city: 'x'.repeat(length) })));
    expect(most?.kind).toBe('event');
    expect(more).toMatchObject({ detail: 'city: more than 60000 bytes, too long for a key' });
  });
});

describe('keys of items', () => {
  const grouped = (key: 'word' | 'city') =>
    decoderOf(
      definePipeline({
        name: 'words',
        from: topic('long', {
          schema: Event.extend({ note: z.string() }),
          schemaVersion: 1,
          partitionBy: 'city',
          eventTime: 'at',
        }),
        flatMap: { word: split('note', ' ') },
        groupBy: [key],
        windows: { w: tumbling('1h') },
        aggregates: { n: count() },
      }) as Pipeline,
    );
  const long = 'x'.repeat(70_000);
  it('are named where they are too long, and only where they are keys', () => {
    const detail = ': more than 60000 bytes, too long for a key';
    const poison = { kind: 'poison', reason: 'wrong-type' };
    expect(grouped('word')(bytes({ ...GOOD, note: `a ${long}` }))).toEqual({ ...poison, detail: `word${detail}` });
    expect(grouped('city')(bytes({ ...GOOD, note: `a ${long}` })).kind).toBe('event');
    expect(grouped('city')(bytes({ ...GOOD, city: long, note: 'a' }))).toEqual({ ...poison, detail: `city${detail}` });
  });
});
