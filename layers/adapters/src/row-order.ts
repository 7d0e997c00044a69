import type { RowFilter, RowPosition } from '@bifold/core';

/** Cassandra orders text by its UTF-8 bytes, which is the order of code points, not that of JavaScript's UTF-16 units. */
export function compareText(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index++) {
    const a = left.charCodeAt(index);
    const b = right.charCodeAt(index);
    if (a === b) continue;
    // The first unit that differs decides, but surrogates (of code points from U+10000 on) come after U+E000..U+FFFF.
    return fixed(a) - fixed(b);
  }
  return left.length - right.length;
}

const fixed = (unit: number): number => (unit >= 0xe000 ? unit - 0x800 : unit >= 0xd800 ? unit + 0x2000 : unit);

export function comparePosition(left: RowPosition, right: RowPosition): number {
  return compareText(left.key, right.key) || compareText(left.window, right.window) || left.startMs - right.startMs;
}

/** Whether a row lies in the windows and starts of a filter; its keys are not looked at. */
export function matches(row: RowPosition, filter: RowFilter): boolean {
  return (
    (filter.window === null || row.window === filter.window) &&
    (filter.fromMs === null || row.startMs >= filter.fromMs) &&
    (filter.toMs === null || row.startMs < filter.toMs)
  );
}
