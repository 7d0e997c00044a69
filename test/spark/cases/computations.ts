import {
  coalesce,
  concat,
  count,
  definePipeline,
  field,
  items,
  max,
  type Pipeline,
  running,
  split,
  sum,
  topic,
  tumbling,
  when,
} from '@bifold/core';
import type { AnyExpression } from '@bifold/core/engine';
import { z } from 'zod';
import { randomOf } from '../../simulation/random.ts';
import type { Case } from '../case.ts';
import { drawEvents, events, linesOf } from '../events.ts';

/** A field whose type the definition checks when it loads. */
const column = (name: string) => field(name);
const [n, x, word, key] = [column('n'), column('x'), column('word'), column('key')];

/** The computed value is a key: each value has a separate row. */
function computedBy(expression: AnyExpression): Pipeline {
  return definePipeline({
    name: 'computed',
    from: events,
    derive: { computed: expression } as Record<never, never>,
    groupBy: ['computed' as never],
    windows: { ever: running() },
    aggregates: { n_all: count(), total: sum('n') },
  }) as Pipeline;
}

const COMPUTED: Readonly<Record<string, AnyExpression>> = {
  'sums, differences and products of integers': n.plus(7).times(3).minus(n),
  'arithmetic of integers and doubles': n.times(0.25).plus(x).minus(1.5),
  'a quotient, by zero too': n.dividedBy(n.modulo(3)),
  'what division leaves, of integers and doubles': n.modulo(7).plus(x.modulo(2.5)),
  'amounts, and whole numbers below, above and nearest': x.abs().floor().plus(x.ceil()).plus(x.dividedBy(2).round()),
  'halves are rounded away from zero': n.times(0.5).round(),
  roots: n.abs().sqrt(),
  'cases, the first that is true': when(n.le(-300), 'young').when(n.le(300), 'midage').otherwise('old'),
  'cases of numbers, and none': when(n.gt(0), n).when(x.gt(0), 0.5).otherwise(null),
  'the first that is there': coalesce(word, key, '?'),
  'texts together, and their length': concat(word, '-', key).length(),
  'parts of texts': concat(word.substring(1), '|', word.substring(0, 2), '|', word.substring(2, 1)),
  'texts that begin, end and contain': word.startsWith('a').or(word.endsWith(key)).or(word.contains(' ')),
  'small letters of ASCII': word.lower(),
  'one of a list': n.isIn([0, 1, 2, 3, 4, 5, -7.5]).or(word.isIn(['a', ''])),
};

const Visit = z.object({
  at: z.iso.datetime(),
  end: z.iso.datetime().nullable(),
  page: z.string(),
  text: z.string().nullable(),
  tags: z.array(z.string()).nullable(),
  sizes: z.array(z.int().nullable()),
});
const visits = topic('visits', { schema: Visit, schemaVersion: 1, partitionBy: 'page', eventTime: 'at' });
const visitsBy = { name: 'visits', from: visits, windows: { w: tumbling('3h') } } as const;

const VISITS: Readonly<Record<string, Pipeline>> = {
  'parts of times': definePipeline({
    ...visitsBy,
    derive: {
      year: field('end').year(),
      month: field('end').month(),
      day: field('end').day(),
      hour: field('end').hour(),
      minute: field('end').minute(),
      second: field('end').second(),
      weekday: field('end').dayOfWeek(),
      whole: field('end').epochMs(),
    },
    groupBy: ['year', 'month', 'day', 'hour', 'minute', 'second', 'weekday'],
    aggregates: { n_all: count(), latest: max('whole') },
  }) as Pipeline,
  'words of a text': definePipeline({
    ...visitsBy,
    flatMap: { word: split('text', ' ') },
    derive: { letters: field('word').length() },
    where: field('word').ne('b'),
    groupBy: ['word'],
    aggregates: { n_all: count(), letters: sum('letters') },
  }) as Pipeline,
  'items of an array': definePipeline({
    ...visitsBy,
    flatMap: { tag: items('tags') },
    groupBy: ['page', 'tag'],
    aggregates: { n_all: count() },
  }) as Pipeline,
  'items that are numbers, nulls among them': definePipeline({
    ...visitsBy,
    flatMap: { size: items('sizes') },
    groupBy: ['page'],
    aggregates: { n_all: count(), total: sum('size'), most: max('size') },
  }) as Pipeline,
};

/** Computed columns, and records that are several events. */
export function computationCases(seed: number): readonly Case[] {
  const drawn = (name: string) => drawEvents(randomOf(seed, name), { count: 200 });
  const visited = (name: string) => {
    const random = randomOf(seed, `${name} of visits`);
    const some = <T>(values: readonly T[]): T[] => Array.from({ length: random.below(5) }, () => random.pick(values));
    return drawn(name).map(({ at, key: page, n: minutes }) => ({
      at: new Date(at).toISOString(),
      end: minutes === null ? null : new Date(at + minutes * 3_600_000).toISOString(),
      page: page ?? 'none',
      text: random.chance(0.1) ? null : some(['a', 'b', '', 'ä', 'z\u{1f600}', '.', 'a.b']).join(' '),
      tags: random.chance(0.2) ? null : some(['x', 'y', '', 'ä']),
      sizes: some([1, 2, -3, null]),
    }));
  };
  return [
    ...Object.entries(COMPUTED).map(
      ([name, expression]): Case => ({
        name: `computed: ${name}`,
        pipeline: computedBy(expression),
        batches: [linesOf(drawn(name))],
      }),
    ),
    ...Object.entries(VISITS).map(([name, pipeline]): Case => ({ name, pipeline, batches: [linesOf(visited(name))] })),
  ];
}
