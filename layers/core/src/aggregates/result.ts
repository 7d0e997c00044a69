import type { ColumnType } from '../definition/schema.ts';
import { type AggregateDomain, type AggregatePlan, canonicalJson } from '../plan.ts';
import type { Value } from '../record.ts';
import { timeText } from '../wire.ts';
import type { Present } from './observation.ts';

/** What an aggregate shows: JSON. */
export type Result = number | boolean | string | null | readonly Result[] | { readonly [name: string]: Result };

/** The type of a column of results. Times are shown as text; of `json`, a cell holds the text. */
export function resultTypeOf({ kind, domain }: Pick<AggregatePlan, 'kind' | 'domain'>): ColumnType {
  switch (kind) {
    case 'count':
    case 'distinct':
      return 'integer';
    case 'sum':
    case 'min':
    case 'max':
      return domain;
    case 'mean':
      return domain === 'decimal' ? 'decimal' : 'double';
    case 'variance':
    case 'stddev':
    case 'quantile':
    case 'covariance':
    case 'correlation':
      return 'double';
    case 'any':
    case 'all':
      return 'boolean';
    case 'first':
    case 'last':
    case 'minBy':
    case 'maxBy':
      return domain === 'timestamp' ? 'text' : domain;
    case 'topK':
    case 'histogram':
    case 'collect':
      return 'json';
  }
}

/** A result as one value of a table: what is no scalar as its JSON text. */
export function resultCell(result: Result): Value {
  return typeof result === 'object' && result !== null ? canonicalJson(result) : result;
}

/** Bit for bit, as JSON carries results: what is no finite number is null there, and -0 is 0. */
export function isSameResult(left: Result | undefined, right: Result | undefined): boolean {
  return canonicalJson(left ?? null) === canonicalJson(right ?? null);
}

/** A value as it is shown: timestamps as ISO 8601 in UTC. */
export function shownValue(domain: AggregateDomain, value: Present): Present {
  return domain === 'timestamp' ? (timeText(value as number) as string) : value;
}
