import type { AggregatePlan } from './aggregate.ts';
import type { Column, ColumnType, EventTime } from './column.ts';
import type { ExpressionNode } from './expression.ts';
import type { FlatMapPlan } from './flat-map.ts';
import type { LookupPlan } from './lookup.ts';
import type { ModelPlan } from './model.ts';
import type { RelayPlan } from './relay.ts';
import type { AllowedLateness, Duplicates } from './stateful.ts';
import type { StoragePlan } from './storage.ts';
import type { WindowPlan } from './window.ts';

/**
 * The narrow waist: a pipeline as frozen, plain data. Everything else interprets it: the fold of
 * the speed layer, the SQL of the batch layer, the tables, the CDK constructs, the query. It holds
 * no functions, so it can be hashed, sent and compared.
 */
export interface Plan {
  readonly name: string;
  /** Name and hash of all that gives the view its meaning. Every stored key carries it. */
  readonly version: string;
  readonly topic: string;
  readonly schemaVersion: number;
  readonly partitionBy: string;
  readonly eventTime: EventTime;
  readonly columns: readonly Column[];
  /** Sources of the pipeline's repartition topic; absent where it reads a producer's topic. */
  readonly relay?: RelayPlan;
  readonly lookups: readonly LookupPlan[];
  /** Records yield an event for each item of this; absent when a record is one event. */
  readonly flatMap?: FlatMapPlan;
  readonly derived: readonly DerivedPlan[];
  /**
   * Absent where nothing is scored. Derived columns that read no score come before, the others
   * after.
   */
  readonly models?: readonly ModelPlan[];
  /** Drops events that come too late; absent if every event counts. */
  readonly late?: AllowedLateness;
  /** Drops records that repeat earlier ones; absent if every record counts. */
  readonly duplicates?: Duplicates<string>;
  /** Includes only records for which it is true; absent if all are included. */
  readonly where?: ExpressionNode;
  readonly groupBy: readonly string[];
  readonly windows: readonly WindowPlan[];
  readonly aggregates: readonly AggregatePlan[];
  readonly storage: StoragePlan;
}

export interface DerivedPlan {
  readonly name: string;
  readonly expression: ExpressionNode;
  readonly type: ColumnType;
}
