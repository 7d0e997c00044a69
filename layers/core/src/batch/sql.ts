import { type AnyAlgebra, adderOf, type Pushdown, takesPositionedValues } from '../aggregates/descriptor.ts';
import { descriptorOf } from '../aggregates/kinds.ts';
import type { PositionedValue } from '../aggregates/positioned-value.ts';
import { fieldsOf } from '../expression/operands.ts';
import { derivedAround, scoresOf } from '../expression/scored-columns.ts';
import { expressionSql } from '../expression/sql.ts';
import { quoted, textLiteral } from '../expression/sql-text.ts';
import { segmentSql } from '../fold/segment.ts';
import type { AggregatePlan } from '../plan/aggregate.ts';
import type { ColumnType } from '../plan/column.ts';
import type { FlatMapPlan } from '../plan/flat-map.ts';
import type { Plan } from '../plan/plan.ts';
import type { JoinPlan, RelayPlan, RelaySourcePlan } from '../plan/relay.ts';
import type { AllowedLateness } from '../plan/stateful.ts';
import type { WindowPlan } from '../plan/window.ts';
import type { SqlType, SqlValue } from '../ports/sql-engine.ts';
import type { Value } from '../records/record.ts';
import { isColumnOf } from '../stateful/repartition.ts';
import { calendarPaneSql } from '../windows/calendar.ts';
import { isAssembledFromPanes, paneSizeMs, panesOf } from '../windows/panes.ts';

/**
 * The plan as SQL, in DuckDB's dialect: what the batch layer runs over the archive. It has the
 * semantics of the fold. Where SQL would round (sums of doubles), it only selects the values, and
 * core adds them. Names are allow-listed by the definition, values are literals of the plan:
 * nothing here comes from a record.
 */

/**
 * Columns that every archive file has, before those of the schema. User columns never start with an
 * underscore.
 */
export const ARCHIVE_COLUMNS = [
  { name: '_partition', type: 'INTEGER' },
  { name: '_offset', type: 'BIGINT' },
  { name: '_timestamp_ms', type: 'BIGINT' },
  { name: '_key', type: 'BLOB' },
  { name: '_value', type: 'BLOB' },
  { name: '_headers', type: 'VARCHAR' },
  { name: '_reason', type: 'VARCHAR' },
  { name: '_event_time_ms', type: 'BIGINT' },
] as const;

/**
 * The origin of a relayed record, from its header. The archive of a repartition topic has this
 * column.
 */
export const ORIGIN_COLUMN = { name: '_origin', type: 'VARCHAR' } as const;

/**
 * The archived records without the repeated copies of a relay. The origin header identifies copies.
 * Without a relay: all records.
 */
export function firstForwardedSql({ relay }: Plan, records: string): string {
  if (relay === undefined) return records;
  return `${records} QUALIFY _origin IS NULL OR min(_offset) OVER (PARTITION BY _partition, _origin) = _offset`;
}

/**
 * The records of `[start, end)` of one file of the archive, as the log had them: partition, offset,
 * timestamp, key, value and headers.
 */
export function archivedRecordsSql(localPath: string, start: number, end: number): string {
  return `SELECT _partition, _offset, _timestamp_ms, _key, _value, _headers FROM read_parquet(${textLiteral(localPath)}) WHERE _offset >= ${start} AND _offset < ${end}`;
}

/**
 * The covered poison records, as raw bytes. The decoder determines the reason again when they are
 * read.
 */
export function quarantinedSql(covered: string): string {
  return `SELECT _partition, _offset, _timestamp_ms, _value, _headers FROM ${covered} WHERE _reason IS NOT NULL`;
}

/** The Parquet type of a schema column. Timestamps are epoch milliseconds. */
export function sqlTypeOf(type: ColumnType): SqlType {
  switch (type) {
    case 'integer':
    case 'timestamp':
      return 'BIGINT';
    case 'double':
      return 'DOUBLE';
    case 'text':
    case 'decimal':
    case 'json':
      return 'VARCHAR';
    case 'boolean':
      return 'BOOLEAN';
  }
}

/** Converts a value to the type of its SQL column: 64-bit integers are bigint. */
export function sqlValueOf(type: SqlType, value: SqlValue): SqlValue {
  return type === 'BIGINT' && typeof value === 'number' ? BigInt(value) : value;
}

/** The table with the loaded rows of a lookup: `_version`, `_key`, then its columns. */
export function lookupTableName(lookup: string): string {
  return `lookup_${lookup}`;
}

/** The table of scores: `_partition`, `_offset`, then the columns of all models. */
export const SCORES = 'scores';

/**
 * SQL of the enriched events: one row per admitted event, with every field of the plan. A record
 * that yields several events has several rows. `source` must have the archive's columns for the
 * covered offsets. `bindings` has (`partition`, `segment`, `name`, `version`).
 */
export function enrichedSql(plan: Plan, source: string, bindings: string): string {
  const { after } = derivedAround(plan);
  const scores = scoresOf(plan).map(({ name }) => `scored.${quoted(name)}`);
  const unscored = unscoredSql(plan, source, bindings);
  const scored =
    scores.length === 0
      ? unscored
      : `SELECT ${['u.*', ...scores].join(', ')} FROM (${unscored}) u LEFT JOIN ${SCORES} scored ON scored._partition = u._partition AND scored._offset = u._offset`;
  const derived = derivedSql(after, scored);
  return plan.where === undefined ? derived : `SELECT * FROM (${derived}) WHERE ${expressionSql(plan.where)} IS TRUE`;
}

/**
 * The rows that models learn from: events with every column that a model may read. A condition on a
 * score excludes none, since learning precedes scoring.
 */
export function learnableSql(plan: Plan, source: string, bindings: string): string {
  const unscored = unscoredSql(plan, source, bindings);
  const { after } = derivedAround(plan);
  const scored = new Set([...scoresOf(plan), ...after].map(({ name }) => name));
  return plan.where === undefined || fieldsOf(plan.where).some((field) => scored.has(field))
    ? unscored
    : `SELECT * FROM (${unscored}) WHERE ${expressionSql(plan.where)} IS TRUE`;
}

/** The rows that models score: position and fields of every event that passes the other filters. */
export function unscoredValuesSql(plan: Plan, source: string, bindings: string, fields: readonly string[]): string {
  return `SELECT ${['_partition', '_offset', ...fields.map(quoted)].join(', ')} FROM (${unscoredSql(plan, source, bindings)})`;
}

/** Events with every column that does not depend on a score. */
function unscoredSql(plan: Plan, source: string, bindings: string): string {
  const { segmentSize } = plan.storage;
  const joins: string[] = [];
  const joined: string[] = [];
  const conditions = ['e._reason IS NULL'];
  for (const lookup of plan.lookups) {
    const binding = quoted(`binding ${lookup.name}`);
    const rows = quoted(`rows ${lookup.name}`);
    joins.push(
      `LEFT JOIN ${bindings} ${binding} ON ${binding}.partition = e._partition AND ${binding}.segment = ${segmentSql('e._offset', segmentSize)} AND ${binding}.name = ${textLiteral(lookup.name)}`,
      `LEFT JOIN ${quoted(lookupTableName(lookup.name))} ${rows} ON ${rows}._version = ${binding}.version AND ${rows}._key = CAST(e.${quoted(lookup.on)} AS VARCHAR)`,
    );
    for (const column of lookup.columns)
      joined.push(`${rows}.${quoted(column.name)} AS ${quoted(`${lookup.name}.${column.name}`)}`);
    if (lookup.missing === 'drop') conditions.push(`${rows}._key IS NOT NULL`);
  }
  const base = `SELECT ${['e.*', ...joined].join(', ')} FROM ${eventsSql(plan, source)} e ${joins.join(' ')} WHERE ${conditions.join(' AND ')}`;
  const yielded =
    plan.flatMap === undefined
      ? base
      : `SELECT *, unnest(${itemsSql(plan.flatMap)}) AS ${quoted(plan.flatMap.name)} FROM (${base})`;
  return derivedSql(derivedAround(plan).before, yielded);
}

/** The included events. A join yields pairs; of duplicates, only the first is included. */
function eventsSql(plan: Plan, source: string): string {
  const inTime = dropLateSql(plan, source);
  return plan.relay?.join === undefined
    ? dedupeSql(plan, inTime)
    : intervalJoinSql(plan, plan.relay, plan.relay.join, inTime);
}

/**
 * The watermark that an event alone would set: its time, but at most the broker's time plus the
 * skew. A poison record sets none; `least` alone would ignore its null.
 */
const watermarkSql = ({ maxClockSkewMs }: AllowedLateness): string =>
  `CASE WHEN _reason IS NULL THEN least(_event_time_ms, _timestamp_ms + ${maxClockSkewMs}) END`;

/** Events that are not late, by the watermark of all lower offsets. */
function dropLateSql({ late }: Plan, source: string): string {
  if (late === undefined) return source;
  return `(SELECT * FROM ${source} WHERE _reason IS NULL QUALIFY NOT ${isLateSql(late)})`;
}

/** Whether an event is late; a poison record never is. */
function isLateSql(late: AllowedLateness): string {
  const before = `max(${watermarkSql(late)}) OVER (PARTITION BY _partition ORDER BY _offset ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)`;
  return `coalesce(_event_time_ms < ${before} - ${late.allowedLatenessMs}, false)`;
}

/** The watermark of each partition after all of its events. */
export function watermarksSql(late: AllowedLateness, source: string): string {
  return `SELECT _partition, max(${watermarkSql(late)}) FROM ${source} WHERE _reason IS NULL GROUP BY _partition`;
}

/**
 * The interval join: every left event with every right event of its key within the interval. A pair
 * has the position of its later event.
 */
function intervalJoinSql({ columns }: Plan, relay: RelayPlan, { within }: JoinPlan, source: string): string {
  const sides = relay.sources.map(({ topic }, index) => {
    const sourceColumns = columns.filter(({ name }) => isColumnOf(relay, index, name)).map(({ name }) => quoted(name));
    return `(SELECT ${['_partition', '_offset', '_event_time_ms', ...sourceColumns].join(', ')} FROM ${source} WHERE _reason IS NULL AND starts_with(_origin, ${textLiteral(`${topic}/`)}))`;
  });
  const [left, right] = relay.sources as [RelaySourcePlan, RelaySourcePlan];
  const conditions = [
    'l._partition = r._partition',
    ...left.by.map((field, index) => `l.${quoted(field)} = r.${quoted(right.prefix + right.by[index])}`),
    ...(within === null
      ? []
      : [`r._event_time_ms BETWEEN l._event_time_ms - ${within.beforeMs} AND l._event_time_ms + ${within.afterMs}`]),
  ];
  return `(SELECT NULL::VARCHAR AS _reason, greatest(l._offset, r._offset) AS _offset, l.* EXCLUDE (_offset), r.* EXCLUDE (_partition, _offset, _event_time_ms) FROM ${sides[0]} l JOIN ${sides[1]} r ON ${conditions.join(' AND ')})`;
}

/** The first of duplicate events, by offset, within each partition. */
function dedupeSql({ duplicates }: Plan, source: string): string {
  if (duplicates === undefined) return source;
  const { by, withinMs } = duplicates;
  const near =
    withinMs === undefined
      ? ''
      : ` ORDER BY _event_time_ms RANGE BETWEEN ${withinMs} PRECEDING AND ${withinMs} FOLLOWING`;
  return `(SELECT * FROM ${source} WHERE _reason IS NULL QUALIFY min(_offset) OVER (PARTITION BY ${['_partition', ...by.map(quoted)].join(', ')}${near}) = _offset)`;
}

/**
 * The operator state of some offsets of a partition: offset, reason, event time, origin, whether it
 * was late, and the columns of its id. The source must contain all earlier offsets.
 */
export function stateEntriesSql(
  { columns, duplicates, late, relay }: Plan,
  source: string,
  partition: number,
  from: number,
  to: number,
): string {
  const isNeeded = (name: string): boolean => relay?.join !== undefined || duplicates?.by.includes(name) === true;
  const fields = columns.map(({ name }) => (isNeeded(name) ? quoted(name) : 'NULL'));
  const origin = relay === undefined ? 'NULL' : ORIGIN_COLUMN.name;
  const isLate = late === undefined ? 'false' : isLateSql(late);
  const judged = `SELECT *, ${isLate} AS _late FROM ${source} WHERE _partition = ${partition}`;
  return `SELECT ${['_offset', '_reason', '_event_time_ms', origin, '_late', ...fields].join(', ')} FROM (${judged}) WHERE _offset >= ${from} AND _offset < ${to}`;
}

/** Rows with derived columns beside their own, each computed from those before it. */
export function derivedSql(derived: Plan['derived'], rows: string): string {
  return derived.reduce(
    (inner, { name, expression }) => `SELECT *, ${expressionSql(expression)} AS ${quoted(name)} FROM (${inner})`,
    rows,
  );
}

/** The items of a record as a list; null and empty lists yield nothing. */
function itemsSql({ type, source }: FlatMapPlan): string {
  switch (source.kind) {
    case 'split':
      return `list_filter(string_split(${expressionSql(source.text)}, ${textLiteral(source.separator)}), lambda p: p <> '')`;
    case 'items':
      return `from_json(${quoted(source.field)}, '["${sqlTypeOf(type)}"]')`;
  }
}

/** Start of the pane of an event (`panes.ts`), floored towards minus infinity. */
export function paneStartSql(window: WindowPlan): string {
  switch (window.kind) {
    case 'tumbling':
      return floorSql(window.sizeMs, window.offsetMs);
    case 'sliding':
      return floorSql(paneSizeMs(window), window.offsetMs);
    case 'calendar':
      return calendarPaneSql(window, '_event_time_ms');
    case 'session':
      return floorSql(window.gapMs);
    case 'running':
      return '0';
  }
}

function floorSql(stepMs: number, offsetMs = 0): string {
  const time = offsetMs === 0 ? '_event_time_ms' : `(_event_time_ms - ${offsetMs})`;
  return `(_event_time_ms - ((${time} % ${stepMs}) + ${stepMs}) % ${stepMs})`;
}

/** Sliding windows with gaps between them exclude the events in the gaps. */
function hoppingFilterSql(window: WindowPlan): string {
  if (window.kind !== 'sliding' || window.sizeMs >= window.slideMs) return '';
  return ` WHERE _event_time_ms - ${floorSql(window.slideMs, window.offsetMs)} < ${window.sizeMs}`;
}

/**
 * One row per (pane start, key): the key's columns, then the parts of each aggregate's state that
 * SQL computes exactly (see `statePartsOf`), then the times of a pane that keeps them. Panes of one
 * key follow each other in order.
 */
export function viewSql(plan: Plan, window: WindowPlan, enriched: string): string {
  const keys = plan.groupBy.map(quoted);
  const parts = plan.aggregates.flatMap((aggregate) =>
    statePartsOf(aggregate).map(({ name, sql }) => `${sql} AS ${quoted(name)}`),
  );
  const times = panesOf(window).tracksEventTimeBounds
    ? ['min(_event_time_ms) AS "$min"', 'max(_event_time_ms) AS "$max"']
    : [];
  const order = isAssembledFromPanes(window) ? ` ORDER BY ${[...keys, '_start'].join(', ')}` : '';
  return `SELECT ${[`${paneStartSql(window)} AS _start`, ...keys, ...parts, ...times].join(', ')} FROM ${enriched}${hoppingFilterSql(window)} GROUP BY ALL${order}`;
}

/**
 * The input of the aggregates that core folds: of each event the value, the second value if there
 * is one, and the position if the result depends on it. Null if the plan has no such aggregate.
 * `nonPushdownFold` reads it.
 */
export function nonPushdownInputSql(plan: Plan, window: WindowPlan, enriched: string): string | null {
  const aggregates = plan.aggregates.filter(needsCoreFold);
  if (aggregates.length === 0) return null;
  const values = aggregates.flatMap((aggregate) => [
    `${filteredValue(aggregate)} AS ${quoted(aggregate.name)}`,
    ...('second' in aggregate ? [`${quoted(aggregate.second)} AS ${quoted(`${aggregate.name}/second`)}`] : []),
  ]);
  const place = aggregates.some((aggregate) => descriptorOf(aggregate).usesPosition)
    ? ['_event_time_ms', '_partition', '_offset']
    : [];
  const keys = plan.groupBy.map(quoted);
  return `SELECT ${[`${paneStartSql(window)} AS _start`, ...keys, ...values, ...place].join(', ')} FROM ${enriched}${hoppingFilterSql(window)}`;
}

/**
 * Folds a row of `nonPushdownInputSql`, without its start and key, into the states of a row of the
 * view. It changes the states in place, so they must have no other owner.
 */
export function nonPushdownFold({ aggregates }: Plan, algebras: readonly AnyAlgebra[]): NonPushdownFold {
  let next = 0;
  const inputs = aggregates.flatMap((aggregate, index) => {
    if (!needsCoreFold(aggregate)) return [];
    const [value, second] = [next++, 'second' in aggregate ? next++ : null];
    const add = adderOf(algebras[index] as AnyAlgebra);
    return [{ index, value, second, add, isPositioned: takesPositionedValues(descriptorOf(aggregate)) }];
  });
  const place = next;
  return (states, values) => {
    for (const { index, value: valueColumn, second: secondColumn, add, isPositioned } of inputs) {
      const value = columnValue(values[valueColumn]);
      const second = secondColumn === null ? null : columnValue(values[secondColumn]);
      if (value === null || (secondColumn !== null && second === null)) continue;
      if (!isPositioned) {
        states[index] = add(states[index], value);
        continue;
      }
      const [timeMs, partition, offset] = values.slice(place).map(Number) as [number, number, number];
      const observation: PositionedValue = { timeMs, partition, offset, value, second };
      states[index] = add(states[index], observation);
    }
  };
}

type NonPushdownFold = (states: unknown[], values: readonly (SqlValue | undefined)[]) => void;

/** A column's value as the fold has it: 64-bit integers are safe ones, by the decoder. */
export function columnValue(value: SqlValue | undefined): Value {
  return typeof value === 'bigint' ? Number(value) : ((value ?? null) as Value);
}

/**
 * True where SQL has no exact and mergeable state. SQL computes counts, minima, maxima and sums of
 * integers; core folds the rest.
 */
export function needsCoreFold(aggregate: AggregatePlan): boolean {
  return pushdownOf(aggregate) === null;
}

function pushdownOf(aggregate: AggregatePlan): Pushdown | null {
  return descriptorOf(aggregate).pushdown?.(aggregate) ?? null;
}

/** The SQL of each part of an aggregate's state. Empty if core folds the aggregate. */
export function statePartsOf(aggregate: AggregatePlan): readonly { readonly name: string; readonly sql: string }[] {
  const { name, field, where } = aggregate;
  const value = field === null ? '' : quoted(field);
  const filter = where === null ? '' : ` FILTER (WHERE ${quoted(where)} IS TRUE)`;
  const parts = pushdownOf(aggregate)?.parts(value, filter) ?? [];
  return parts.map(({ suffix, sql }) => ({ name: `${name}${suffix}`, sql }));
}

/** The state of an aggregate, from the parts that SQL computed. */
export function stateOfParts(aggregate: AggregatePlan, parts: readonly SqlValue[]): unknown {
  const pushdown = pushdownOf(aggregate);
  if (pushdown === null) throw new RangeError(`${aggregate.kind} is folded by core`);
  return pushdown.stateOf(parts);
}

function filteredValue({ field, where }: AggregatePlan): string {
  const value = quoted(field as string);
  return where === null ? value : `CASE WHEN ${quoted(where)} IS TRUE THEN ${value} END`;
}
