import type { ColumnType } from './column.ts';
import type { ExpressionNode } from './expression.ts';

/** Where the values come from that a record yields an event for each of. */
export type ItemsNode =
  | { readonly kind: 'split'; readonly text: ExpressionNode; readonly separator: string }
  | { readonly kind: 'items'; readonly field: string };

/** One event for each of several values of a record, which is a column of its own. */
export interface FlatMapPlan {
  readonly name: string;
  readonly type: ColumnType;
  readonly source: ItemsNode;
}
