import { keyText, rowTransformOf, slotIndex, type Value } from '@bifold/core/engine';
import { rowFields } from '../definition/output.ts';
import { rowTimeReader } from '../event-time.ts';
import type { JoinNode } from '../sources/join.ts';

type Row = readonly Value[];

/** A row that waits for partners. */
export interface BufferedRow {
  /** Side, batch and place in the batch: the same when the batch runs again. */
  readonly id: string;
  readonly timeMs: number;
  readonly values: Row;
  hasPartner: boolean;
}

/** How one side of a join reads its rows. */
interface Side {
  /** Whether its rows are also emitted without a partner. */
  readonly isOuter: boolean;
  readonly latenessMs: number | null;
  /** The greatest time by which a partner may come before a row of this side; null for any time. */
  readonly partnerBeforeMs: number | null;
  readonly partnerAfterMs: number | null;
  /** The length of a time bucket: the span of a row's partners; null for one bucket. */
  readonly bucketMs: number | null;
  readonly timeOf: (values: Row) => number | null;
  /** The row as it is joined; null if it is filtered out. */
  readonly outputOf: (values: Row) => Row | null;
  /** The text of the join key; null if it equals nothing. */
  readonly keyOf: (output: Row) => string | null;
  /** A row of nulls, as long as the rows of this side. */
  readonly nulls: Row;
}

export function joinBufferOf({ type, on, within, left, right }: JoinNode, index: 0 | 1): JoinBuffer {
  const side = index === 0 ? left : right;
  const transform = rowTransformOf(side.rows);
  const places = slotIndex(side.rows);
  const slots = rowFields(side.rows).map(({ field }) => places.get(field) as number);
  const keyPlaces = on.map((pair) => side.output.findIndex(({ name }) => name === pair[index]));
  const { beforeMs = null, afterMs = null } = within ?? {};
  return new JoinBuffer({
    isOuter: type === 'full' || type === (index === 0 ? 'left' : 'right'),
    latenessMs: side.latenessMs,
    // A right row is the partner of left ones that are as much later as it is earlier.
    partnerBeforeMs: index === 0 ? beforeMs : afterMs,
    partnerAfterMs: index === 0 ? afterMs : beforeMs,
    bucketMs: within === null ? null : within.beforeMs + within.afterMs + 1,
    timeOf: rowTimeReader(side.eventTime, side.rows.columns),
    outputOf: (values) => {
      const [row] = transform.enrich(values, () => null);
      return row === undefined ? null : slots.map((slot) => row[slot] as Value);
    },
    keyOf: (output) => {
      const key = keyPlaces.map((place) => output[place] as Value);
      return key.includes(null) ? null : keyText(key);
    },
    nulls: side.output.map(() => null),
  });
}

/** The rows of one side that wait for partners, by key and time bucket. */
export class JoinBuffer {
  readonly side: Side;
  /** Each list is in the order of arrival. */
  private readonly rows = new Map<string, BufferedRow[]>();

  constructor(side: Side) {
    this.side = side;
  }

  /** The earliest time of a partner of a row of this side. */
  partnersFromMs(timeMs: number): number {
    const { partnerBeforeMs } = this.side;
    return partnerBeforeMs === null ? Number.NEGATIVE_INFINITY : timeMs - partnerBeforeMs;
  }

  /** The latest time of a partner of a row of this side. */
  partnersToMs(timeMs: number): number {
    const { partnerAfterMs } = this.side;
    return partnerAfterMs === null ? Number.POSITIVE_INFINITY : timeMs + partnerAfterMs;
  }

  put(key: string, row: BufferedRow): void {
    const place = `${this.bucketOf(row.timeMs)}|${key}`;
    const rows = this.rows.get(place);
    if (rows) rows.push(row);
    else this.rows.set(place, [row]);
  }

  /** The rows of a key between two times, both inclusive. */
  *between(key: string, fromMs: number, toMs: number): Generator<BufferedRow> {
    const last = this.bucketOf(toMs);
    for (let bucket = this.bucketOf(fromMs); bucket <= last; bucket++)
      for (const row of this.rows.get(`${bucket}|${key}`) ?? [])
        if (row.timeMs >= fromMs && row.timeMs <= toMs) yield row;
  }

  /**
   * Removes the rows whose last possible partner would be late. Spark lets them go a millisecond
   * later than it could, and this does the same.
   */
  evict(watermarkMs: number): readonly BufferedRow[] {
    const evicted: BufferedRow[] = [];
    for (const [place, rows] of this.rows) {
      const remaining = rows.filter(({ timeMs }) => this.partnersToMs(timeMs) >= watermarkMs);
      if (remaining.length === rows.length) continue;
      evicted.push(...rows.filter(({ timeMs }) => this.partnersToMs(timeMs) < watermarkMs));
      if (remaining.length === 0) this.rows.delete(place);
      else this.rows.set(place, remaining);
    }
    return evicted.sort(byTimeAndArrival);
  }

  /** Without a bound there is one bucket. */
  private bucketOf(timeMs: number): number {
    const { bucketMs } = this.side;
    return bucketMs === null ? 0 : Math.floor(timeMs / bucketMs);
  }
}

/** The same order, whatever was restored from a checkpoint in between. */
function byTimeAndArrival(left: BufferedRow, right: BufferedRow): number {
  const [, leftBatch, leftPlace] = left.id.split('|').map(Number) as [number, number, number];
  const [, rightBatch, rightPlace] = right.id.split('|').map(Number) as [number, number, number];
  return left.timeMs - right.timeMs || leftBatch - rightBatch || leftPlace - rightPlace;
}
