import type { Window } from '@bifold/core';
import { refuse } from '@bifold/core/engine';
import { checkSink } from '../sinks/registry.ts';
import { isJoin } from '../sources/join.ts';
import type { OutputMode } from './output-mode.ts';
import type { Stream } from './stream.ts';

/**
 * The checks of a stream beyond those of core. The valid output modes are Spark's, so that users
 * need not learn a second rule.
 */
export function checkStream(
  stream: Stream,
  { groupBy, windows }: { readonly groupBy: readonly string[]; readonly windows: Readonly<Record<string, Window>> },
): void {
  checkModes(stream);
  checkDuplicates(stream);
  if (isJoin(stream.source) && stream.rows.flatMap !== undefined)
    refuse('BIFOLD_BAD_FLAT_MAP', {
      failed: `stream "${stream.name}" has a flatMap of joined rows`,
      received: stream.rows.flatMap.name,
      allowed: 'flatMap of a source, or of a union',
      remedy: 'write the join to a topic, and read that',
    });
  checkResultNames(stream);
  if (stream.aggregation === null && (groupBy.length > 0 || Object.keys(windows).length > 0))
    refuse('BIFOLD_NO_AGGREGATE', {
      failed: `stream "${stream.name}" groups rows but has no aggregates`,
      received: 'groupBy or windows without aggregates',
      allowed: 'aggregates with groupBy and windows, or none of them',
      remedy: 'write aggregates: { rows: count() }',
    });
  if (stream.sinks.length === 0)
    refuse('BIFOLD_NO_SINK', {
      failed: `stream "${stream.name}" has no sink`,
      received: '[]',
      allowed: 'one sink or more',
      remedy: 'write sinks: [console()]',
    });
  for (const sink of stream.sinks) checkSink(sink, stream);
}

function checkModes(stream: Stream): void {
  const { name, aggregation, outputMode, latenessMs, eventTime, dropDuplicates } = stream;
  const modes: readonly OutputMode[] = ['append', 'update', 'complete'];
  if (!modes.includes(outputMode))
    refuse('BIFOLD_BAD_OUTPUT_MODE', {
      failed: `stream "${name}" has an unknown output mode`,
      received: String(outputMode),
      allowed: modes.join(', '),
      remedy: 'choose one',
    });
  if (isJoin(stream.source) && outputMode !== 'append')
    refuse('BIFOLD_BAD_OUTPUT_MODE', {
      failed: `stream "${name}" joins two streams in an output mode other than append`,
      received: `join with outputMode: ${outputMode}`,
      allowed: 'append: a joined row is emitted once, and so is a window over joined rows',
      remedy: "write outputMode: 'append'",
    });
  if (aggregation === null && outputMode === 'complete')
    refuse('BIFOLD_BAD_OUTPUT_MODE', {
      failed: `stream "${name}" has no result table to emit as a whole`,
      received: 'outputMode: complete without an aggregation',
      allowed: 'append or update, which are the same for plain rows',
      remedy: "write outputMode: 'append', or aggregate",
    });
  if (aggregation !== null && outputMode === 'append' && latenessMs === null)
    refuse('BIFOLD_APPEND_WITHOUT_WATERMARK', {
      failed: `stream "${name}" appends the rows of an aggregation`,
      received: 'no watermark: any row could still change',
      allowed: 'append with dropLate, or update, or complete',
      remedy: "write dropLate: dropLate('10m'), or outputMode: 'update'",
    });
  const kinds = aggregation?.windows.map(({ kind }) => kind) ?? [];
  if (outputMode === 'append' && kinds.includes('running'))
    refuse('BIFOLD_BAD_OUTPUT_MODE', {
      failed: `stream "${name}" appends a running total`,
      received: 'append with running(): each new row changes the total',
      allowed: 'update or complete',
      remedy: "write outputMode: 'update'",
    });
  if (outputMode === 'update' && kinds.includes('session'))
    refuse('BIFOLD_BAD_OUTPUT_MODE', {
      failed: `stream "${name}" updates sessions`,
      received: 'update with session(): two sessions may become one, and an emitted row would have to be retracted',
      allowed: 'append or complete',
      remedy: "write outputMode: 'append' and a watermark, or outputMode: 'complete'",
    });
  if (latenessMs !== null && eventTime === null)
    refuse('BIFOLD_NO_EVENT_TIME', {
      failed: `stream "${name}" has a watermark and no event time`,
      received: 'no eventTime',
      allowed: 'a column of times, or { field, unit } of a number',
      remedy: "write eventTime: 'at'",
    });
  if (eventTime === null && kinds.some((kind) => kind !== 'running'))
    refuse('BIFOLD_NO_EVENT_TIME', {
      failed: `stream "${name}" has windows and no event time`,
      received: 'no eventTime',
      allowed: 'a column of times, or { field, unit } of a number',
      remedy: "write eventTime: 'at'",
    });
  if (dropDuplicates !== null && outputMode === 'complete')
    refuse('BIFOLD_BAD_OUTPUT_MODE', {
      failed: `stream "${name}" drops duplicates and emits the whole result`,
      received: 'dropDuplicates with outputMode: complete',
      allowed: 'append or update',
      remedy: "write outputMode: 'update'",
    });
}

function checkDuplicates({ name, dropDuplicates, rows }: Stream): void {
  if (dropDuplicates === null) return;
  const { by, withinMs } = dropDuplicates;
  const items = rows.flatMap === undefined ? [] : [rows.flatMap];
  const columns = [...rows.columns, ...items, ...rows.derived].map((column) => column.name);
  if (!Array.isArray(by) || by.length === 0)
    refuse('BIFOLD_BAD_DUPLICATES', {
      failed: `stream "${name}" has dropDuplicates without fields`,
      received: JSON.stringify(by) ?? JSON.stringify(dropDuplicates),
      allowed: 'one column or more',
      remedy: "write dropDuplicates: dropDuplicates(['column'])",
    });
  const unknown = by.find((column) => !columns.includes(column));
  if (unknown !== undefined)
    refuse('BIFOLD_UNKNOWN_FIELD', {
      failed: `stream "${name}" drops duplicates by columns that its rows do not have`,
      received: `"${unknown}"`,
      allowed: columns.join(', '),
      remedy: 'name columns of its rows',
    });
  if (withinMs !== undefined)
    refuse('BIFOLD_BAD_DUPLICATES', {
      failed: `stream "${name}" limits the time between duplicates`,
      received: 'dropDuplicates with within',
      allowed: 'dropDuplicates(columns): the watermark decides how long a stream remembers them',
      remedy: "leave within out, and write dropLate: dropLate('10m')",
    });
}

function checkResultNames({ name, output }: Stream): void {
  const seen = new Set<string>();
  for (const column of output) {
    const folded = column.name.toLowerCase();
    if (seen.has(folded))
      refuse('BIFOLD_NAME_TAKEN', {
        failed: `stream "${name}" has two columns of one name`,
        received: `"${column.name}"`,
        allowed: 'names that differ, also from start, end and window of a result, and from the columns of lookups',
        remedy: 'rename the field or the aggregate',
      });
    seen.add(folded);
  }
}
