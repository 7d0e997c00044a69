import { comparePositions, type FragmentRow, type RowPosition, rowId } from '@bifold/core/engine';
import type { Actor } from '../world/scheduler.ts';

export const largest = (left: ReadonlyMap<number, number>, right: ReadonlyMap<number, number>): Map<number, number> => {
  const merged = new Map(left);
  for (const [segment, next] of right) merged.set(segment, Math.max(next, merged.get(segment) ?? 0));
  return new Map([...merged].sort(([one], [other]) => one - other));
};

export const union =
  <T>(idOf: (item: T) => string) =>
  (left: readonly T[], right: readonly T[]): readonly T[] => [
    ...new Map([...left, ...right].map((item) => [idOf(item), item])).values(),
  ];
export const positionId = ({ window, startMs, key }: RowPosition): string => rowId(window, startMs, key);

export function newest<Row extends RowPosition>(left: readonly Row[], right: readonly Row[]): readonly Row[] {
  const rows = new Map(left.map((row) => [positionId(row), row]));
  for (const row of right) {
    const known = rows.get(positionId(row));
    const lastOffset = (each: Row): number => (each as unknown as FragmentRow).lastOffset ?? 0;
    if (known === undefined || lastOffset(known) < lastOffset(row)) rows.set(positionId(row), row);
  }
  return [...rows.values()].sort(comparePositions);
}

/** Rows in pages of a few, each read by itself: what moves between two pages is seen. */
export async function* paged<Row extends RowPosition>(
  actor: Actor,
  after: RowPosition | null,
  page: (after: RowPosition | null, rows: number) => Promise<readonly Row[]>,
): AsyncGenerator<Row> {
  for (let position = after; ; ) {
    const size = 1 + actor.random.below(4);
    const rows = (await page(position, size)).slice(0, size);
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < size) return;
    position = last;
  }
}

export async function first<T>(source: AsyncIterable<T>, limit: number): Promise<readonly T[]> {
  const items: T[] = [];
  for await (const item of source) if (items.push(item) === limit) break;
  return items;
}
