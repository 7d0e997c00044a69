import type { EventTime } from './column.ts';

/**
 * Other topics that a relay copies into the pipeline's own, so that what belongs together is in one
 * partition (rule 10).
 */
export interface RelayPlan {
  /** Of the pipeline's topic. Part of the meaning: where a record belongs depends on it. */
  readonly partitions: number;
  readonly sources: readonly RelaySourcePlan[];
  /**
   * The first source is the left side, the second the right one. Absent: every record is an event.
   */
  readonly join?: JoinPlan;
}

export interface RelaySourcePlan {
  readonly topic: string;
  readonly schemaVersion: number;
  readonly eventTime: EventTime;
  /**
   * Fields by whose values its records are placed: of a join, those that must be equal, in the
   * order of the other side.
   */
  readonly by: readonly string[];
  /** How the plan's columns of its fields begin. */
  readonly prefix: string;
}

/**
 * How much earlier and later than its left event the right one may have happened; null: at any
 * time.
 */
export interface JoinPlan {
  readonly within: { readonly beforeMs: number; readonly afterMs: number } | null;
}
