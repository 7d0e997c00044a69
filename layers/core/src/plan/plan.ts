import { createHash } from 'node:crypto';
import type { AggregateKind } from '../definition/aggregate.ts';
import type { Duplicates } from '../definition/duplicates.ts';
import type { ExpressionNode } from '../definition/expression.ts';
import type { FlatMapPlan } from '../definition/flat-map.ts';
import type { AllowedLateness } from '../definition/late.ts';
import type { Missing } from '../definition/lookup.ts';
import type { ModelOutput, WithoutVersion } from '../definition/model.ts';
import type { Column, ColumnType } from '../definition/schema.ts';
import type { EventTime } from '../definition/topic.ts';
import type { Window } from '../definition/window.ts';
import { ProtocolError } from '../errors.ts';
import type { ClassLabel } from '../model/model-file.ts';

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
  /** Events that come too late take no part; absent where all do. */
  readonly late?: AllowedLateness;
  /** Records that repeat earlier ones take no part; absent where all do. */
  readonly duplicates?: Duplicates<string>;
  /** Only records for which it is true take part; absent when all do. */
  readonly where?: ExpressionNode;
  readonly groupBy: readonly string[];
  readonly windows: readonly WindowPlan[];
  readonly aggregates: readonly AggregatePlan[];
  readonly storage: StoragePlan;
}

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

export interface LookupPlan {
  readonly name: string;
  readonly table: string;
  readonly key: string;
  readonly on: string;
  readonly missing: Missing;
  readonly columns: readonly Column[];
}

export interface DerivedPlan {
  readonly name: string;
  readonly expression: ExpressionNode;
  readonly type: ColumnType;
}

/**
 * A model, and the columns that it fills. Its features are the version's: here stand only the
 * fields of those that are named otherwise.
 */
export interface ModelPlan {
  readonly name: string;
  readonly shadow: boolean;
  readonly missing: WithoutVersion;
  readonly features: Readonly<Record<string, string>>;
  readonly columns: readonly ScorePlan[];
}

export interface ScorePlan {
  readonly name: string;
  readonly output: ModelOutput;
  /**
   * Of which class the probability is, null: of the predicted one; of which feature the bin is,
   * null: of the score.
   */
  readonly of: ClassLabel | null;
  readonly type: ColumnType;
}

export type WindowPlan = { readonly name: string } & Window;

/**
 * `domain` is the type of the values it takes: it decides whether sums are of integers or of
 * doubles.
 */
export interface AggregatePlan {
  readonly name: string;
  readonly kind: AggregateKind;
  readonly field: string | null;
  /** The second field of what takes two: y of a covariance, what `minBy` compares. */
  readonly second?: string;
  readonly where: string | null;
  readonly domain: AggregateDomain;
  /** The type of the second field. */
  readonly secondDomain?: AggregateDomain;
  /** Which quantile, how many values, which edges; absent where a kind has no parameter. */
  readonly parameter?: number | readonly number[];
  /** Name and version of an aggregate of somebody's own. */
  readonly own?: string;
}

export type AggregateDomain = Exclude<ColumnType, 'json'>;

export interface StoragePlan {
  /**
   * Offsets per segment. Small segments let a generation cover more of the log; large ones make
   * fewer rows.
   */
  readonly segmentSize: SegmentSize;
  /** Hash buckets of keys, in the speed table and in the batch table alike. */
  readonly buckets: number;
}

/** A number is the size of every segment. */
export type SegmentSize = number | GrowingSize;

/**
 * Segments that grow with the offset, so that a generation covers nearly all of a log, however
 * short or long it is. The first segments have `least` offsets; later ones have 1/`share` of the
 * offsets below them, rounded down to a power of two, but at most `most`.
 */
export interface GrowingSize {
  /** A power of two, like `most`. */
  readonly least: number;
  readonly most: number;
  readonly share: number;
}

/**
 * Raised when the meaning of stored bytes changes: it enters every version, so old rows are never
 * misread.
 */
const STORAGE_FORMAT = 3;

/** JSON with sorted keys: equal data, equal text. */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const entries = Object.entries(value).filter(([, entry]) => entry !== undefined);
  entries.sort(([left], [right]) => (left < right ? -1 : 1));
  return `{${entries.map(([key, entry]) => `${JSON.stringify(key)}:${canonicalJson(entry)}`).join(',')}}`;
}

/** The version of a plan: its name, and 48 bits of the SHA-256 of its meaning. */
export function versionOf(plan: Omit<Plan, 'version'>): string {
  const hash = createHash('sha256')
    .update(canonicalJson({ ...plan, format: STORAGE_FORMAT }))
    .digest('hex');
  return `${plan.name}-${hash.slice(0, 12)}`;
}

/**
 * A plan as it is stored, by its version. @throws {ProtocolError} when it is not the plan of that
 * version
 */
export function readPlan(version: string, text: string): Plan {
  let plan: Plan | null = null;
  try {
    plan = JSON.parse(text) as Plan;
  } catch {
    // Refused below, like every other text that is no plan.
  }
  const { version: named, ...meaning } = plan ?? ({} as Plan);
  if (plan !== null && named === version && versionOf(meaning) === version) return deepFreeze(plan);
  throw new ProtocolError('BIFOLD_PLAN_UNREADABLE', {
    failed: `the stored plan of ${version} cannot be used`,
    received: plan === null ? text.slice(0, 200) : `a plan whose version would be ${versionOf(meaning)} here`,
    allowed: 'the plan that its version is the hash of, in the storage format of this code',
    remedy: 'deploy the version of the code that wrote it, or wait until the new version has taken over',
  });
}

/** Freezes plain data all the way down, also below what is frozen already. */
export function deepFreeze<T>(value: T): T {
  if (value !== null && typeof value === 'object') {
    for (const entry of Object.values(value)) deepFreeze(entry);
    Object.freeze(value);
  }
  return value;
}
