import {
  type AggregationDefinition,
  type AggregationPlan,
  type Column,
  ColumnScope,
  checkEventTime,
  deepFreeze,
  type EventTime,
  planAggregation,
  planRows,
  type RowPlan,
  type RowsDefinition,
} from '@bifold/core/engine';

/** The columns of a source, and the column with the event time. */
export interface PlannedSource {
  /** The reader of the source, as an error names it. */
  readonly where: string;
  readonly columns: readonly Column[];
  readonly eventTime: EventTime | null;
}

/** Plans rows, and their aggregation if there is one, as a pipeline does. */
export function planStream(
  { where, columns, eventTime }: PlannedSource,
  rows: RowsDefinition,
  aggregation: AggregationDefinition | null,
): { readonly rows: RowPlan; readonly aggregation: AggregationPlan | null } {
  const scope = new ColumnScope(where, columns);
  if (eventTime !== null) checkEventTime(where, eventTime, scope);
  return deepFreeze({
    rows: planRows(rows, columns, scope),
    aggregation: aggregation === null ? null : planAggregation(aggregation, scope),
  });
}
