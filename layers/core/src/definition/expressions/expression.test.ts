import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { type AnyExpression, foldOf, type Value } from '../../engine.ts';
import { coalesce, concat, count, definePipeline, field, type Pipeline, topic, tumbling, when } from '../../index.ts';

const Person = z.object({
  at: z.iso.datetime(),
  name: z.string().nullable(),
  title: z.string().nullable(),
  age: z.int().nullable(),
  score: z.number().nullable(),
  member: z.boolean().nullable(),
});
const people = topic('people', { schema: Person, schemaVersion: 1, partitionBy: 'name', eventTime: 'at' });

/** The value of an expression over one record, and its type. */
function derived(expression: AnyExpression, person: Readonly<Record<string, Value>> = {}): readonly [Value, string] {
  const pipeline = definePipeline({
    name: 'people',
    from: people,
    derive: { derived: expression } as Record<never, never>,
    groupBy: ['name'],
    windows: { hourly: tumbling('1h') },
    aggregates: { n: count() },
  }) as Pipeline;
  const { plan } = pipeline;
  const values = plan.columns.map(({ name }) => person[name] ?? null);
  const [slots] = foldOf(pipeline).enrich(values, () => null) as [Value[]];
  return [slots.at(-1) as Value, plan.derived[0]?.type as string];
}

const group = when(field('age').le(30), 'young').when(field('age').le(45), 'midage').otherwise('old');
const [age, score, name] = [field('age'), field('score'), field('name')];
const MOST = Number.MAX_SAFE_INTEGER;

describe('an expression', () => {
  it.each<[string, AnyExpression, Readonly<Record<string, Value>>, Value, string]>([
    ['the group of an age', group, { age: 30 }, 'young', 'text'],
    ['the next group', group, { age: 31 }, 'midage', 'text'],
    ['the last group', group, { age: 46 }, 'old', 'text'],
    ['the group of no age: no condition is true', group, {}, 'old', 'text'],
    ['the length of a title, in characters', field('title').length(), { title: 'Dr \u{1f600}' }, 4, 'integer'],
    ['a sum of integers', age.plus(2), { age: 40 }, 42, 'integer'],
    ['a product of integers that has no sign', age.times(-1), { age: 0 }, 0, 'integer'],
    ['a product of doubles that has no sign', score.times(-1), { score: 0 }, 0, 'double'],
    ['a difference of integers', age.minus(2), { age: 40 }, 38, 'integer'],
    ['a sum with nothing', age.plus(score), { age: 40 }, null, 'double'],
    ['what is less than half, rounded', score.round(), { score: 2.4 }, 2, 'double'],
    ['whether a text begins with nothing', name.startsWith(field('title')), { name: 'null' }, null, 'boolean'],
    ['whether nothing begins with a text', name.startsWith(field('title')), { title: 'n' }, null, 'boolean'],
    ['a sum beyond what is exact', age.plus(1), { age: MOST }, null, 'integer'],
    ['a difference beyond what is exact', age.minus(MOST).minus(MOST), { age: 5 }, null, 'integer'],
    ['a product beyond what is exact', age.times(age), { age: 2 ** 27 }, null, 'integer'],
    ['a product with a double', age.times(0.5), { age: 3 }, 1.5, 'double'],
    ['a quotient of integers', age.dividedBy(2), { age: 3 }, 1.5, 'double'],
    ['a quotient by zero', age.dividedBy(0), { age: 3 }, null, 'double'],
    ['too large a double', score.times(score), { score: 1e200 }, null, 'double'],
    ['zero, not minus zero', score.times(-1), { score: 0 }, 0, 'double'],
    ['what is left, with the sign of the dividend', age.modulo(3), { age: -5 }, -2, 'integer'],
    ['what is left of a division by zero', age.modulo(0), { age: 5 }, null, 'integer'],
    ['the amount', age.abs(), { age: -5 }, 5, 'integer'],
    ['rounded down', score.floor(), { score: -1.5 }, -2, 'double'],
    ['rounded up', score.ceil(), { score: -1.5 }, -1, 'double'],
    ['a half, rounded away from zero', score.round(), { score: -2.5 }, -3, 'double'],
    ['next to a half', score.round(), { score: 0.49999999999999994 }, 0, 'double'],
    ['a root', score.sqrt(), { score: 2.25 }, 1.5, 'double'],
    ['a root of what is below zero', score.sqrt(), { score: -1 }, null, 'double'],
    ['anything of null', age.plus(1), {}, null, 'integer'],
    ['the first that is there', coalesce(field('title'), name, '?'), { name: 'Ada' }, 'Ada', 'text'],
    ['the first of nothing', coalesce(age, score), {}, null, 'double'],
    ['texts together', concat(field('title'), ' ', name), { title: 'Dr', name: 'Ada' }, 'Dr Ada', 'text'],
    ['texts together with null', concat(field('title'), ' ', name), { name: 'Ada' }, null, 'text'],
    ['from a character on', name.substring(1), { name: '\u{1f600}da' }, 'da', 'text'],
    ['so many characters', name.substring(1, 2), { name: 'Grace' }, 'ra', 'text'],
    ['characters that are not there', name.substring(9, 2), { name: 'Ada' }, '', 'text'],
    ['how a text starts', name.startsWith('A'), { name: 'Ada' }, true, 'boolean'],
    ['how it ends', name.endsWith('A'), { name: 'Ada' }, false, 'boolean'],
    ['what it contains', name.contains('d'), { name: 'Ada' }, true, 'boolean'],
    ['small letters of ASCII alone', name.lower(), { name: 'ÄDA' }, 'Äda', 'text'],
    ['large letters of ASCII alone', name.upper(), { name: 'straße' }, 'STRAßE', 'text'],
    ['one of a list', name.isIn(['Ada', 'Grace']), { name: 'Ada' }, true, 'boolean'],
    ['none of a list', age.isIn([1, 2.5]), { age: 2 }, false, 'boolean'],
    ['null in a list', age.isIn([1]), {}, null, 'boolean'],
    ['a case of null', when(field('member'), 1).otherwise(null), { member: false }, null, 'integer'],
    ['the year', field('at').year(), { at: Date.UTC(2024, 1, 29, 23, 59, 58) }, 2024, 'integer'],
    ['the month', field('at').month(), { at: Date.UTC(2024, 1, 29, 23, 59, 58) }, 2, 'integer'],
    ['the day', field('at').day(), { at: Date.UTC(2024, 1, 29, 23, 59, 58) }, 29, 'integer'],
    ['the hour', field('at').hour(), { at: Date.UTC(2024, 1, 29, 23, 59, 58) }, 23, 'integer'],
    ['the minute', field('at').minute(), { at: Date.UTC(2024, 1, 29, 23, 59, 58) }, 59, 'integer'],
    ['the second', field('at').second(), { at: Date.UTC(2024, 1, 29, 23, 59, 58) }, 58, 'integer'],
    ['a Thursday', field('at').dayOfWeek(), { at: -1 + 86_400_000 }, 4, 'integer'],
    ['a Sunday', field('at').dayOfWeek(), { at: 3 * 86_400_000 }, 7, 'integer'],
    ['before 1970', field('at').hour(), { at: -1 }, 23, 'integer'],
    ['milliseconds', field('at').epochMs(), { at: -1 }, -1, 'integer'],
  ])('%s', (_, expression, person, value, type) => {
    expect(derived(expression, person)).toEqual([value, type]);
  });

  it('has the types of its arithmetic in the plan, so that no layer has to guess', () => {
    const { derived } = definePipeline({
      name: 'people',
      from: people,
      derive: { n: field('age').plus(1).times(0.5) },
      groupBy: ['name'],
      windows: { hourly: tumbling('1h') },
      aggregates: { n: count() },
    }).plan;
    expect(derived[0]?.expression).toMatchObject({ type: 'double', left: { type: 'integer' } });
  });

  it('makes keys that are counted as often as they hold a text: a key must not be too long to be stored', () => {
    const pipeline = definePipeline({
      name: 'people',
      from: people,
      derive: { twice: concat(name, '-', name), short: name.length() },
      groupBy: ['twice', 'short'],
      windows: { hourly: tumbling('1h') },
      aggregates: { n: count() },
    }) as Pipeline;
    const { decode } = foldOf(pipeline);
    const decoded = (size: number) =>
      decode(
        Buffer.from(
          JSON.stringify({
            at: '2024-01-01T00:00:00Z',
            name: 'x'.repeat(size),
            title: null,
            age: null,
            score: null,
            member: null,
          }),
        ),
      );
    expect(decoded(29_990).kind).toBe('event');
    expect(decoded(30_001)).toMatchObject({ kind: 'poison', reason: 'wrong-type' });
  });
});
