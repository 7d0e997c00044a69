import type { Column, ColumnType } from './column.ts';
import type { ExpressionNode } from './expression.ts';
import type { FlatMapPlan } from './flat-map.ts';
import type { LookupPlan } from './lookup.ts';
import type { ModelPlan } from './model.ts';

/**
 * The stateless steps from a record to rows. Pipelines and streams share the code that plans and
 * runs them.
 */
export interface RowPlan {
  readonly columns: readonly Column[];
  readonly lookups: readonly LookupPlan[];
  /** A record yields one row for each item. Absent: a record yields one row. */
  readonly flatMap?: FlatMapPlan;
  readonly derived: readonly DerivedPlan[];
  /**
   * Absent if nothing is scored. Derived columns that read no score come before, the others
   * after.
   */
  readonly models?: readonly ModelPlan[];
  /** Includes only rows for which it is true; absent if all are included. */
  readonly where?: ExpressionNode;
}

export interface DerivedPlan {
  readonly name: string;
  readonly expression: ExpressionNode;
  readonly type: ColumnType;
}
