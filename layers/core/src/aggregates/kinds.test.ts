import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { nonPushdownInputSql } from '../batch/sql.ts';
import type { Aggregate } from '../definition/aggregates/aggregate.ts';
import { running } from '../definition/operators/window.ts';
import { definePipeline } from '../definition/pipeline.ts';
import { topic } from '../definition/source/topic.ts';
import { DefinitionError } from '../errors.ts';
import { foldOf } from '../fold/fold.ts';
import { interpret } from '../fold/interpret.ts';
import type { AggregateKind } from '../plan/aggregate.ts';
import type { ColumnType } from '../plan/column.ts';
import type { WindowPlan } from '../plan/window.ts';

/** A field of each type, named by it; and a second number. */
const Event = z.object({
  integer: z.int(),
  double: z.number(),
  decimal: z.string().meta({ format: 'decimal' }),
  text: z.string(),
  boolean: z.boolean(),
  timestamp: z.iso.datetime(),
  json: z.array(z.string()),
  second: z.number(),
});
const TYPES: readonly ColumnType[] = ['integer', 'double', 'decimal', 'text', 'boolean', 'timestamp', 'json'];

/** Aggregates as a person without types, or a JSON file, would give them. */
const pipelineOf = (aggregates: object) =>
  definePipeline({
    name: 'kinds',
    from: topic('events', { schema: Event, schemaVersion: 1, partitionBy: 'text', eventTime: 'timestamp' }),
    groupBy: ['boolean'],
    windows: { ever: running() },
    aggregates: aggregates as Readonly<Record<string, Aggregate<unknown, unknown>>>,
  });

interface Accepted {
  readonly types: readonly ColumnType[];
  /** The code of the refusal. */
  readonly code: string;
  readonly received?: string;
  readonly allowed: string;
  readonly remedy: string;
}

const NUMBERS: Accepted = {
  types: ['integer', 'double'],
  code: 'BIFOLD_NOT_NUMERIC',
  allowed: 'an integer or double field',
  remedy: 'choose a numeric field',
};
const NUMBERS_OR_DECIMALS: Accepted = {
  ...NUMBERS,
  types: [...NUMBERS.types, 'decimal'],
  allowed: 'an integer or double field, or one of format decimal',
};
const BOOLEANS: Accepted = {
  types: ['boolean'],
  code: 'BIFOLD_NOT_BOOLEAN',
  allowed: 'a boolean field or derived column',
  remedy: 'derive one, as in derive: { cancelled: field("dep_time").isNull() }',
};
const SCALARS: Accepted = {
  types: TYPES.filter((type) => type !== 'json'),
  code: 'BIFOLD_NOT_SCALAR',
  received: 'a nested or mixed value',
  allowed: 'text, number, boolean or timestamp fields',
  remedy: 'give the field one scalar type in the schema',
};

interface Kind {
  readonly kind: Exclude<AggregateKind, 'count' | 'custom'>;
  readonly first: Accepted;
  readonly second?: Accepted;
  readonly parameter?: number | readonly number[];
}

const KINDS: readonly Kind[] = [
  ...(['sum', 'min', 'max', 'mean'] as const).map((kind) => ({ kind, first: NUMBERS_OR_DECIMALS })),
  ...(['variance', 'stddev'] as const).map((kind) => ({ kind, first: NUMBERS })),
  { kind: 'quantile', first: NUMBERS, parameter: 0.5 },
  { kind: 'histogram', first: NUMBERS, parameter: [0, 1] },
  ...(['any', 'all'] as const).map((kind) => ({ kind, first: BOOLEANS })),
  ...(['distinct', 'first', 'last'] as const).map((kind) => ({ kind, first: SCALARS })),
  ...(['topK', 'collect'] as const).map((kind) => ({ kind, first: SCALARS, parameter: 2 })),
  ...(['covariance', 'correlation'] as const).map((kind) => ({ kind, first: NUMBERS, second: NUMBERS })),
  ...(['minBy', 'maxBy'] as const).map((kind) => ({ kind, first: SCALARS, second: SCALARS })),
];

describe.each(KINDS)('$kind', ({ kind, first, second, parameter }) => {
  const aggregate = (field: string, by: string) => ({
    kind,
    field,
    ...(second === undefined ? {} : { second: by }),
    ...(parameter === undefined ? {} : { parameter }),
  });
  const fields = [
    ...TYPES.map((type) => ({ role: 'field', type, accepted: first, made: aggregate(type, 'integer') })),
    ...(second === undefined
      ? []
      : TYPES.map((type) => ({ role: 'second field', type, accepted: second, made: aggregate('double', type) }))),
  ];

  it.each(fields.filter(({ accepted, type }) => accepted.types.includes(type)))(
    'takes a $role of type $type, as such',
    ({ role, type, made }) => {
      const [planned] = pipelineOf({ it: made }).plan.aggregates;
      const [domain, secondDomain] = role === 'field' ? [type, 'integer'] : ['double', type];
      expect(planned).toEqual({
        name: 'it',
        where: null,
        domain,
        ...made,
        ...(second === undefined ? {} : { secondDomain }),
      });
    },
  );

  it.each(fields.filter(({ accepted, type }) => !accepted.types.includes(type)))(
    'refuses a $role of type $type, and says what it takes',
    ({ type, accepted: { code, received = type, allowed, remedy }, made }) => {
      let refused: unknown;
      try {
        pipelineOf({ it: made });
      } catch (error) {
        refused = error;
      }
      expect(refused).toBeInstanceOf(DefinitionError);
      const { code: given, explanation } = refused as DefinitionError;
      expect(given).toBe(code);
      expect(explanation).toEqual({
        failed: expect.stringMatching(new RegExp(`^pipeline "kinds" takes (the )?${kind} of "${type}"$`)),
        received,
        allowed,
        remedy,
      });
    },
  );

  it('is none without each of what it takes', () => {
    const whole = aggregate('boolean', 'integer');
    const others = [
      ...Object.keys(whole)
        .filter((part) => part !== 'kind')
        .map((part) => ({ ...whole, [part]: undefined })),
      ...(second === undefined ? [{ ...whole, second: 'integer' }] : []),
      ...(parameter === undefined ? [{ ...whole, parameter: 1 }] : []),
    ];
    for (const other of others)
      expect(() => pipelineOf({ it: other })).toThrow(expect.objectContaining({ code: 'BIFOLD_BAD_AGGREGATE' }));
  });
});

/**
 * The results of each kind over three events, and whether they depend on the position of the events
 * in time or in the log.
 */
const SHOWN: Readonly<
  Record<Exclude<AggregateKind, 'custom'>, readonly [given: object, shown: unknown, byPlace?: true]>
> = {
  count: [{}, 3],
  sum: [{ field: 'decimal' }, '0.6'],
  min: [{ field: 'integer' }, 1],
  max: [{ field: 'integer' }, 4],
  mean: [{ field: 'integer' }, 2],
  variance: [{ field: 'integer' }, 3],
  stddev: [{ field: 'integer' }, Math.sqrt(3)],
  quantile: [{ field: 'integer', parameter: 1 }, expect.closeTo(4, 1)],
  distinct: [{ field: 'integer' }, 2],
  any: [{ field: 'boolean' }, true],
  all: [{ field: 'boolean' }, true],
  covariance: [{ field: 'integer', second: 'second' }, 6],
  correlation: [{ field: 'integer', second: 'second' }, 1],
  first: [{ field: 'text' }, 'a', true],
  last: [{ field: 'text' }, 'c', true],
  minBy: [{ field: 'text', second: 'integer' }, 'b', true],
  maxBy: [{ field: 'text', second: 'integer' }, 'a', true],
  topK: [{ field: 'integer', parameter: 1 }, [{ value: 1, count: 2 }]],
  histogram: [{ field: 'integer', parameter: [1, 2] }, [0, 2, 1]],
  collect: [{ field: 'text', parameter: 2 }, ['a', 'b'], true],
};

describe('an event that comes to an aggregate', () => {
  const events = [
    { timestamp: '2026-01-01T00:00:03Z', integer: 1, text: 'c' },
    { timestamp: '2026-01-01T00:00:01Z', integer: 4, text: 'a' },
    { timestamp: '2026-01-01T00:00:02Z', integer: 1, text: 'b' },
  ].map(({ integer, ...own }, offset) => {
    const value = { ...own, integer, second: 2 * integer, double: 0.5, decimal: '0.2', boolean: true, json: [] };
    return {
      partition: 0,
      offset,
      timestampMs: 0,
      key: null,
      headers: [],
      value: Buffer.from(JSON.stringify(value)),
    };
  });

  it.each(Object.entries(SHOWN))('gives %s what it takes of it', async (kind, [given, shown, byPlace = false]) => {
    const pipeline = pipelineOf({ it: { kind, ...given } });
    const { rows } = await interpret(pipeline, events, { 0: [[0, 3]] }, () => () => null);
    expect(Array.from(rows.values(), ({ states }) => foldOf(pipeline).rows.view.present(states))).toEqual([
      { it: shown },
    ]);
    // If no position is needed, the events have none.
    const sql = nonPushdownInputSql(pipeline.plan, pipeline.plan.windows[0] as WindowPlan, 'events');
    expect(/_event_time_ms, _partition, _offset FROM/.test(sql ?? '')).toBe(byPlace);
  });
});
