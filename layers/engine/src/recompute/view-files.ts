import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type AggregatePlan,
  keyColumnType,
  type MergedRow,
  type Plan,
  type RowAlgebra,
  resultCell,
  resultTypeOf,
  rowAlgebrasOf,
  type SqlEngine,
  type SqlType,
  type SqlValue,
  sqlTypeOf,
  sqlValueOf,
  type TableColumn,
  type ViewStore,
  type WindowPlan,
} from '@bifold/core/engine';

const FILE_ROWS_MAX = 200_000;

/**
 * The rows of one window as Parquet files for other engines: key columns, the start and end of the
 * window, and the formatted aggregates.
 */
export class ViewFiles {
  private readonly columns: readonly {
    readonly name: string;
    readonly type: TableColumn['type'];
    readonly values: SqlValue[];
  }[];
  private readonly plan: Plan;
  private readonly window: WindowPlan;
  private readonly run: string;
  private readonly engine: SqlEngine;
  private readonly views: ViewStore;
  private readonly scratch: string;
  private readonly algebra: RowAlgebra;
  private part = 0;

  constructor(plan: Plan, window: WindowPlan, run: string, engine: SqlEngine, views: ViewStore, scratch: string) {
    this.plan = plan;
    this.window = window;
    this.run = run;
    this.engine = engine;
    this.views = views;
    this.scratch = scratch;
    this.algebra = rowAlgebrasOf(plan).view;
    this.columns = [
      ...plan.groupBy.map((name) => ({ name, type: sqlTypeOf(keyColumnType(plan, name)), values: [] })),
      { name: 'window_start_ms', type: 'BIGINT', values: [] },
      { name: 'window_end_ms', type: 'BIGINT', values: [] },
      ...plan.aggregates.map((aggregate) => ({ name: aggregate.name, type: fileType(aggregate), values: [] })),
    ];
  }

  async add({ key, startMs, endMs, states }: MergedRow): Promise<void> {
    const shown = this.algebra.present(states);
    const start = this.window.kind === 'running' ? null : startMs;
    const values = [
      ...(JSON.parse(key) as SqlValue[]),
      start,
      endMs,
      ...this.plan.aggregates.map((aggregate) => resultCell(resultTypeOf(aggregate), shown[aggregate.name] ?? null)),
    ];
    this.columns.forEach((column, index) => {
      column.values.push(sqlValueOf(column.type, values[index] ?? null));
    });
    if ((this.columns[0]?.values.length ?? 0) >= FILE_ROWS_MAX) await this.end();
  }

  /** Writes the buffered rows as the next file. */
  async end(): Promise<void> {
    if ((this.columns[0]?.values.length ?? 0) === 0) return;
    const localPath = join(this.scratch, `view-${this.window.name}.parquet`);
    await this.engine.writeParquet(localPath, this.columns, [this.columns.map(({ values }) => values)]);
    await this.views.put(this.run, `${this.window.name}-${String(this.part).padStart(5, '0')}`, localPath);
    await rm(localPath);
    this.part++;
    for (const column of this.columns) column.values.length = 0;
  }
}

/** Whole numbers are doubles too, because sums may exceed an integer column. */
function fileType(aggregate: AggregatePlan): SqlType {
  const type = sqlTypeOf(resultTypeOf(aggregate));
  return type === 'BIGINT' ? 'DOUBLE' : type;
}
