import type { Column } from '../../plan/column.ts';
import type { Duplicates } from '../../plan/stateful.ts';
import { type Duration, durationMs } from '../duration.ts';
import { type ColumnScope, refuse } from '../scope.ts';

interface DuplicatesOptions {
  /**
   * The greatest distance in event time between an event and the earlier one that it repeats.
   * Without it, any distance.
   */
  readonly within?: Duration;
}

/**
 * Drops events that have the same values of these fields as an earlier event of their partition.
 * "Earlier" means a lower offset, not an earlier event time. Null equals null here.
 *
 * @param by - fields of the record; one must be the topic's `partitionBy`, so that duplicates share
 *   a partition
 * @param options - how near in event time duplicates are
 * @throws {DefinitionError} BIFOLD_BAD_DUPLICATES if there is no field, a field twice, or a field
 *   that is not a scalar of the record itself
 * @throws {DefinitionError} BIFOLD_NOT_CO_PARTITIONED if the topic's `partitionBy` is not among the
 *   fields
 * @throws {DefinitionError} BIFOLD_BAD_DURATION if `within` is not a duration
 * @example
 * const once = definePipeline({
 *   ...perCity,
 *   dropDuplicates: dropDuplicates(['city', 'id'], { within: '1d' }),
 *   aggregates: { rides: count() },
 * });
 */
export function dropDuplicates<const Field extends string>(
  by: readonly Field[],
  { within }: DuplicatesOptions = {},
): Duplicates<Field> {
  return Object.freeze({
    by: Object.freeze([...by]),
    ...(within === undefined ? {} : { withinMs: durationMs(within) }),
  });
}

export function planDuplicates(
  { by, withinMs }: Duplicates<string>,
  columns: readonly Column[],
  partitionBy: string,
  scope: ColumnScope,
): Duplicates<string> {
  if (!Array.isArray(by) || by.length === 0)
    refuse('BIFOLD_BAD_DUPLICATES', {
      failed: `${scope.where} has dropDuplicates without fields`,
      received: JSON.stringify(by) ?? 'nothing',
      allowed: 'one field or more',
      remedy: "write dropDuplicates: dropDuplicates(['field'])",
    });
  for (const field of by) {
    const type = scope.type(field, 'dropDuplicates');
    if (!columns.some(({ name }) => name === field) || type === 'json')
      refuse('BIFOLD_BAD_DUPLICATES', {
        failed: `${scope.where} looks for duplicates in "${field}"`,
        received: type,
        allowed:
          'text, number, boolean or timestamp fields of the record itself: what lookups and models add may be another for the same record',
        remedy: 'choose fields of the record',
      });
  }
  if (new Set(by).size < by.length)
    refuse('BIFOLD_BAD_DUPLICATES', {
      failed: `${scope.where} has dropDuplicates with a field twice`,
      received: by.join(', '),
      allowed: 'each field once',
      remedy: 'remove one',
    });
  if (withinMs !== undefined && !(Number.isSafeInteger(withinMs) && withinMs > 0))
    refuse('BIFOLD_BAD_DUPLICATES', {
      failed: `${scope.where}: \`within\` of dropDuplicates is not a valid duration`,
      received: String(withinMs),
      allowed: 'a duration such as 10m',
      remedy: "write dropDuplicates(['field'], { within: '10m' })",
    });
  if (!by.includes(partitionBy))
    refuse('BIFOLD_NOT_CO_PARTITIONED', {
      failed: `${scope.where} has dropDuplicates without the partition key, so duplicates may be in different partitions`,
      received: `${by.join(', ')}, over a topic that is partitioned by "${partitionBy}"`,
      allowed: `fields that include "${partitionBy}": duplicates are detected within a partition`,
      remedy: `add "${partitionBy}", or partition the topic by one of these fields`,
    });
  return { by: [...by], ...(withinMs === undefined ? {} : { withinMs }) };
}
