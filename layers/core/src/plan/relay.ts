import type { EventTime } from './column.ts';

/**
 * The source topics that a relay copies into the pipeline's repartition topic. Records that are
 * joined or deduplicated together are then in one partition (rule 10).
 */
export interface RelayPlan {
  /**
   * The number of partitions of the repartition topic. It is part of the version, because it
   * decides the partition of each record.
   */
  readonly partitions: number;
  readonly sources: readonly RelaySourcePlan[];
  /**
   * For a join: the first source is the left side, the second the right side. Absent for union and
   * repartition.
   */
  readonly join?: JoinPlan;
}

export interface RelaySourcePlan {
  readonly topic: string;
  readonly schemaVersion: number;
  readonly eventTime: EventTime;
  /**
   * The partitioning fields. For a join, the fields that must be equal, in the order of the other
   * side.
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
