import { type AnyAlgebra, adderOf, takesPositionedValues } from '../aggregates/descriptor.ts';
import { descriptorOf } from '../aggregates/kinds.ts';
import type { EventPosition, PositionedValue } from '../aggregates/positioned-value.ts';
import { type Slots, slotIndex } from '../expression/evaluate.ts';
import type { AggregatePlan } from '../plan/aggregate.ts';
import type { AggregationPlan } from '../plan/aggregation.ts';
import type { RowPlan } from '../plan/row.ts';
import { keyText, type Value } from '../records/record.ts';
import { type Panes, panesOf } from '../windows/panes.ts';
import { type RowAlgebras, rowAlgebrasOf } from './row.ts';

/** An aggregation, compiled: how rows are folded. Pure: the states are the caller's. */
export interface RowAggregation {
  readonly rows: RowAlgebras;
  keyOf(slots: Slots): string;
  /** The panes that are stored of each window. */
  readonly panes: readonly (Panes & { readonly name: string })[];
  /**
   * Folds one record's slots into the states of a row, in place: the states must have no other
   * owner. `at` is not kept.
   */
  addTo(states: unknown[], slots: Slots, at: EventPosition): void;
  /** Folds an event's time into the states of a pane that keeps times, in place. */
  addTime(states: unknown[], timeMs: number): void;
}

export function rowAggregationOf(plan: RowPlan & AggregationPlan): RowAggregation {
  const index = slotIndex(plan);
  const keySlots = plan.groupBy.map((field) => index.get(field) as number);
  const rows = rowAlgebrasOf(plan);
  const steps = plan.aggregates.map((aggregate, position) =>
    stepOf(aggregate, rows.view.algebras[position] as AnyAlgebra, position, index),
  );
  return {
    rows,
    keyOf: (slots) => keyText(keySlots.map((slot) => slots[slot] as Value)),
    panes: plan.windows.map((window) => ({ name: window.name, ...panesOf(window) })),
    addTo: (states, slots, at) => {
      for (const step of steps) step(states, slots, at);
    },
    addTime: (states, timeMs) => {
      for (let position = steps.length; position < rows.timed.algebras.length; position++)
        states[position] = (rows.timed.algebras[position] as AnyAlgebra).add(states[position], timeMs);
    },
  };
}

type Step = (states: unknown[], slots: Slots, at: EventPosition) => void;

function stepOf(
  aggregate: AggregatePlan,
  algebra: AnyAlgebra,
  position: number,
  index: ReadonlyMap<string, number>,
): Step {
  const slotOf = (field: string): number => index.get(field) as number;
  const { field, where } = aggregate;
  const second = 'second' in aggregate ? aggregate.second : null;
  const fieldSlot = field === null ? null : slotOf(field);
  const add =
    fieldSlot !== null && takesPositionedValues(descriptorOf(aggregate))
      ? observingStep(algebra, position, fieldSlot, second === null ? null : slotOf(second))
      : valueStep(algebra, position, fieldSlot);
  return where === null ? add : conditionalStep(add, slotOf(where));
}

/** The input of one aggregate from a record. Nulls are skipped. */
function valueStep(algebra: AnyAlgebra, position: number, fieldSlot: number | null): Step {
  const add = adderOf(algebra);
  if (fieldSlot === null)
    return (states) => {
      states[position] = add(states[position], 1);
    };
  return (states, slots) => {
    const value = slots[fieldSlot] as Value;
    if (value !== null) states[position] = add(states[position], value);
  };
}

/** The same for an aggregate that needs two values, or the event's position. */
function observingStep(algebra: AnyAlgebra, position: number, fieldSlot: number, secondSlot: number | null): Step {
  const add = adderOf(algebra);
  return (states, slots, { timeMs, partition, offset }) => {
    const value = slots[fieldSlot] ?? null;
    const second = secondSlot === null ? null : (slots[secondSlot] ?? null);
    if (value === null || (secondSlot !== null && second === null)) return;
    const observation: PositionedValue = { timeMs, partition, offset, value, second };
    states[position] = add(states[position], observation);
  };
}

/** A condition must be true, not merely not false. */
function conditionalStep(add: Step, whereSlot: number): Step {
  return (states, slots, at) => (slots[whereSlot] === true ? add(states, slots, at) : undefined);
}
