import type { EventTime } from './column.ts';

/**
 * Other topics that a relay copies into the pipeline's own, so that what belongs together is in one
 * partition (rule 10).
 */
export interface RelayPlan {
  /**
   * The partitions of the pipeline's topic. They are part of the meaning, since they decide where a
   * record belongs.
   */
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
  /** The prefix of the plan's columns for its fields. */
  readonly prefix: string;
}

/**
 * The greatest time by which the right event may come before or after its left event; null for any
 * time.
 */
export interface JoinPlan {
  readonly within: { readonly beforeMs: number; readonly afterMs: number } | null;
}
