import { type AnyAlgebra, adderOf, takesPositionedValues } from '../aggregates/descriptor.ts';
import { descriptorOf } from '../aggregates/kinds.ts';
import type { EventPosition, PositionedValue } from '../aggregates/positioned-value.ts';
import type { Pipeline } from '../definition/pipeline.ts';
import { ProtocolError } from '../errors.ts';
import { compileExpression, type Evaluate, type Slots, slotIndex } from '../expression/evaluate.ts';
import { derivedAround } from '../expression/scored-columns.ts';
import type { DerivedPlan } from '../plan/plan.ts';
import type { FragmentRow } from '../ports/speed-store.ts';
import { itemsOf } from '../records/items.ts';
import {
  type Decoder,
  decoderOf,
  keyText,
  lookupKeyText,
  POISON_REASONS,
  type PoisonReason,
  type Value,
} from '../records/record.ts';
import { type StatefulStage, statefulStageOf } from '../stateful/stateful-stage.ts';
import { type Panes, panesOf } from '../windows/panes.ts';
import { QUARANTINE_POSITION, type RowAlgebras, rowAlgebrasOf } from './row.ts';

/**
 * The version to which a record's segment is bound, as a function: the row of a lookup table for a
 * key, or null.
 */
export interface ResolveLookup {
  (lookup: number, key: string): Readonly<Record<string, Value>> | null;
  /**
   * For each model of the plan, its version; null where the model had none: its columns are null
   * then.
   */
  readonly models?: BoundModels;
}

/** A version of a model, as a fold scores with it. */
export interface BoundModel {
  /**
   * The values of the model's columns, in their order. The same array is given every time, changed
   * by the next call.
   */
  score(slots: Slots): readonly Value[];
}

export type BoundModels = readonly (BoundModel | null)[];

/** The same lookup rows, and models beside them. */
export function withModels(resolve: ResolveLookup, models: BoundModels): ResolveLookup {
  return Object.assign((lookup: number, key: string) => resolve(lookup, key), { models });
}

/**
 * The state of one (key, pane) over a prefix of one segment. Owned by one `SegmentFold`, which
 * changes it in place.
 */
interface Fragment {
  readonly key: string;
  readonly window: string;
  readonly startMs: number;
  lastOffset: number;
  readonly states: unknown[];
}

/** A pipeline, compiled: how records become rows. Pure: it holds no state between records. */
export interface Fold {
  readonly pipeline: Pipeline;
  readonly rows: RowAlgebras;
  readonly decode: Decoder;
  /** The stateful operators; null if there are none. */
  readonly statefulStage: StatefulStage | null;
  /** For each lookup of the plan, the key that a record's columns name; null names none. */
  lookupKeys(values: readonly Value[]): readonly (string | null)[];
  /**
   * The events of a record, with its lookups, derived columns and scores: one, or one for each of
   * its items. None if it is filtered out, by a lookup that drops or by the condition.
   */
  enrich(values: readonly Value[], resolve: ResolveLookup): readonly Slots[];
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

const NO_EVENTS: readonly Slots[] = Object.freeze([]);

export function foldOf(pipeline: Pipeline): Fold {
  const { plan } = pipeline;
  const index = slotIndex(plan);
  const width = index.size;
  const columnCount = plan.columns.length;
  const slotOf = (field: string): number => index.get(field) as number;
  const lookupSlots = plan.lookups.map((lookup) => ({
    onSlot: slotOf(lookup.on),
    drop: lookup.missing === 'drop',
    columns: lookup.columns.map((column) => ({ name: column.name, slot: slotOf(`${lookup.name}.${column.name}`) })),
  }));
  const compiled = (derived: readonly DerivedPlan[]): Derivation[] =>
    derived.map(({ name, expression }) => ({ slot: slotOf(name), evaluate: compileExpression(expression, index) }));
  const { before, after } = derivedAround(plan);
  const [derived, derivedFromScores] = [compiled(before), compiled(after)];
  const scoreSlots = (plan.models ?? []).map(({ columns }) => columns.map(({ name }) => slotOf(name)));
  const holds = plan.where === undefined ? null : compileExpression(plan.where, index);
  const passesFilter = (slots: Slots, resolve: ResolveLookup): boolean => {
    for (const { slot, evaluate } of derived) slots[slot] = evaluate(slots);
    if (scoreSlots.length > 0) {
      score(slots, scoreSlots, resolve.models ?? neverBound(pipeline));
      for (const { slot, evaluate } of derivedFromScores) slots[slot] = evaluate(slots);
    }
    return holds === null || holds(slots) === true;
  };
  const readItems = itemsOf(plan);
  const itemSlot = plan.flatMap === undefined ? -1 : slotOf(plan.flatMap.name);
  const keySlots = plan.groupBy.map(slotOf);
  const rows = rowAlgebrasOf(plan);
  const steps = plan.aggregates.map((aggregate, position) => {
    const { field, where } = aggregate;
    const second = 'second' in aggregate ? aggregate.second : null;
    const algebra = rows.view.algebras[position] as AnyAlgebra;
    const fieldSlot = field === null ? null : slotOf(field);
    const add =
      fieldSlot !== null && takesPositionedValues(descriptorOf(aggregate))
        ? observingStep(algebra, position, fieldSlot, second === null ? null : slotOf(second))
        : valueStep(algebra, position, fieldSlot);
    return where === null ? add : conditionalStep(add, slotOf(where));
  });
  return {
    pipeline,
    rows,
    decode: decoderOf(pipeline),
    statefulStage: statefulStageOf(plan),
    lookupKeys: (values) => lookupSlots.map(({ onSlot }) => lookupKeyText(values[onSlot] as Value)),
    enrich: (values, resolve) => {
      const slots: Slots = new Array(width).fill(null);
      for (let slot = 0; slot < columnCount; slot++) slots[slot] = values[slot] as Value;
      for (let position = 0; position < lookupSlots.length; position++) {
        const { onSlot, drop, columns } = lookupSlots[position] as (typeof lookupSlots)[number];
        const key = lookupKeyText(slots[onSlot] as Value);
        const row = key === null ? null : resolve(position, key);
        if (row === null) {
          if (drop) return NO_EVENTS;
          continue;
        }
        for (const { name, slot } of columns) slots[slot] = row[name] ?? null;
      }
      if (readItems === null) return passesFilter(slots, resolve) ? [slots] : NO_EVENTS;
      const events: Slots[] = [];
      for (const item of readItems(values) ?? []) {
        const event = [...slots];
        event[itemSlot] = item;
        if (passesFilter(event, resolve)) events.push(event);
      }
      return events;
    },
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

interface Derivation {
  readonly slot: number;
  readonly evaluate: Evaluate;
}

/** Fills the columns of each model. */
function score(slots: Slots, scoreSlots: readonly (readonly number[])[], models: BoundModels): void {
  for (let position = 0; position < scoreSlots.length; position++) {
    const given = models[position]?.score(slots);
    if (given === undefined) continue;
    const columns = scoreSlots[position] as readonly number[];
    for (let column = 0; column < columns.length; column++) slots[columns[column] as number] = given[column] as Value;
  }
}

function neverBound({ plan }: Pipeline): never {
  throw new ProtocolError('BIFOLD_MODELS_NOT_BOUND', {
    failed: `records of "${plan.name}" cannot be folded: it scores, and nothing says with which versions`,
    received: 'a segment without models',
    allowed: 'for each model the version that the segment is bound to, or null',
    remedy: 'this is a fault of Bifold: report it',
  });
}

type Step = (states: unknown[], slots: Slots, at: EventPosition) => void;

/** One aggregate's share of a record: nulls are "not there". */
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

/** The same for what takes more than a value: two of them, or where they stand. */
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

/**
 * The fold of one segment of one partition: rule 1. It holds every fragment of the segment, from
 * the segment's first offset on, so that a key which is not here has no fragment. Records come in
 * offset order; a row skips those at or below its `lastOffset`, so redelivery changes nothing.
 */
export class SegmentFold {
  readonly segment: number;
  private readonly partition: number;
  private readonly fold: Fold;
  private readonly rows = new Map<string, Fragment>();
  private readonly touched = new Set<Fragment>();

  constructor(fold: Fold, partition: number, segment: number, stored: readonly FragmentRow[]) {
    this.fold = fold;
    this.partition = partition;
    this.segment = segment;
    for (const { key, window, startMs, cell } of stored) {
      const { lastOffset, states } = fold.rows.of(window).decodeFragment(cell);
      this.rows.set(rowId(window, startMs, key), { key, window, startMs, lastOffset, states: [...states] });
    }
  }

  /** Folds the events of one record of the segment, each into its pane of each kind of window. */
  addEvents(offset: number, timeMs: number, events: readonly Slots[]): void {
    // A row that takes one of them takes all that are its own: a row that had taken the record
    // before takes none.
    const taking = events.length > 1 ? new Set<Fragment>() : null;
    for (const slots of events) this.addEvent(offset, timeMs, slots, taking);
  }

  /** Like `addEvents`, for a record whose events have times of their own. */
  addTimedEvents(offset: number, events: readonly { readonly timeMs: number; readonly slots: Slots }[]): void {
    const taking = new Set<Fragment>();
    for (const { timeMs, slots } of events) this.addEvent(offset, timeMs, slots, taking);
  }

  private addEvent(offset: number, timeMs: number, slots: Slots, taking: Set<Fragment> | null): void {
    const key = this.fold.keyOf(slots);
    const at = { timeMs, partition: this.partition, offset };
    for (const { name, paneOf, tracksEventTimeBounds } of this.fold.panes) {
      const startMs = paneOf(timeMs);
      if (startMs === null) continue;
      const fragment = this.fragment(name, startMs, key);
      if (offset <= fragment.lastOffset && !taking?.has(fragment)) continue;
      taking?.add(fragment);
      this.fold.addTo(fragment.states, slots, at);
      if (tracksEventTimeBounds) this.fold.addTime(fragment.states, timeMs);
      this.touch(fragment, offset);
    }
  }

  /** Counts a record that is no event. */
  addPoison(offset: number, reason: PoisonReason): void {
    const { key, window, startMs } = QUARANTINE_POSITION;
    const fragment = this.fragment(window, startMs, key);
    if (offset <= fragment.lastOffset) return;
    const position = POISON_REASONS.indexOf(reason);
    fragment.states[position] = (this.fold.rows.quarantine.algebras[position] as AnyAlgebra).add(
      fragment.states[position],
      1,
    );
    this.touch(fragment, offset);
  }

  /** The rows that changed since the last call, as they are to be stored. */
  takeTouched(): readonly FragmentRow[] {
    const changed = Array.from(this.touched, ({ key, window, startMs, lastOffset, states }) => ({
      key,
      window,
      startMs,
      lastOffset,
      cell: this.fold.rows.of(window).encodeFragment(lastOffset, states),
    }));
    this.touched.clear();
    return changed;
  }

  private fragment(window: string, startMs: number, key: string): Fragment {
    const id = rowId(window, startMs, key);
    let fragment = this.rows.get(id);
    if (!fragment) {
      fragment = { key, window, startMs, lastOffset: -1, states: [...this.fold.rows.of(window).empty] };
      this.rows.set(id, fragment);
    }
    return fragment;
  }

  private touch(fragment: Fragment, offset: number): void {
    fragment.lastOffset = offset;
    this.touched.add(fragment);
  }
}

/** One text per row; a window's name holds no `|`, a start is digits. */
export function rowId(window: string, startMs: number, key: string): string {
  return `${window}|${startMs}|${key}`;
}

/** The key of the row that a `rowId` names. */
export function keyOfRow(id: string): string {
  return id.slice(id.indexOf('|', id.indexOf('|') + 1) + 1);
}
