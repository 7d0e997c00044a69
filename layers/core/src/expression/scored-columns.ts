import type { ColumnType } from '../plan/column.ts';
import type { ScorePlan } from '../plan/model.ts';
import type { DerivedPlan, RowPlan } from '../plan/row.ts';
import { fieldsOf } from './operands.ts';

/** Every column that a model fills. */
export function scoresOf({ models = [] }: Pick<RowPlan, 'models'>): readonly ScorePlan[] {
  return models.flatMap(({ columns }) => columns);
}

/**
 * Columns in their order, divided by scoring: those that read a score, directly or through others,
 * come after it.
 */
export function aroundScores<Column>(
  columns: readonly Column[],
  scores: Iterable<string>,
  partsOf: (column: Column) => { readonly name: string; readonly reads: readonly string[] },
): { readonly before: readonly Column[]; readonly after: readonly Column[] } {
  const scored = new Set(scores);
  const before: Column[] = [];
  const after: Column[] = [];
  for (const column of columns) {
    const { name, reads } = partsOf(column);
    if (!reads.some((field) => scored.has(field))) before.push(column);
    else {
      scored.add(name);
      after.push(column);
    }
  }
  return { before, after };
}

/** Derived columns, divided by scoring. */
export function derivedAround(plan: Pick<RowPlan, 'models' | 'derived'>): {
  readonly before: readonly DerivedPlan[];
  readonly after: readonly DerivedPlan[];
} {
  const scores = scoresOf(plan).map(({ name }) => name);
  return aroundScores(plan.derived, scores, ({ name, expression }) => ({ name, reads: fieldsOf(expression) }));
}

/**
 * The types of what a model may read: columns, lookups, items, and derived columns that read no
 * score.
 */
export function readableTypes(plan: RowPlan): ReadonlyMap<string, ColumnType> {
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
export function keyColumnType(plan: RowPlan, name: string): ColumnType {
  const items = plan.flatMap === undefined ? [] : [plan.flatMap];
  const columns = [...plan.columns, ...items, ...plan.derived, ...scoresOf(plan)];
  return columns.find((column) => column.name === name)?.type ?? 'text';
}
