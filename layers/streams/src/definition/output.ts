import {
  type AggregatePlan,
  type AggregationPlan,
  type Column,
  keyColumnType,
  type RowPlan,
  resultTypeOf,
} from '@bifold/core/engine';

/**
 * The columns of plain rows: those of the source, those of lookups without their keys, and derived
 * ones. `field` is the name in the plan. The output name of a lookup column has no dot, because
 * files and tables do not allow it.
 */
export function rowFields(rows: RowPlan): readonly { readonly field: string; readonly column: Column }[] {
  const { columns, lookups, flatMap, derived } = rows;
  return [
    ...columns.map((column) => ({ field: column.name, column })),
    ...lookups.flatMap((lookup) =>
      lookup.columns
        .filter(({ name }) => name !== lookup.key)
        .map((column) => ({
          field: `${lookup.name}.${column.name}`,
          column: { ...column, name: `${lookup.name}_${column.name}`, nullable: true },
        })),
    ),
    ...[...(flatMap === undefined ? [] : [flatMap]), ...derived].map(({ name, type }) => ({
      field: name,
      column: { name, type, nullable: true },
    })),
  ];
}

/** The columns of plain rows, in their order. */
export function rowColumns(rows: RowPlan): readonly Column[] {
  return rowFields(rows).map(({ column }) => column);
}

/**
 * The columns of result rows: window, key, and the aggregates in the order of `names`. With a
 * single window definition, the window's name is omitted. For running totals, its times are
 * omitted.
 */
export function resultColumns(
  rows: RowPlan,
  { groupBy, windows, aggregates }: AggregationPlan,
  names: readonly string[],
): readonly Column[] {
  const hasTimes = windows.some(({ kind }) => kind !== 'running');
  const byName = new Map(aggregates.map((aggregate) => [aggregate.name, aggregate]));
  return [
    ...(windows.length > 1 ? [{ name: 'window', type: 'text' as const, nullable: false }] : []),
    ...(hasTimes
      ? ['start', 'end'].map((name) => ({ name, type: 'timestamp' as const, nullable: windows.length > 1 }))
      : []),
    ...groupBy.map((name) => ({ name, type: keyColumnType(rows, name), nullable: true })),
    ...names.map((name) => ({
      name,
      type: resultTypeOf(byName.get(name) as AggregatePlan),
      nullable: true,
    })),
  ];
}
