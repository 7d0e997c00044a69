import { ProtocolError } from '../errors.ts';
import { compileExpression, type Evaluate, type Slots, slotIndex } from '../expression/evaluate.ts';
import { derivedAround } from '../expression/scored-columns.ts';
import type { LookupPlan } from '../plan/lookup.ts';
import type { DerivedPlan, RowPlan } from '../plan/row.ts';
import { itemsOf } from '../records/items.ts';
import { lookupKeyText, type Value } from '../records/record.ts';

/**
 * The version to which a record's segment is bound, as a function: the row of a lookup table for a
 * key, or null.
 */
export interface ResolveLookup {
  (lookup: number, key: string): Readonly<Record<string, Value>> | null;
  /**
   * The bound version of each model of the plan. If it is null, the columns of the model are null.
   */
  readonly models?: BoundModels;
}

/** A model version, compiled for scoring in a fold. */
export interface BoundModel {
  /**
   * The values of the model's columns, in their order. Each call reuses and overwrites the same
   * array.
   */
  score(slots: Slots): readonly Value[];
}

export type BoundModels = readonly (BoundModel | null)[];

/** Adds models to the lookup rows. */
export function withModels(resolve: ResolveLookup, models: BoundModels): ResolveLookup {
  return Object.assign((lookup: number, key: string) => resolve(lookup, key), { models });
}

/** A row plan, compiled: how records become rows. Pure: it holds no state between records. */
export interface RowTransform {
  /** For each lookup of the plan, the key from the record's columns. A null key finds no row. */
  lookupKeys(values: readonly Value[]): readonly (string | null)[];
  /**
   * The rows of a record, with its lookups, derived columns and scores: one, or one for each of its
   * items. None if it is filtered out, by a lookup that drops or by the condition.
   */
  enrich(values: readonly Value[], resolve: ResolveLookup): readonly Slots[];
}

const NO_ROWS: readonly Slots[] = Object.freeze([]);

export function rowTransformOf(plan: RowPlan): RowTransform {
  const index = slotIndex(plan);
  const width = index.size;
  const columnCount = plan.columns.length;
  const lookups = lookupSlotsOf(plan.lookups, index);
  const complete = completionOf(plan, index);
  const readItems = itemsOf(plan);
  const itemSlot = plan.flatMap === undefined ? -1 : (index.get(plan.flatMap.name) as number);
  return {
    lookupKeys: (values) => lookups.map(({ onSlot }) => lookupKeyText(values[onSlot] as Value)),
    enrich: (values, resolve) => {
      const slots: Slots = new Array(width).fill(null);
      for (let slot = 0; slot < columnCount; slot++) slots[slot] = values[slot] as Value;
      if (!join(slots, lookups, resolve)) return NO_ROWS;
      if (readItems === null) return complete(slots, resolve) ? [slots] : NO_ROWS;
      const rows: Slots[] = [];
      for (const item of readItems(values) ?? []) {
        const row = [...slots];
        row[itemSlot] = item;
        if (complete(row, resolve)) rows.push(row);
      }
      return rows;
    },
  };
}

interface LookupSlots {
  readonly onSlot: number;
  readonly drop: boolean;
  readonly columns: readonly { readonly name: string; readonly slot: number }[];
}

function lookupSlotsOf(lookups: readonly LookupPlan[], index: ReadonlyMap<string, number>): readonly LookupSlots[] {
  return lookups.map(({ name: alias, on, missing, columns }) => ({
    onSlot: index.get(on) as number,
    drop: missing === 'drop',
    columns: columns.map(({ name }) => ({ name, slot: index.get(`${alias}.${name}`) as number })),
  }));
}

/**
 * Fills the columns of each lookup. Returns false if a lookup with `missing: 'drop'` finds no row.
 */
function join(slots: Slots, lookups: readonly LookupSlots[], resolve: ResolveLookup): boolean {
  for (let position = 0; position < lookups.length; position++) {
    const { onSlot, drop, columns } = lookups[position] as LookupSlots;
    const key = lookupKeyText(slots[onSlot] as Value);
    const row = key === null ? null : resolve(position, key);
    if (row === null) {
      if (drop) return false;
      continue;
    }
    for (const { name, slot } of columns) slots[slot] = row[name] ?? null;
  }
  return true;
}

/** Fills derived columns and scores. Returns false if `where` excludes the record. */
function completionOf(
  plan: RowPlan,
  index: ReadonlyMap<string, number>,
): (slots: Slots, resolve: ResolveLookup) => boolean {
  const slotOf = (field: string): number => index.get(field) as number;
  const compiled = (derived: readonly DerivedPlan[]): Derivation[] =>
    derived.map(({ name, expression }) => ({ slot: slotOf(name), evaluate: compileExpression(expression, index) }));
  const { before, after } = derivedAround(plan);
  const [derived, derivedFromScores] = [compiled(before), compiled(after)];
  const scoreSlots = (plan.models ?? []).map(({ columns }) => columns.map(({ name }) => slotOf(name)));
  const condition = plan.where === undefined ? null : compileExpression(plan.where, index);
  return (slots, resolve) => {
    for (const { slot, evaluate } of derived) slots[slot] = evaluate(slots);
    if (scoreSlots.length > 0) {
      score(slots, scoreSlots, resolve.models ?? neverBound());
      for (const { slot, evaluate } of derivedFromScores) slots[slot] = evaluate(slots);
    }
    return condition === null || condition(slots) === true;
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

function neverBound(): never {
  throw new ProtocolError('BIFOLD_MODELS_NOT_BOUND', {
    failed: 'records cannot be folded: the model versions of their segment are missing',
    received: 'a segment without models',
    allowed: 'for each model the version that the segment is bound to, or null',
    remedy: 'this is a bug in Bifold: report it',
  });
}
