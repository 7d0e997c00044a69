import { keyText, rowTransformOf, slotIndex, type Value } from '@bifold/core/engine';
import type { PlannedBatch } from './checkpoint/checkpoint.ts';
import type { StateChanges } from './checkpoint/state.ts';
import { rowFields } from './definition/output.ts';
import { rowTimeReader } from './event-time.ts';
import type { JoinNode, JoinSide } from './sources/join.ts';

type Row = readonly Value[];

export interface Join {
  /**
   * The time by which a joined row may be emitted after its own event time. Later operators must
   * wait as long. Milliseconds.
   */
  readonly holdMs: number;
  load(key: string, value: string): void;
  /**
   * Adds rows of a side, and returns the joined rows that they complete. All left rows of a batch
   * must come before its right rows.
   */
  take(
    side: number,
    rows: readonly Row[],
    planned: PlannedBatch,
  ): { readonly rows: readonly Row[]; readonly late: number };
  /** Returns the rows that remain without a partner, and the state changes of the batch. */
  finish(planned: PlannedBatch): { readonly rows: readonly Row[]; readonly changes: StateChanges };
}

/** A row that waits for a partner. */
interface Waiting {
  /** Side, batch and position in the batch. The id is the same if the batch is repeated. */
  readonly id: string;
  readonly timeMs: number;
  readonly values: Row;
  hasPartner: boolean;
}

interface Side {
  readonly node: JoinSide;
  /** Whether unmatched rows of this side are emitted (outer join). */
  readonly isKept: boolean;
  /**
   * The greatest time by which a partner may come before or after a row of this side; both null for
   * any time.
   */
  readonly partnerBeforeMs: number | null;
  readonly partnerAfterMs: number | null;
  readonly timeOf: (values: Row) => number | null;
  /** The row in the joined output. Null if the side's condition excludes it. */
  readonly outputOf: (values: Row) => Row | null;
  readonly keyOf: (output: Row) => string | null;
  readonly nulls: Row;
  /** Waiting rows by key and time bucket, in the order of arrival. */
  readonly waiting: Map<string, Waiting[]>;
}

/** The longest span of event time between a row of this side and its partner. */
const spanOf = ({ within }: JoinNode): number | null => (within === null ? null : within.beforeMs + within.afterMs + 1);

/**
 * Joins two streams as Spark does. Each row is matched with earlier rows of the other side, and
 * then waits for later ones. It is dropped once the watermark of both sides shows that a partner
 * would be late. If it never had a partner, an outer join emits it then, once.
 */
export function joinOf(node: JoinNode): Join {
  const spanMs = spanOf(node);
  const sides = [sideOf(node, node.left, 0), sideOf(node, node.right, 1)] as const;
  let added: Waiting[] = [];
  /** Rows of earlier batches that found their first partner. */
  let matched: Waiting[] = [];
  let batch = -1;
  /** Rows of each side that this batch took. */
  const taken: [number, number] = [0, 0];

  const timeBucketOf = (timeMs: number): number => (spanMs === null ? 0 : Math.floor(timeMs / spanMs));
  const put = (side: Side, key: string, row: Waiting): void => {
    const place = `${timeBucketOf(row.timeMs)}|${key}`;
    const rows = side.waiting.get(place);
    if (rows) rows.push(row);
    else side.waiting.set(place, [row]);
  };

  function* probe(side: Side, key: string, timeMs: number): Generator<Waiting> {
    const other = side === sides[0] ? sides[1] : sides[0];
    const { partnerBeforeMs, partnerAfterMs } = side;
    const [fromMs, toMs] =
      partnerBeforeMs === null || partnerAfterMs === null
        ? [0, 0]
        : [timeMs - partnerBeforeMs, timeMs + partnerAfterMs];
    for (let stretch = timeBucketOf(fromMs); stretch <= timeBucketOf(toMs); stretch++)
      for (const row of other.waiting.get(`${stretch}|${key}`) ?? [])
        if (spanMs === null || (row.timeMs >= fromMs && row.timeMs <= toMs)) yield row;
  }

  const joined = (side: Side, values: Row, partner: Row): Row =>
    side === sides[0] ? [...values, ...partner] : [...partner, ...values];

  return {
    // As in Spark's output watermark of a join: a millisecond more than the longest wait.
    holdMs: node.within === null ? 0 : Math.max(node.within.beforeMs, node.within.afterMs) + 1,

    load(id, value) {
      const side = sides[id.startsWith('0') ? 0 : 1];
      const [timeMs, hasPartner, values] = JSON.parse(value) as [number, boolean, Value[]];
      // Waiting rows were stored in the order of their arrival, and are loaded in it.
      put(side, side.keyOf(values) ?? '', { id, timeMs, values, hasPartner });
    },

    take(index, rows, planned) {
      const side = sides[index] as Side;
      const given: Row[] = [];
      let late = 0;
      if (planned.batch !== batch) {
        batch = planned.batch;
        taken.fill(0);
      }
      for (const source of rows) {
        const timeMs = side.timeOf(source) ?? 0;
        const output = side.outputOf(source);
        if (output === null) continue;
        if (side.node.latenessMs !== null && planned.lateBelowMs !== null && timeMs <= planned.lateBelowMs) {
          late++;
          continue;
        }
        const key = side.keyOf(output);
        if (key === null && !side.isKept) continue;
        const row: Waiting = {
          id: `${index}|${batch}|${taken[index as 0 | 1]++}`,
          timeMs,
          values: output,
          hasPartner: false,
        };
        if (key !== null) {
          for (const partner of probe(side, key, timeMs)) {
            given.push(joined(side, output, partner.values));
            row.hasPartner = true;
            if (!partner.hasPartner) matched.push(partner);
            partner.hasPartner = true;
          }
        }
        put(side, key ?? '', row);
        added.push(row);
      }
      return { rows: given, late };
    },

    finish({ watermarkMs }) {
      const rows: Row[] = [];
      const changes = new Map<string, string | null>();
      for (const row of [...added, ...matched])
        changes.set(row.id, JSON.stringify([row.timeMs, row.hasPartner, row.values]));
      added = [];
      matched = [];
      if (watermarkMs === null || node.within === null) return { rows, changes };
      for (const side of sides) {
        const gone = removeOver(side, watermarkMs).toSorted(inOrder);
        for (const { id } of gone) changes.set(id, null);
        if (side.isKept)
          for (const { values, hasPartner } of gone)
            if (!hasPartner) rows.push(joined(side, values, (side === sides[0] ? sides[1] : sides[0]).nulls));
      }
      return { rows, changes };
    },
  };
}

/**
 * Drops rows whose last possible partner would be late. Like Spark, it does so a millisecond later
 * than possible.
 */
function removeOver({ waiting, partnerAfterMs }: Side, watermarkMs: number): readonly Waiting[] {
  const gone: Waiting[] = [];
  for (const [place, rows] of waiting) {
    const stay = rows.filter(({ timeMs }) => timeMs + (partnerAfterMs as number) >= watermarkMs);
    if (stay.length === rows.length) continue;
    gone.push(...rows.filter(({ timeMs }) => timeMs + (partnerAfterMs as number) < watermarkMs));
    if (stay.length === 0) waiting.delete(place);
    else waiting.set(place, stay);
  }
  return gone;
}

/** Orders by time, then by arrival, so that a restored run emits rows in the same order. */
function inOrder(left: Waiting, right: Waiting): number {
  const [, leftBatch, leftPlace] = left.id.split('|').map(Number) as [number, number, number];
  const [, rightBatch, rightPlace] = right.id.split('|').map(Number) as [number, number, number];
  return left.timeMs - right.timeMs || leftBatch - rightBatch || leftPlace - rightPlace;
}

function sideOf({ type, on, within }: JoinNode, side: JoinSide, index: 0 | 1): Side {
  const transform = rowTransformOf(side.rows);
  const places = slotIndex(side.rows);
  const slots = rowFields(side.rows).map(({ field }) => places.get(field) as number);
  const keyPlaces = on.map((pair) => side.output.findIndex(({ name }) => name === pair[index]));
  const { beforeMs = null, afterMs = null } = within ?? {};
  return {
    node: side,
    isKept: type === 'full' || type === (index === 0 ? 'left' : 'right'),
    // For a right row, the two bounds are exchanged.
    ...(index === 0
      ? { partnerBeforeMs: beforeMs, partnerAfterMs: afterMs }
      : { partnerBeforeMs: afterMs, partnerAfterMs: beforeMs }),
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
    waiting: new Map(),
  };
}
