import { fieldsOf } from '../definition/expression.ts';
import type { ColumnType } from '../definition/schema.ts';
import type { DerivedPlan, Plan, ScorePlan } from '../plan.ts';

/** Every column that a model fills. */
export function scoresOf({ models = [] }: Pick<Plan, 'models'>): readonly ScorePlan[] {
  return models.flatMap(({ columns }) => columns);
}

/** Derived columns, divided by scoring: those that read a score, directly or through others, come after it. */
export function derivedAround(plan: Pick<Plan, 'models' | 'derived'>): {
  readonly before: readonly DerivedPlan[];
  readonly after: readonly DerivedPlan[];
} {
  const scored = new Set(scoresOf(plan).map(({ name }) => name));
  const before: DerivedPlan[] = [];
  const after: DerivedPlan[] = [];
  for (const derived of plan.derived) {
    if (!fieldsOf(derived.expression).some((field) => scored.has(field))) before.push(derived);
    else {
      scored.add(derived.name);
      after.push(derived);
    }
  }
  return { before, after };
}

/** The types of what a model may read: columns, lookups, items, and derived columns that read no score. */
export function readableTypes(plan: Plan): ReadonlyMap<string, ColumnType> {
  return new Map([
    ...plan.columns.map(({ name, type }) => [name, type] as const),
    ...plan.lookups.flatMap((lookup) =>
      lookup.columns.map(({ name, type }) => [`${lookup.name}.${name}`, type] as const),
    ),
    ...(plan.flatMap === undefined ? [] : [[plan.flatMap.name, plan.flatMap.type] as const]),
    ...derivedAround(plan).before.map(({ name, type }) => [name, type] as const),
  ]);
}

/** The type of a column that a key may be made of. */
export function keyColumnType(plan: Plan, name: string): ColumnType {
  const items = plan.flatMap === undefined ? [] : [plan.flatMap];
  const columns = [...plan.columns, ...items, ...plan.derived, ...scoresOf(plan)];
  return columns.find((column) => column.name === name)?.type ?? 'text';
}
