import { type Aggregate, count, definePipeline, type Pipeline, tumbling, type Window } from '@bifold/core';
import {
  type AggregatePlan,
  type AnyExpression,
  type Column,
  type ColumnType,
  type EventSchema,
  type EventTime,
  type Items,
  keyColumnType,
  type Lookup,
  type Plan,
  resultTypeOf,
} from '@bifold/core/engine';

/**
 * A stream is read by core as a pipeline is: same columns, expressions, lookups, windows and
 * aggregates, checked by the same code. What a pipeline must have and a stream may lack (a key, a
 * window, an event time) is stood in for by a column that no row ever shows.
 */
const STAND_IN = 'bifold_row';

export interface PlannedParts {
  readonly name: string;
  readonly columns: readonly Column[];
  readonly eventTime: EventTime | null;
  readonly lookups: Readonly<Record<string, Lookup<string, unknown>>>;
  readonly flatMap?: Readonly<Record<string, Items<unknown, never>>> | null;
  readonly derive: Readonly<Record<string, AnyExpression>>;
  readonly where: AnyExpression | null;
  readonly aggregation: PlannedAggregation | null;
}

export interface PlannedAggregation {
  readonly groupBy: readonly string[];
  readonly windows: Readonly<Record<string, Window>>;
  readonly aggregates: Readonly<Record<string, Aggregate<never, unknown>>>;
}

/** @throws {DefinitionError} for what a pipeline would be refused for too */
export function pipelineOf(parts: PlannedParts): Pipeline {
  const { name, columns, lookups, flatMap = null, derive, where } = parts;
  const { groupBy, windows, aggregates } = parts.aggregation ?? {
    groupBy: [STAND_IN],
    windows: { all: tumbling('1d') },
    aggregates: { rows: count() },
  };
  const pipeline = definePipeline({
    name,
    from: {
      name,
      schema: schemaOf([...columns, { name: STAND_IN, type: 'integer', nullable: true }]),
      schemaVersion: 1,
      partitionBy: STAND_IN,
      eventTime: parts.eventTime ?? { kind: 'epoch', field: STAND_IN, unit: 'ms' },
    },
    lookups: lookups as Record<never, never>,
    ...(flatMap === null ? {} : { flatMap: flatMap as Record<never, never> }),
    derive: derive as Record<never, never>,
    ...(where === null ? {} : { where: where as never }),
    groupBy: groupBy as never,
    windows,
    aggregates: aggregates as Record<never, never>,
  });
  return pipeline as Pipeline;
}

/**
 * Columns, described as a schema describes them. Rows are validated by their source: here
 * everything is valid.
 */
function schemaOf(columns: readonly Column[]): EventSchema {
  const described = {
    type: 'object',
    properties: Object.fromEntries(columns.map((column) => [column.name, nodeOf(column)])),
    required: columns.filter(({ nullable }) => !nullable).map(({ name }) => name),
  };
  return {
    '~standard': {
      version: 1,
      vendor: 'bifold',
      validate: (value) => ({ value }),
      jsonSchema: { input: () => described, output: () => described },
    },
  };
}

const NODES: Readonly<Record<ColumnType, object>> = {
  integer: { type: 'integer' },
  double: { type: 'number' },
  text: { type: 'string' },
  boolean: { type: 'boolean' },
  timestamp: { type: 'string', format: 'date-time' },
  decimal: { type: 'string', format: 'decimal' },
  json: {},
};

function nodeOf({ type, nullable, items }: Column): object {
  const node = items === undefined ? NODES[type] : { type: 'array', items: nodeOf({ name: '', ...items }) };
  return nullable && (type !== 'json' || items !== undefined) ? { anyOf: [node, { type: 'null' }] } : node;
}

/** The columns of the rows that sinks are given, in their order. */
export function outputColumns(parts: PlannedParts, plan: Plan): readonly Column[] {
  return parts.aggregation === null
    ? rowFields(parts.columns, plan).map(({ column }) => column)
    : resultColumns(parts.aggregation, plan);
}

/**
 * A plain row: what the source gave, what the lookups added (but their keys), what was derived.
 * `field` is the name of a column in the plan, where that of a lookup has a dot, which files and
 * tables do not take.
 */
export function rowFields(
  columns: readonly Column[],
  plan: Plan,
): readonly { readonly field: string; readonly column: Column }[] {
  return [
    ...columns.map((column) => ({ field: column.name, column })),
    ...plan.lookups.flatMap((lookup) =>
      lookup.columns
        .filter(({ name }) => name !== lookup.key)
        .map((column) => ({
          field: `${lookup.name}.${column.name}`,
          column: { ...column, name: `${lookup.name}_${column.name}`, nullable: true },
        })),
    ),
    ...[...(plan.flatMap === undefined ? [] : [plan.flatMap]), ...plan.derived].map(({ name, type }) => ({
      field: name,
      column: { name, type, nullable: true },
    })),
  ];
}

/**
 * A row of a result: its window, its key, its aggregates. The window's name is left out where there
 * is but one, its times where it has none.
 */
function resultColumns({ groupBy, aggregates }: PlannedAggregation, plan: Plan): readonly Column[] {
  const hasTimes = plan.windows.some(({ kind }) => kind !== 'running');
  const byName = new Map(plan.aggregates.map((aggregate) => [aggregate.name, aggregate]));
  return [
    ...(plan.windows.length > 1 ? [{ name: 'window', type: 'text' as const, nullable: false }] : []),
    ...(hasTimes
      ? ['start', 'end'].map((name) => ({ name, type: 'timestamp' as const, nullable: plan.windows.length > 1 }))
      : []),
    ...groupBy.map((name) => ({ name, type: keyColumnType(plan, name), nullable: true })),
    ...Object.keys(aggregates).map((name) => ({
      name,
      type: resultTypeOf(byName.get(name) as AggregatePlan),
      nullable: true,
    })),
  ];
}
