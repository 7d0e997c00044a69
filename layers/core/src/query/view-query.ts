import { createHash } from 'node:crypto';
import { compareUtf8 } from '../order.ts';
import type { Plan } from '../plan/plan.ts';
import { canonicalJson } from '../plan/version.ts';
import { keyColumns, timeText } from '../records/wire.ts';
import type { ModelVersions, PageStart, Quarantined, QueryParameters } from './receipt.ts';

/** A query of a view. Times select windows by their start, in `[fromMs, toMs)`. */
export interface ViewQuery {
  readonly window: string;
  /** Canonical key texts; null selects every key. */
  readonly keys: readonly string[] | null;
  readonly fromMs: number | null;
  readonly toMs: number | null;
  /** One row per key over all its windows, instead of one per window. */
  readonly total: boolean;
  /** Uses complete segments only, so that all rows cover the same offsets. */
  readonly snapshot: boolean;
  /** Includes the partial row of the batch layer and of the speed layer. */
  readonly parts: boolean;
  readonly limit: number;
  readonly cursor: Cursor | null;
}

/**
 * The start of the next page, and the read snapshot of the first one: every page covers the same
 * offsets.
 */
export interface Cursor extends PageStart {
  readonly version: string;
  readonly topicId: string;
  /** Identifies the query. A cursor continues only that query. */
  readonly query: string;
  readonly generation: number;
  readonly run: string | null;
  /** `[partition, segment, next]` of each open segment. */
  readonly segments: readonly (readonly [number, number, number])[];
  readonly quarantined: Quarantined;
  /** Absent if the pipeline scores nothing. */
  readonly models?: ModelVersions;
}

export function cursorText(cursor: Cursor): string {
  return Buffer.from(JSON.stringify(cursor)).toString('base64url');
}

/** The id of a query: 128 bits of a hash of its canonical form. */
export function queryDigest(query: QueryParameters): string {
  return createHash('sha256').update(canonicalJson(query)).digest('hex').slice(0, 32);
}

/** The canonical form of a query: equal queries give equal text. */
export function queryParametersOf(
  plan: Plan,
  { window, keys, fromMs, toMs, total, snapshot, parts }: ViewQuery,
): QueryParameters {
  return {
    window,
    ...(keys === null ? {} : { keys: keys.toSorted(compareUtf8).map((key) => keyColumns(plan, key)) }),
    ...(fromMs === null ? {} : { from: timeText(fromMs) ?? fromMs }),
    ...(toMs === null ? {} : { to: timeText(toMs) ?? toMs }),
    ...(total ? { total } : {}),
    ...(snapshot ? { snapshot } : {}),
    ...(parts ? { parts } : {}),
  };
}
