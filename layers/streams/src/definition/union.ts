import type { Column } from '@bifold/core/engine';
import { refuse } from '@bifold/core/engine';
import { type InputNode, type Source, sourceColumns, sourceEventTime } from './source.ts';

/**
 * Reads several sources as one, without an order among them. They need the same columns, and share
 * one watermark.
 */
export function union<E>(sources: readonly Source<E>[]): Source<E> {
  const inputs = Array.isArray(sources) ? sources.map(({ source }) => source) : [];
  if (inputs.length < 2)
    refuse('BIFOLD_BAD_UNION', {
      failed: 'a union is of too few sources',
      received: String(inputs.length),
      allowed: 'two or more',
      remedy: 'write union([kafka({ ... }), files({ ... })])',
    });
  const nested = inputs.find(({ kind }) => kind === 'join');
  if (nested !== undefined)
    refuse('BIFOLD_BAD_UNION', {
      failed: 'a union holds a join',
      received: 'union([..., join(...)])',
      allowed: 'sources that are read: files, kafka, rate, and unions of them',
      remedy: 'join two unions, or write the join to a topic and read that',
    });
  const columns = commonColumns(inputs.map(sourceColumns));
  const [eventTime = null, ...others] = inputs.map(sourceEventTime);
  const isOne = others.every((other) => JSON.stringify(other) === JSON.stringify(eventTime));
  return Object.freeze({
    source: Object.freeze({
      kind: 'union',
      inputs: inputs as InputNode[],
      columns,
      eventTime: isOne ? eventTime : null,
    }),
  });
}

/** The columns of the first source. A column is nullable if it is nullable in any source. */
function commonColumns([first = [], ...others]: readonly (readonly Column[])[]): readonly Column[] {
  const shown = (columns: readonly Column[]) =>
    columns
      .map(({ name, type }) => `${name} ${type}`)
      .toSorted()
      .join(', ');
  const other = others.find((columns) => shown(columns) !== shown(first));
  if (other !== undefined)
    refuse('BIFOLD_BAD_UNION', {
      failed: 'a union is of sources with different rows',
      received: `${shown(other)}`,
      allowed: `the columns of the first source: ${shown(first)}`,
      remedy: 'give them one schema',
    });
  return first.map((column) => ({
    ...column,
    nullable: [first, ...others].some((columns) => columns.some((each) => each.name === column.name && each.nullable)),
  }));
}
