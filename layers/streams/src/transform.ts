import { type Fold, foldOf, type ResolveLookup, type Slots, slotIndex, type Value } from '@bifold/core/engine';
import type { Stream } from './definition/stream.ts';

/**
 * Rows of the source on their way to becoming rows of the result: with lookups and derived columns,
 * and without those that the condition leaves out.
 */
export interface Transform {
  readonly fold: Fold;
  readonly slotOf: (name: string) => number;
  /** For each lookup of the plan, the keys that these rows name. */
  lookupKeys(rows: readonly (readonly Value[])[]): readonly ReadonlySet<string>[];
  /** None when the row goes no further, several where a pipeline yields several events of it. */
  apply(values: readonly Value[], resolve: ResolveLookup): readonly Slots[];
}

export function transformOf({ pipeline, columns }: Pick<Stream, 'pipeline' | 'columns'>): Transform {
  const fold = foldOf(pipeline);
  const index = slotIndex(pipeline.plan);
  const slotOf = (name: string): number => index.get(name) as number;
  // Core keeps columns in the order of their names; the source in that of their declaration.
  const places = columns.map(({ name }) => slotOf(name));
  const width = pipeline.plan.columns.length;
  const inPlanOrder = (values: readonly Value[]): readonly Value[] => {
    const ordered: Value[] = new Array(width).fill(null);
    for (let position = 0; position < places.length; position++)
      ordered[places[position] as number] = values[position] as Value;
    return ordered;
  };
  return {
    fold,
    slotOf,
    lookupKeys: (rows) => {
      const keys = pipeline.plan.lookups.map(() => new Set<string>());
      if (keys.length === 0) return keys;
      for (const values of rows)
        for (const [lookup, key] of fold.lookupKeys(inPlanOrder(values)).entries())
          if (key !== null) keys[lookup]?.add(key);
      return keys;
    },
    apply: (values, resolve) => fold.enrich(inPlanOrder(values), resolve),
  };
}
