import type { AggregationPlan } from './aggregation.ts';
import type { EventTime } from './column.ts';
import type { RelayPlan } from './relay.ts';
import type { RowPlan } from './row.ts';
import type { AllowedLateness, Duplicates } from './stateful.ts';
import type { StoragePlan } from './storage.ts';

/**
 * A pipeline as frozen, plain data. Every layer interprets the same plan: speed layer, batch layer,
 * queries, tables and CDK constructs. A plan contains no functions, so it can be hashed, sent and
 * compared.
 */
export interface Plan extends RowPlan, AggregationPlan {
  readonly name: string;
  /** The pipeline's name and a hash of the whole plan. Every stored key carries it. */
  readonly version: string;
  readonly topic: string;
  readonly schemaVersion: number;
  readonly partitionBy: string;
  readonly eventTime: EventTime;
  /** Sources of the pipeline's repartition topic. Absent if it reads a producer's topic. */
  readonly relay?: RelayPlan;
  /** Drops events that come too late; absent if every event counts. */
  readonly late?: AllowedLateness;
  /** Drops records that repeat earlier ones; absent if every record counts. */
  readonly duplicates?: Duplicates<string>;
  readonly storage: StoragePlan;
}
