import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { count } from '../definition/aggregates/counts.ts';
import { running } from '../definition/operators/window.ts';
import { definePipeline } from '../definition/pipeline.ts';
import { join, repartition, union } from '../definition/source/relay.ts';
import { topic } from '../definition/source/topic.ts';
import type { Plan } from '../plan/plan.ts';
import type { RelayPlan } from '../plan/relay.ts';
import { bucketOf } from '../ports/tables.ts';
import { isColumnOf, ORIGIN_HEADER, originHeader, originText, partitionFor, readOrigin } from './repartition.ts';

const ID = '6ba7b810-9dad-41d1-80b4-00c04fd430c8';
const PARTITIONS = 1_000;

const options = {
  schema: z.object({ at: z.int(), car: z.string(), length: z.int() }),
  schemaVersion: 1,
  partitionBy: 'car',
  eventTime: { field: 'at', unit: 'ms' },
} as const;
const [rides, drives] = [topic('rides', options), topic('drives', options)];
const planOf = (from: unknown): Plan & { readonly relay: RelayPlan } => {
  const { plan } = definePipeline({
    name: 'cars',
    from: from as typeof rides,
    groupBy: ['car'],
    windows: { ever: running() },
    aggregates: { n: count() },
  });
  return { ...plan, relay: plan.relay as RelayPlan };
};
const joined = planOf(
  join({ left: rides, right: drives, as: 'drive', on: { car: 'car', length: 'length' }, partitions: PARTITIONS }),
);
const united = planOf(union([rides, drives], { partitions: PARTITIONS }));
const longest = planOf(repartition(rides, { by: 'length', partitions: PARTITIONS }));

// Both are in logs and archives, which outlive the code that wrote them.
describe('where a relayed record comes from', () => {
  it('is what the last of its headers of that name says', () => {
    const header = (key: string, text: string) => ({ key, value: Buffer.from(text) });
    const [own, relayed, later] = [header(ORIGIN_HEADER, 'own'), header(ORIGIN_HEADER, 'é'), header('trace', 'x')];
    expect(ORIGIN_HEADER).toBe('bifold-origin');
    expect(originHeader([own, relayed, later])).toBe('Ã©');
    expect(originHeader([later])).toBeNull();
    expect(originHeader([own, { key: ORIGIN_HEADER, value: null }])).toBeNull();
  });

  it('is a source, one partition of it, by the topic id, and an offset there', () => {
    const text = originText('drives', ID, 12, 345);
    expect(text).toBe(`drives/${ID}/12/345`);
    expect(readOrigin(text, united.relay)).toEqual({ source: 1, log: `drives/${ID}/12`, offset: 345 });
    expect(readOrigin(originText('rides', ID, 999_999_999, 999_999_999_999_999), united.relay)).toEqual({
      source: 0,
      log: `rides/${ID}/999999999`,
      offset: 999_999_999_999_999,
    });
  });

  it.each([
    ['nothing', null],
    ['an empty text', ''],
    ['a name alone', 'rides'],
    ['another topic', `trips/${ID}/0/1`],
    ['something before it', `x rides/${ID}/0/1`],
    ['something behind it', `rides/${ID}/0/1/2`],
    ['no topic id', 'rides/none/0/1'],
    ['an offset below 0', `rides/${ID}/0/-1`],
    ['an offset of too many digits', `rides/${ID}/0/1234567890123456`],
    ['a partition of too many digits', `rides/${ID}/1234567890/1`],
  ])('is not told by %s', (_, text) => {
    expect(readOrigin(text, united.relay)).toBeNull();
  });
});

describe('a column of a relay', () => {
  it('is filled by the side that it is of where topics are joined, and by every source elsewhere', () => {
    const filled = ({ columns, relay }: typeof joined, source: number) =>
      columns.filter(({ name }) => isColumnOf(relay, source, name)).map(({ name }) => name);
    expect(filled(joined, 0)).toEqual(['at', 'car', 'length']);
    expect(filled(joined, 1)).toEqual(['drive_at', 'drive_car', 'drive_length']);
    for (const plan of [united, longest]) expect(filled(plan, 0)).toEqual(['at', 'car', 'length']);
    expect(filled(united, 1)).toEqual(['at', 'car', 'length']);
  });
});

describe('a record of a source', () => {
  const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

  it('belongs where all of equal values belong, whichever source they are of', () => {
    const ride = bytes({ at: 1, car: 'c', length: 7 });
    const places = [0, 1].map((source) => partitionFor(joined, source)(ride, `${source}`));
    expect(places).toEqual(Array(2).fill(bucketOf('["c",7]', PARTITIONS)));
    expect(partitionFor(united, 1)(ride, 'x')).toBe(bucketOf('["c"]', PARTITIONS));
    expect(partitionFor(longest, 0)(ride, 'x')).toBe(bucketOf('[7]', PARTITIONS));
  });

  it.each([
    ['nothing', null],
    ['no JSON', Buffer.from('{')],
    ['null', bytes(null)],
    ['a number', bytes(5)],
    ['a text, which has a length', bytes('text')],
    ['a list, which has a length', bytes([1, 2])],
    ['an object without the field', bytes({ car: 'c' })],
    ['an object with null there', bytes({ car: 'c', length: null })],
    ['an object with another type there', bytes({ car: 'c', length: '7' })],
  ])('stays with its own partition when it is %s', (_, value) => {
    for (const log of [`rides/${ID}/0`, `rides/${ID}/1`])
      for (const plan of [joined, longest]) expect(partitionFor(plan, 0)(value, log)).toBe(bucketOf(log, PARTITIONS));
  });

  it('is not placed by what is no column', () => {
    const [source] = longest.relay.sources as [RelayPlan['sources'][number]];
    const plan = { ...longest, relay: { ...longest.relay, sources: [{ ...source, by: ['plate'] }] } };
    expect(() => partitionFor(plan, 0)).toThrow(new RangeError('plate is no column'));
  });
});
