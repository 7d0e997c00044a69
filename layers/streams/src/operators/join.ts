import type { Value } from '@bifold/core/engine';
import type { PlannedBatch } from '../checkpoint/checkpoint.ts';
import type { JoinNode } from '../sources/join.ts';
import { type BufferedRow, type JoinBuffer, joinBufferOf } from './join-buffer.ts';
import type { OperatorOutput } from './operators.ts';

type Row = readonly Value[];

/**
 * Joins two streams as Spark does. Each row is joined with the buffered rows of the other side,
 * then buffered for those that follow. A row leaves the buffer when the watermark of both sides is
 * so far beyond it that a partner would be late. If it had none, and its side is an outer side, it
 * is emitted then, once.
 */
export class StreamJoin {
  /**
   * The longest time, beyond its own, for which a row may be held back. Operators after the join
   * must wait as long. As in Spark's output watermark, a millisecond more than the longest wait.
   */
  readonly outputDelayMs: number;
  private readonly left: JoinBuffer;
  private readonly right: JoinBuffer;
  private readonly hasBound: boolean;
  private added: BufferedRow[] = [];
  /** Rows of earlier batches that found their first partner. */
  private matched: BufferedRow[] = [];
  private batch = -1;
  /** Rows of each side that the batch buffered. */
  private readonly counts = [0, 0];

  constructor(node: JoinNode) {
    const { within } = node;
    this.hasBound = within !== null;
    this.outputDelayMs = within === null ? 0 : Math.max(within.beforeMs, within.afterMs) + 1;
    this.left = joinBufferOf(node, 0);
    this.right = joinBufferOf(node, 1);
  }

  load(id: string, value: string): void {
    const buffer = id.startsWith('0') ? this.left : this.right;
    const [timeMs, hasPartner, values] = JSON.parse(value) as [number, boolean, Value[]];
    // Buffered rows were stored in the order of their arrival, and are loaded in it.
    buffer.put(buffer.side.keyOf(values) ?? '', { id, timeMs, values, hasPartner });
  }

  /**
   * The pairs that rows of a side complete. All rows of the left side come before the first of the
   * right.
   */
  process(side: number, rows: readonly Row[], planned: PlannedBatch): { readonly rows: Row[]; readonly late: number } {
    const { timeOf, outputOf, latenessMs } = (side === 0 ? this.left : this.right).side;
    const pairs: Row[] = [];
    let late = 0;
    this.startBatch(planned);
    for (const row of rows) {
      const timeMs = timeOf(row) ?? 0;
      const values = outputOf(row);
      if (values === null) continue;
      if (latenessMs !== null && planned.lateBelowMs !== null && timeMs <= planned.lateBelowMs) {
        late++;
        continue;
      }
      this.add(side, timeMs, values, pairs);
    }
    return { rows: pairs, late };
  }

  /** The rows that stay without a partner, and the changes of the buffers. */
  finish({ watermarkMs }: PlannedBatch): OperatorOutput {
    const changes = new Map<string, string | null>();
    for (const changed of [this.added, this.matched])
      for (const { id, timeMs, hasPartner, values } of changed)
        changes.set(id, JSON.stringify([timeMs, hasPartner, values]));
    this.added = [];
    this.matched = [];
    if (watermarkMs === null || !this.hasBound) return { rows: [], changes };
    const rows: Row[] = [];
    for (const buffer of [this.left, this.right])
      for (const { id, values, hasPartner } of buffer.evict(watermarkMs)) {
        changes.set(id, null);
        if (buffer.side.isOuter && !hasPartner)
          rows.push(this.pair(buffer, values, this.oppositeOf(buffer).side.nulls));
      }
    return { rows, changes };
  }

  private startBatch({ batch }: PlannedBatch): void {
    if (batch === this.batch) return;
    this.batch = batch;
    this.counts.fill(0);
  }

  /** Joins a row with the other side, and buffers it. */
  private add(side: number, timeMs: number, values: Row, pairs: Row[]): void {
    const buffer = side === 0 ? this.left : this.right;
    const key = buffer.side.keyOf(values);
    if (key === null && !buffer.side.isOuter) return;
    const count = this.counts[side] as number;
    this.counts[side] = count + 1;
    const row: BufferedRow = { id: `${side}|${this.batch}|${count}`, timeMs, values, hasPartner: false };
    if (key !== null) this.probe(buffer, key, row, pairs);
    buffer.put(key ?? '', row);
    this.added.push(row);
  }

  private probe(buffer: JoinBuffer, key: string, row: BufferedRow, pairs: Row[]): void {
    const opposite = this.oppositeOf(buffer);
    for (const partner of opposite.between(key, buffer.partnersFromMs(row.timeMs), buffer.partnersToMs(row.timeMs))) {
      pairs.push(this.pair(buffer, row.values, partner.values));
      row.hasPartner = true;
      if (!partner.hasPartner) this.matched.push(partner);
      partner.hasPartner = true;
    }
  }

  private oppositeOf(buffer: JoinBuffer): JoinBuffer {
    return buffer === this.left ? this.right : this.left;
  }

  private pair(buffer: JoinBuffer, values: Row, partner: Row): Row {
    return buffer === this.left ? [...values, ...partner] : [...partner, ...values];
  }
}
