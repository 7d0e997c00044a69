import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { foldOf, keyOfRow, type ResolveLookup, rowId, SegmentFold, type Value } from '../engine.ts';
import { count, definePipeline, field, lookup, min, sum, table, topic, tumbling } from '../index.ts';

const Ride = z.object({ at: z.int(), city: z.string().nullable(), fare: z.number().nullable(), car: z.int() });
const City = z.object({ city: z.string(), rank: z.int().nullable(), name: z.string() });
const Car = z.object({ plate: z.int(), seats: z.int() });

const rides = (missing: 'null' | 'drop') =>
  definePipeline({
    name: 'rides',
    from: topic('rides', {
      schema: Ride,
      schemaVersion: 1,
      partitionBy: 'car',
      eventTime: { field: 'at', unit: 'ms' },
    }),
    lookups: {
      place: lookup(table('cities', { schema: City, key: 'city' }), { on: 'city', missing }),
      vehicle: lookup(table('cars', { schema: Car, key: 'plate' }), { on: 'car', missing: 'null' }),
    },
    derive: { unranked: field('place.rank').isNull(), ranked: field('unranked').not() },
    groupBy: ['city', 'ranked'],
    windows: { w: tumbling('10ms') },
    aggregates: { n: count(), known: count({ where: 'ranked' }), fares: sum('fare') },
  });
const fold = foldOf(rides('null'));
const COLUMNS = fold.pipeline.plan.columns.map(({ name }) => name);
const values = (ride: Readonly<Record<string, Value>>): Value[] => COLUMNS.map((name) => ride[name] ?? null);

/** Asks are remembered; `rome` and car 7 are there. */
function resolving(asked: (readonly [number, string])[] = []): ResolveLookup {
  return (position, key) => {
    asked.push([position, key]);
    if (position === 0) return key === 'rome' ? { city: 'rome', rank: 1 } : null;
    return key === '7' ? { plate: 7, seats: 4 } : null;
  };
}
const ride = { at: 3, city: 'rome', fare: 2.5, car: 7 };

describe('lookups', () => {
  it('are named by the columns that they are joined on; null names none', () => {
    expect(fold.lookupKeys(values(ride))).toEqual(['rome', '7']);
    expect(fold.lookupKeys(values({ ...ride, city: null }))).toEqual([null, '7']);
  });

  it('are asked once each, and not for null', () => {
    const asked: [number, string][] = [];
    fold.enrich(values(ride), resolving(asked));
    fold.enrich(values({ ...ride, city: null }), resolving(asked));
    expect(asked).toEqual([
      [0, 'rome'],
      [1, '7'],
      [1, '7'],
    ]);
  });

  it('put their columns behind those of the record, and before what is derived', () => {
    const plan = fold.pipeline.plan;
    const names = [
      ...COLUMNS,
      ...plan.lookups.flatMap(({ name, columns }) => columns.map((column) => `${name}.${column.name}`)),
      'unranked',
      'ranked',
    ];
    const shown = (slots: readonly Value[] | null) =>
      Object.fromEntries((slots ?? []).map((value, index) => [names[index], value]));
    // A row may lack a column that its table has now.
    expect(shown(fold.enrich(values(ride), resolving())[0] ?? null)).toEqual({
      ...ride,
      'place.city': 'rome',
      'place.rank': 1,
      'place.name': null,
      'vehicle.plate': 7,
      'vehicle.seats': 4,
      unranked: false,
      ranked: true,
    });
    expect(shown(fold.enrich(values({ ...ride, city: 'oslo', car: 8 }), resolving())[0] ?? null)).toEqual({
      ...ride,
      city: 'oslo',
      car: 8,
      'place.city': null,
      'place.rank': null,
      'place.name': null,
      'vehicle.plate': null,
      'vehicle.seats': null,
      unranked: true,
      ranked: false,
    });
  });

  it('that drop what they miss leave no record', () => {
    const dropping = foldOf(rides('drop'));
    expect(dropping.enrich(values(ride), resolving())).toHaveLength(1);
    expect(dropping.enrich(values({ ...ride, city: 'oslo' }), resolving())).toEqual([]);
    expect(dropping.enrich(values({ ...ride, city: null }), resolving())).toEqual([]);
  });
});

describe('the condition of a pipeline', () => {
  const dear = foldOf(
    definePipeline({
      name: 'dear',
      from: topic('rides', {
        schema: Ride,
        schemaVersion: 1,
        partitionBy: 'car',
        eventTime: { field: 'at', unit: 'ms' },
      }),
      where: field('fare').gt(2),
      groupBy: ['car'],
      windows: { w: tumbling('10ms') },
      aggregates: { n: count() },
    }),
  );
  it.each([
    { fare: 2.5, passesFilter: true },
    { fare: 2, passesFilter: false },
    { fare: null, passesFilter: false },
  ])('must be true of a record, not merely not false: fare $fare', ({ fare, passesFilter }) => {
    expect(dear.enrich(values({ ...ride, fare }), resolving()).length > 0).toBe(passesFilter);
  });
});

describe('a field that a record may lack', () => {
  const sparse = foldOf(
    definePipeline({
      name: 'sparse',
      from: topic('rides', {
        schema: Ride.partial({ city: true, fare: true }),
        schemaVersion: 1,
        partitionBy: 'car',
        eventTime: { field: 'at', unit: 'ms' },
      }),
      groupBy: ['city'],
      windows: { w: tumbling('10ms') },
      aggregates: { n: count(), fares: sum('fare'), least: min('fare'), known: count({ where: 'paid' }) },
      derive: { paid: field('fare').isNotNull() },
    }),
  );

  it('is null: a key of its own, and skipped by aggregates', () => {
    const segment = new SegmentFold(sparse, 0, 0, []);
    for (const [offset, record] of [
      { at: 3, car: 7 },
      { at: 4, car: 7, city: null, fare: 2.5 },
    ].entries()) {
      const decoded = sparse.decode(Buffer.from(JSON.stringify(record)));
      if (decoded.kind !== 'event') throw new Error(decoded.reason);
      segment.addEvents(offset, decoded.timeMs, sparse.enrich(decoded.values, resolving()));
    }
    const rows = segment.takeTouched().map(({ key, cell }) => {
      const { states } = sparse.rows.view.decodeFragment(cell);
      return { key, ...sparse.rows.view.present(states) };
    });
    expect(rows).toEqual([{ key: '[null]', n: 2, fares: 2.5, least: 2.5, known: 1 }]);
  });
});

describe('a segment', () => {
  const events = fold.enrich(values(ride), resolving());
  const shown = (segment: SegmentFold) =>
    segment.takeTouched().map(({ key, window, startMs, lastOffset, cell }) => {
      const algebra = fold.rows.of(window);
      return { key, window, startMs, lastOffset, values: algebra.present(algebra.decodeFragment(cell).states) };
    });

  it('counts its first record, at offset 0', () => {
    const segment = new SegmentFold(fold, 0, 0, []);
    segment.addEvents(0, 3, events);
    segment.addPoison(0, 'not-json');
    expect(shown(segment)).toMatchObject([
      { key: '["rome",true]', window: 'w', startMs: 0, lastOffset: 0, values: { n: 1, known: 1, fares: 2.5 } },
      { key: '', window: '$quarantine', startMs: 0, lastOffset: 0, values: { 'not-json': 1, tombstone: 0 } },
    ]);
  });

  it('goes on from what is stored, and takes no record twice', () => {
    const first = new SegmentFold(fold, 0, 0, []);
    first.addEvents(1, 3, events);
    first.addPoison(1, 'tombstone');
    const second = new SegmentFold(fold, 0, 0, first.takeTouched());
    second.addEvents(1, 3, events);
    second.addPoison(1, 'tombstone');
    expect(second.takeTouched()).toEqual([]);
    second.addEvents(2, 13, events);
    second.addEvents(3, 9, events);
    second.addPoison(4, 'tombstone');
    expect(shown(second)).toMatchObject([
      { startMs: 10, lastOffset: 2, values: { n: 1 } },
      { startMs: 0, lastOffset: 3, values: { n: 2, known: 2, fares: 5 } },
      { window: '$quarantine', lastOffset: 4, values: { tombstone: 2 } },
    ]);
  });
});

describe('a record whose events happened at times of their own', () => {
  it('is in the windows of all of them, once', () => {
    const [slots] = fold.enrich(values(ride), resolving()) as [Value[]];
    const segment = new SegmentFold(fold, 0, 0, []);
    const timed = [3, 5, 13].map((timeMs) => ({ timeMs, slots }));
    segment.addTimedEvents(4, timed);
    segment.addTimedEvents(4, timed);
    const counts = segment.takeTouched().map(({ startMs, lastOffset, cell }) => {
      const { states } = fold.rows.view.decodeFragment(cell);
      return [startMs, lastOffset, fold.rows.view.present(states).n];
    });
    expect(counts).toEqual([
      [0, 4, 2],
      [10, 4, 1],
    ]);
  });
});

describe('rowId', () => {
  it('is one text per window, start and key', () => {
    expect(rowId('daily', -86_400_000, '["a|b"]')).toBe('daily|-86400000|["a|b"]');
    expect(keyOfRow('daily|-86400000|["a|b"]')).toBe('["a|b"]');
    expect(keyOfRow(rowId('$quarantine', 0, ''))).toBe('');
  });
});
