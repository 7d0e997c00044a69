import type { Column } from './column.ts';

export interface LookupPlan {
  readonly name: string;
  readonly table: string;
  readonly key: string;
  readonly on: string;
  readonly missing: Missing;
  readonly columns: readonly Column[];
}

/**
 * What becomes of a record whose key the table lacks: its columns are null, or the record takes no
 * part (an inner join).
 */
export type Missing = 'null' | 'drop';
