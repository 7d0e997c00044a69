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
 * The treatment of a record whose key the table lacks. `null`: its columns are null. `drop`: the
 * record is excluded (an inner join).
 */
export type Missing = 'null' | 'drop';
