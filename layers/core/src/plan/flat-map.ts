import type { ColumnType } from './column.ts';
import type { ExpressionNode } from './expression.ts';

/** The source of the items of a record. */
export type ItemsNode =
  | { readonly kind: 'split'; readonly text: ExpressionNode; readonly separator: string }
  | { readonly kind: 'items'; readonly field: string };

/** One event for each of several values of a record. The value is a column of the event. */
export interface FlatMapPlan {
  readonly name: string;
  readonly type: ColumnType;
  readonly source: ItemsNode;
}
