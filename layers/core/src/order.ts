import type { RowPosition } from './ports/scope.ts';

/** Orders rows as the tables do: keys by their UTF-8 bytes, then window, then start. */
export function comparePositions(left: RowPosition, right: RowPosition): number {
  return compareUtf8(left.key, right.key) || compareUtf8(left.window, right.window) || left.startMs - right.startMs;
}

/**
 * The order of the UTF-8 bytes of two well-formed texts, without encoding them: UTF-16 differs only
 * in that surrogates sort below U+E000.
 */
export function compareUtf8(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index++) {
    const leftUnit = left.charCodeAt(index);
    const rightUnit = right.charCodeAt(index);
    if (leftUnit !== rightUnit) return codePointRank(leftUnit) - codePointRank(rightUnit);
  }
  return left.length - right.length;
}

function codePointRank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/** Rows of one position, from each source that has it. */
export interface MergedGroup<Row> {
  readonly position: RowPosition;
  /** Pairs of a source's index and its row. */
  readonly rows: readonly (readonly [source: number, row: Row])[];
}

/**
 * Merges sources that are each in the order of `comparePositions` into one, gathering equal
 * positions. Sources are read lazily, one row ahead; all of them are closed when the consumer stops
 * early.
 */
export async function* mergeSorted<Row extends RowPosition>(
  sources: readonly AsyncIterable<Row>[],
): AsyncGenerator<MergedGroup<Row>> {
  const iterators = sources.map((source) => source[Symbol.asyncIterator]());
  const heap = new Heap<Row>();
  try {
    const heads = await Promise.all(iterators.map((iterator) => iterator.next()));
    heads.forEach((head, source) => {
      if (!head.done) heap.push({ source, row: head.value });
    });
    for (let least = heap.peek(); least !== undefined; least = heap.peek()) {
      const rows: [number, Row][] = [];
      const position = least.row;
      for (
        let head = heap.peek();
        head !== undefined && comparePositions(head.row, position) === 0;
        head = heap.peek()
      ) {
        rows.push([head.source, head.row]);
        const following = await (iterators[head.source] as AsyncIterator<Row>).next();
        if (following.done) heap.pop();
        else heap.replace({ source: head.source, row: following.value });
      }
      yield { position: { key: position.key, window: position.window, startMs: position.startMs }, rows };
    }
  } finally {
    await Promise.allSettled(iterators.map((iterator) => iterator.return?.()));
  }
}

interface Head<Row> {
  readonly source: number;
  readonly row: Row;
}

/** A binary heap of the sources' next rows, the least at its root. */
class Heap<Row extends RowPosition> {
  private readonly heads: Head<Row>[] = [];

  peek(): Head<Row> | undefined {
    return this.heads[0];
  }

  push(head: Head<Row>): void {
    this.heads.push(head);
    for (let child = this.heads.length - 1; child > 0; ) {
      const parent = (child - 1) >> 1;
      if (!this.less(child, parent)) return;
      this.swap(child, parent);
      child = parent;
    }
  }

  replace(head: Head<Row>): void {
    this.heads[0] = head;
    this.sink();
  }

  pop(): void {
    const last = this.heads.pop() as Head<Row>;
    if (this.heads.length === 0) return;
    this.heads[0] = last;
    this.sink();
  }

  private sink(): void {
    for (let parent = 0; ; ) {
      const left = 2 * parent + 1;
      if (left >= this.heads.length) return;
      const child = left + 1 < this.heads.length && this.less(left + 1, left) ? left + 1 : left;
      if (!this.less(child, parent)) return;
      this.swap(child, parent);
      parent = child;
    }
  }

  private less(left: number, right: number): boolean {
    return comparePositions((this.heads[left] as Head<Row>).row, (this.heads[right] as Head<Row>).row) < 0;
  }

  private swap(left: number, right: number): void {
    [this.heads[left], this.heads[right]] = [this.heads[right] as Head<Row>, this.heads[left] as Head<Row>];
  }
}
