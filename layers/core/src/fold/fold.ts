import type { AnyAlgebra } from '../aggregates/descriptor.ts';
import type { Pipeline } from '../definition/pipeline.ts';
import type { Slots } from '../expression/evaluate.ts';
import type { FragmentRow } from '../ports/speed-store.ts';
import { type Decoder, decoderOf, POISON_REASONS, type PoisonReason } from '../records/record.ts';
import { type StatefulStage, statefulStageOf } from '../stateful/stateful-stage.ts';
import { QUARANTINE_POSITION } from './row.ts';
import { type RowAggregation, rowAggregationOf } from './row-aggregation.ts';
import { type RowTransform, rowTransformOf } from './row-transform.ts';

/**
 * The state of one (key, pane) over a prefix of one segment. Owned by one `SegmentFold`, which
 * changes it in place.
 */
interface Fragment {
  readonly key: string;
  readonly window: string;
  readonly startMs: number;
  lastOffset: number;
  readonly states: unknown[];
}

/** A pipeline, compiled. Pure: it holds no state between records. */
export interface Fold extends RowTransform, RowAggregation {
  readonly pipeline: Pipeline;
  readonly decode: Decoder;
  /** The stateful operators; null if there are none. */
  readonly statefulStage: StatefulStage | null;
}

export function foldOf(pipeline: Pipeline): Fold {
  const { plan } = pipeline;
  return {
    pipeline,
    decode: decoderOf(pipeline),
    statefulStage: statefulStageOf(plan),
    ...rowTransformOf(plan),
    ...rowAggregationOf(plan),
  };
}

/**
 * The fold of one segment of one partition (rule 1 of docs/exactness.md). It holds every fragment
 * of the segment from the segment's first offset on, so a key that it lacks has no stored fragment.
 * Records arrive in offset order. A fragment skips records at or below its `lastOffset`, so
 * redelivery changes nothing.
 */
export class SegmentFold {
  readonly segment: number;
  private readonly partition: number;
  private readonly fold: Fold;
  private readonly rows = new Map<string, Fragment>();
  private readonly touched = new Set<Fragment>();

  constructor(fold: Fold, partition: number, segment: number, stored: readonly FragmentRow[]) {
    this.fold = fold;
    this.partition = partition;
    this.segment = segment;
    for (const { key, window, startMs, cell } of stored) {
      const { lastOffset, states } = fold.rows.of(window).decodeFragment(cell);
      this.rows.set(rowId(window, startMs, key), { key, window, startMs, lastOffset, states: [...states] });
    }
  }

  /** Folds the events of one record of the segment, each into its pane of each kind of window. */
  addEvents(offset: number, timeMs: number, events: readonly Slots[]): void {
    // Several events of one record may belong to one fragment. The first of them sets `lastOffset`
    // to the offset of this record. The set remembers such fragments, so that the other events are
    // not skipped.
    const ofThisRecord = events.length > 1 ? new Set<Fragment>() : null;
    for (const slots of events) this.addEvent(offset, timeMs, slots, ofThisRecord);
  }

  /** Like `addEvents`, for a record whose events have different times (pairs of a join). */
  addTimedEvents(offset: number, events: readonly { readonly timeMs: number; readonly slots: Slots }[]): void {
    const ofThisRecord = new Set<Fragment>();
    for (const { timeMs, slots } of events) this.addEvent(offset, timeMs, slots, ofThisRecord);
  }

  private addEvent(offset: number, timeMs: number, slots: Slots, ofThisRecord: Set<Fragment> | null): void {
    const key = this.fold.keyOf(slots);
    const at = { timeMs, partition: this.partition, offset };
    for (const { name, paneOf, tracksEventTimeBounds } of this.fold.panes) {
      const startMs = paneOf(timeMs);
      if (startMs === null) continue;
      const fragment = this.fragment(name, startMs, key);
      if (offset <= fragment.lastOffset && !ofThisRecord?.has(fragment)) continue;
      ofThisRecord?.add(fragment);
      this.fold.addTo(fragment.states, slots, at);
      if (tracksEventTimeBounds) this.fold.addTime(fragment.states, timeMs);
      this.touch(fragment, offset);
    }
  }

  /** Counts a poison record in the quarantine row. */
  addPoison(offset: number, reason: PoisonReason): void {
    const { key, window, startMs } = QUARANTINE_POSITION;
    const fragment = this.fragment(window, startMs, key);
    if (offset <= fragment.lastOffset) return;
    const position = POISON_REASONS.indexOf(reason);
    fragment.states[position] = (this.fold.rows.quarantine.algebras[position] as AnyAlgebra).add(
      fragment.states[position],
      1,
    );
    this.touch(fragment, offset);
  }

  /** The fragments that changed since the last call, in their stored form. */
  takeTouched(): readonly FragmentRow[] {
    const changed = Array.from(this.touched, ({ key, window, startMs, lastOffset, states }) => ({
      key,
      window,
      startMs,
      lastOffset,
      cell: this.fold.rows.of(window).encodeFragment(lastOffset, states),
    }));
    this.touched.clear();
    return changed;
  }

  private fragment(window: string, startMs: number, key: string): Fragment {
    const id = rowId(window, startMs, key);
    let fragment = this.rows.get(id);
    if (!fragment) {
      fragment = { key, window, startMs, lastOffset: -1, states: [...this.fold.rows.of(window).empty] };
      this.rows.set(id, fragment);
    }
    return fragment;
  }

  private touch(fragment: Fragment, offset: number): void {
    fragment.lastOffset = offset;
    this.touched.add(fragment);
  }
}

/**
 * The id of a row, as text. It is unambiguous: neither a window's name nor a start contains `|`.
 */
export function rowId(window: string, startMs: number, key: string): string {
  return `${window}|${startMs}|${key}`;
}

/** The key of the row that a `rowId` names. */
export function keyOfRow(id: string): string {
  return id.slice(id.indexOf('|', id.indexOf('|') + 1) + 1);
}
