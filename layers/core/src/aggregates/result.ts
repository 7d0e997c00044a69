import type { Json } from '../json.ts';
import type { AggregateDomain } from '../plan/aggregate.ts';
import type { ColumnType } from '../plan/column.ts';
import { canonicalJson } from '../plan/version.ts';
import type { Value } from '../records/value.ts';
import { timeText } from '../records/wire.ts';
import type { Present } from './positioned-value.ts';

/** The result of an aggregate, as JSON. */
export type Result = Json;

/** A result as one value of a column of its type: JSON as its text. */
export function resultCell(type: ColumnType, result: Result): Value {
  return type === 'json' && result !== null ? canonicalJson(result) : (result as Value);
}

/**
 * Compares results bit for bit, in their JSON form: there a number that is not finite is null, and
 * -0 is 0.
 */
export function isSameResult(left: Result | undefined, right: Result | undefined): boolean {
  return canonicalJson(left ?? null) === canonicalJson(right ?? null);
}

/** A value as it is shown: timestamps as ISO 8601 in UTC. */
export function formatValue(domain: AggregateDomain, value: Present): Present {
  return domain === 'timestamp' ? (timeText(value as number) as string) : value;
}
