import {
  type AnyExpression,
  type Column,
  type Columns,
  type Condition,
  checkIdentifier,
  type EventTime,
  type Lateness,
  type Present,
  type Readable,
  refuse,
  refuseUnknownOptions,
  type TimeRange,
  timeRangeMs,
} from '@bifold/core/engine';
import { isJoin, type JoinNode, type JoinSide, type JoinType } from '../sources/join.ts';
import { type Source, sourceOf } from '../sources/source.ts';
import { type EventTimeOf, eventTimeOf } from './event-time.ts';
import { latenessMsOf } from './lateness.ts';
import { rowColumns } from './output.ts';
import { planStream } from './planning.ts';
import type { Own, Simplify } from './row.ts';

// biome-ignore lint/complexity/noBannedTypes: the empty record, not "anything"
type NoLookups = {};

/** A side of a join with options of its own. */
interface Side<E, D> {
  readonly from: Source<E>;
  readonly derive?: D & Readable<NoInfer<D>, NoInfer<Columns<E, NoLookups, D>>>;
  /** Includes rows for which it is true; false and null exclude them. */
  readonly where?: Condition<E, NoLookups, D>;
  /** The column with the event time. A source that has one, such as `rate`, needs none. */
  readonly eventTime?: EventTimeOf<E>;
  /** The delay of this side's watermark behind the latest event time seen on it. */
  readonly dropLate?: Lateness;
}

/** A row of a side, with its derived columns. */
type SideRow<E, D> = Simplify<Own<Present<E>, NoLookups, D>>;

type Nullable<R> = { [K in keyof R]: R[K] | null };
type Prefixed<N extends string, R> = { [K in keyof R & string as `${N}_${K}`]: R[K] };

/** A pair of a left and a right row. The columns of the right row have its prefix. */
export type JoinedRow<L, R, N extends string, T extends JoinType> = Simplify<
  (T extends 'right' | 'full' ? Nullable<L> : L) & Prefixed<N, T extends 'left' | 'full' ? Nullable<R> : R>
>;

/**
 * Joins two streams. A pair is a left and a right row whose columns in `on` are equal and whose
 * event times differ by at most `within`. Rows are buffered in the checkpoint until the watermark
 * has passed the latest time of a partner. Pairs are appended once.
 *
 * @param options - the two sides, and when their rows make a pair
 * @throws {DefinitionError} BIFOLD_BAD_JOIN if `on` is empty or compares different types, if
 *   `dropLate` is on one side alone, or if an outer join lacks `within` or `dropLate`
 * @throws {DefinitionError} BIFOLD_NO_EVENT_TIME if `within` or `dropLate` have no event time
 * @throws {DefinitionError} BIFOLD_UNKNOWN_OPTION if an option does not exist
 * @example
 * defineStream({
 *   name: 'rides-in-rain',
 *   from: join({
 *     left: { from: kafka({ topic: rides }), dropLate: dropLate('2h') },
 *     right: { from: kafka({ topic: showers }), dropLate: dropLate('2h') },
 *     as: 'shower',
 *     type: 'left',
 *     on: { city: 'city' },
 *     within: { before: '30m' },
 *   }),
 *   sinks: [console()],
 * });
 */
export function join<
  L,
  R,
  const N extends string,
  const T extends JoinType = 'inner',
  // biome-ignore lint/complexity/noBannedTypes: the empty record, not "anything": a side without derived columns
  DL extends Record<string, AnyExpression> = {},
  // biome-ignore lint/complexity/noBannedTypes: as above, for the right side
  DR extends Record<string, AnyExpression> = {},
>(options: {
  /** A source, or one with `derive`, `where`, `eventTime` and `dropLate` of its own. */
  readonly left: Source<L> | Side<L, DL>;
  /** The side whose columns get a prefix; written like `left`. */
  readonly right: Source<R> | Side<R, DR>;
  /** The prefix of the right side's columns: `weather` makes `weather_at`. */
  readonly as: N;
  /** The sides whose rows are emitted without a partner too; `inner` by default. */
  readonly type?: T;
  /**
   * Columns of the left side, each with the column of the right side that it must equal. Null
   * equals nothing.
   */
  readonly on: NoInfer<{ readonly [K in keyof SideRow<L, DL> & string]?: keyof SideRow<R, DR> & string }>;
  /**
   * The greatest time by which the right row may come before or after its left row, 0 by default.
   * Without `within`, any time.
   */
  readonly within?: TimeRange;
}): Source<JoinedRow<SideRow<L, DL>, SideRow<R, DR>, N, T>> {
  refuseUnknownOptions('a join', options, ['left', 'right', 'as', 'type', 'on', 'within']);
  const { type = 'inner', within } = options;
  refuseUnknownOptions('within of a join', within ?? {}, ['before', 'after']);
  const name = checkIdentifier('the right side of a join', options.as);
  const left = sideOf('left', options.left);
  const right = sideOf(name, options.right);
  const columns = [
    ...left.output.map((column) => ({ ...column, nullable: column.nullable || type === 'right' || type === 'full' })),
    ...right.output.map((column) => ({
      name: checkIdentifier('a column of a join', `${name}_${column.name}`),
      type: column.type,
      nullable: column.nullable || type === 'left' || type === 'full',
    })),
  ];
  const node: JoinNode = {
    kind: 'join',
    type,
    left,
    right,
    columns,
    on: Object.entries(options.on ?? {}) as JoinNode['on'],
    within: within === undefined ? null : timeRangeMs(within),
    eventTime: eventTimeOfJoin(type, left.eventTime, right.eventTime, name),
  };
  checkJoin(node);
  return sourceOf(node);
}

function sideOf<E, D extends Readonly<Record<string, AnyExpression>>>(
  name: string,
  declared: Source<E> | Side<E, D>,
): JoinSide {
  const where = `the side "${name}" of a join`;
  const side: Side<E, D> = 'source' in declared ? { from: declared } : declared;
  const { from, dropLate } = side;
  if (from?.source === undefined || isJoin(from.source))
    refuse('BIFOLD_BAD_JOIN', {
      failed: `${where} has a source that cannot be joined`,
      received: from?.source === undefined ? String(from) : 'another join',
      allowed: 'rate(...), files(...) with a schema, kafka(...), union(...)',
      remedy: 'to join three streams, write the join of two to a topic, and join that with the third',
    });
  refuseUnknownOptions(where, side, ['from', 'derive', 'where', 'eventTime', 'dropLate']);
  const { source } = from;
  const eventTime = eventTimeOf(side.eventTime) ?? source.eventTime;
  const { rows } = planStream({ where, columns: source.columns, eventTime }, side, null);
  return Object.freeze({
    name,
    source,
    rows,
    eventTime,
    latenessMs: latenessMsOf(where, dropLate),
    output: rowColumns(rows),
  });
}

/** The event time of joined rows: that of the side which is always present. */
function eventTimeOfJoin(
  type: JoinType,
  left: EventTime | null,
  right: EventTime | null,
  name: string,
): EventTime | null {
  switch (type) {
    case 'inner':
    case 'left':
      return left;
    case 'right':
      return right === null ? null : { ...right, field: `${name}_${right.field}` };
    case 'full':
      return null;
  }
}

function checkJoin({ type, left, right, on, within }: JoinNode): void {
  const failed = `the join of "${left.name}" with "${right.name}"`;
  const types: readonly JoinType[] = ['inner', 'left', 'right', 'full'];
  if (!types.includes(type))
    refuse('BIFOLD_BAD_JOIN', {
      failed: `${failed} has an unknown type`,
      received: String(type),
      allowed: types.join(', '),
      remedy: 'choose one',
    });
  if (on.length === 0)
    refuse('BIFOLD_BAD_JOIN', {
      failed: `${failed} has no columns that must be equal`,
      received: 'on: {}',
      allowed: 'one pair of columns or more',
      remedy: "write on: { id: 'filmId' }",
    });
  for (const [leftName, rightName] of on) {
    const pair = [columnOf(failed, left, leftName), columnOf(failed, right, rightName)].map(keyType);
    if (pair[0] !== pair[1] || pair[0] === 'json')
      refuse('BIFOLD_BAD_JOIN', {
        failed: `${failed} compares columns that are never equal`,
        received: `${leftName} (${pair[0]}) and ${rightName} (${pair[1]})`,
        allowed: 'two texts, two numbers, two booleans or two times',
        remedy: 'correct the names or the schemas',
      });
  }
  if (within !== null && (left.eventTime === null || right.eventTime === null))
    refuse('BIFOLD_NO_EVENT_TIME', {
      failed: `${failed} has a time range, and a side without event time`,
      received: `within, and no eventTime of "${left.eventTime === null ? left.name : right.name}"`,
      allowed: 'an eventTime on both sides',
      remedy: "write eventTime: 'at'",
    });
  if ((left.latenessMs === null) !== (right.latenessMs === null))
    refuse('BIFOLD_BAD_JOIN', {
      failed: `${failed} has a watermark on one side`,
      received: `no dropLate of "${left.latenessMs === null ? left.name : right.name}"`,
      allowed: 'dropLate on both sides, or on none: rows are then buffered forever',
      remedy: "write dropLate: dropLate('10m') on both sides",
    });
  for (const side of [left, right])
    if (side.latenessMs !== null && side.eventTime === null)
      refuse('BIFOLD_NO_EVENT_TIME', {
        failed: `the side "${side.name}" of a join has a watermark and no event time`,
        received: 'no eventTime',
        allowed: 'a column of times, or { field, unit } of a number',
        remedy: "write eventTime: 'at'",
      });
  if (type !== 'inner' && (within === null || left.latenessMs === null))
    refuse('BIFOLD_BAD_JOIN', {
      failed: `${failed} emits rows without a partner, and never knows that no partner will come`,
      received: within === null ? `type: ${type} without within` : `type: ${type} without dropLate`,
      allowed: 'an outer join has within, and dropLate on both sides',
      remedy: "write within: { before: '1h' } and dropLate: dropLate('10m') on both sides, or type: 'inner'",
    });
}

function columnOf(failed: string, { name, output }: JoinSide, column: string): Column {
  const found = output.find((each) => each.name === column);
  if (found !== undefined) return found;
  return refuse('BIFOLD_UNKNOWN_FIELD', {
    failed: `${failed} compares a column that "${name}" does not have`,
    received: `"${column}"`,
    allowed: output.map((each) => each.name).join(', '),
    remedy: 'correct the name',
  });
}

/** The type of a join key. Integers and doubles are comparable. */
function keyType({ type }: Column): Column['type'] {
  return type === 'integer' ? 'double' : type;
}
