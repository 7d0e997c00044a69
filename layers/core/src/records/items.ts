import { compileExpression, slotIndex } from '../expression/evaluate.ts';
import type { Column } from '../plan/column.ts';
import type { FlatMapPlan } from '../plan/flat-map.ts';
import type { RowPlan } from '../plan/row.ts';
import { columnReader, type Value } from './value.ts';

/** The limit of events per record. A record with more is poison, in every layer. */
const ITEMS_LIMIT = 10_000;

/**
 * Returns the items of a record, each of which becomes an event. Undefined if an array contains a
 * value of a wrong type.
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

/** Returns null if each record yields one event. */
export function itemsOf(plan: RowPlan): ReadItems | null {
  const { flatMap, columns } = plan;
  if (flatMap === undefined) return null;
  const { source } = flatMap;
  switch (source.kind) {
    case 'split': {
      // The text reads only columns of the record, which come first among the slots.
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
