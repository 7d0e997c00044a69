import { compileExpression, slotIndex } from '../expression/evaluate.ts';
import type { Column } from '../plan/column.ts';
import type { FlatMapPlan } from '../plan/flat-map.ts';
import type { RowPlan } from '../plan/row.ts';
import { columnReader, type Value } from './value.ts';

/**
 * One record yields at most so many events: one that would yield more is poison, in every layer.
 */
const ITEMS_LIMIT = 10_000;

/**
 * The values that a record's columns yield an event for each of; undefined where an array holds
 * what it must not.
 */
export type ReadItems = (values: readonly Value[]) => readonly Value[] | undefined;

/** The problem with the items of a record, by the values of its columns; null if there is none. */
export function itemsProblemOf(plan: RowPlan): (values: readonly Value[]) => string | null {
  const read = itemsOf(plan);
  if (read === null) return () => null;
  const { name, type } = plan.flatMap as FlatMapPlan;
  return (values) => {
    const items = read(values);
    if (items === undefined) return `${name} is not of type ${type} in every item`;
    return items.length <= ITEMS_LIMIT
      ? null
      : `${name}: ${items.length} items, more than the ${ITEMS_LIMIT} that one record may have`;
  };
}

/** Null for a plan whose records yield one event each. */
export function itemsOf(plan: RowPlan): ReadItems | null {
  const { flatMap, columns } = plan;
  if (flatMap === undefined) return null;
  const { source } = flatMap;
  switch (source.kind) {
    case 'split': {
      // It reads columns of the record alone, which are the first of all slots.
      const text = compileExpression(source.text, slotIndex(plan));
      const { separator } = source;
      return (values) => {
        const whole = text(values as Value[]);
        return whole === null ? [] : (whole as string).split(separator).filter((part) => part !== '');
      };
    }
    case 'items': {
      const slot = columns.findIndex(({ name }) => name === source.field);
      const { items } = columns[slot] as Column & Required<Pick<Column, 'items'>>;
      const read = columnReader({ name: flatMap.name, ...items });
      return (values) => {
        const array: unknown = JSON.parse((values[slot] as string | null) ?? 'null');
        if (array === null) return [];
        if (!Array.isArray(array)) return undefined;
        const found = array.map(read);
        return found.includes(undefined) ? undefined : (found as Value[]);
      };
    }
  }
}
