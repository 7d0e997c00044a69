import { type RowTransform, rowTransformOf, slotIndex, type Value } from '@bifold/core/engine';
import { aggregationOf } from './aggregation.ts';
import type { Checkpoint, CommittedBatch, PlannedBatch } from './checkpoint/checkpoint.ts';
import type { StateChanges, StateLog } from './checkpoint/state.ts';
import { type Deduplication, deduplicationOf } from './deduplication.ts';
import { rowFields } from './definition/output.ts';
import type { Stream } from './definition/stream.ts';
import { rowTimeReader } from './event-time.ts';
import { type Join, joinOf } from './join.ts';
import { BatchLookups } from './lookups.ts';
import { delayed, type Operator } from './operators.ts';
import type { Ports } from './ports.ts';
import type { Quarantine } from './quarantine.ts';
import type { OpenSink } from './sinks/sink.ts';
import { isJoin } from './sources/join.ts';
import type { OpenSource } from './sources/source.ts';

export interface BatchParts {
  readonly stream: Stream;
  readonly checkpoint: Checkpoint;
  readonly state: StateLog;
  readonly quarantine: Quarantine;
  readonly source: OpenSource;
  readonly sinks: readonly OpenSink[];
  readonly ports: Ports;
}

/**
 * Prefixes of state keys: for `dropDuplicates`, and for a join. No window name begins like this.
 */
const SEEN = '$dedupe|';
const WAITING = '$joinBuffer|';

/** The inputs with a watermark: the source, or each side of a join. */
interface Clocked {
  readonly latenessMs: number | null;
  readonly timeOf: (values: readonly Value[]) => number | null;
}

interface Folded {
  readonly rows: readonly (readonly Value[])[];
  readonly changes: StateChanges;
  readonly counts: Pick<CommittedBatch, 'rowsIn' | 'late' | 'duplicates' | 'quarantined'>;
  /** The latest event time of each side. */
  readonly latestMs: readonly (number | null)[];
}

/**
 * Runs planned batches. The state is written before a sink receives rows. The batch is committed
 * after all sinks have written it. After a crash in between, the same batch runs again from the
 * previous state.
 */
export class BatchRunner {
  private readonly parts: BatchParts;
  private readonly transform: RowTransform;
  private readonly deduplication: Deduplication | null;
  private readonly aggregation: Operator | null;
  private readonly join: Join | null;
  private readonly clocks: readonly Clocked[];
  private readonly timeOf: (values: readonly Value[]) => number | null;
  private readonly outputSlots: readonly number[];

  constructor(parts: BatchParts) {
    const { stream, state } = parts;
    this.parts = parts;
    this.transform = rowTransformOf(stream.rows);
    this.aggregation = stream.aggregation === null ? null : aggregationOf(stream, stream.aggregation);
    this.deduplication = stream.dropDuplicates === null ? null : deduplicationOf(stream);
    this.join = isJoin(stream.source) ? joinOf(stream.source) : null;
    for (const [key, value] of state.all()) {
      if (key.startsWith(WAITING)) this.join?.load(key.slice(WAITING.length), value);
      else if (key.startsWith(SEEN)) this.deduplication?.load(key.slice(SEEN.length), value);
      else this.aggregation?.load(key, value);
    }
    this.timeOf = rowTimeReader(stream.eventTime, stream.rows.columns);
    this.clocks = isJoin(stream.source)
      ? [stream.source.left, stream.source.right].map((side) => ({
          latenessMs: side.latenessMs,
          timeOf: rowTimeReader(side.eventTime, side.rows.columns),
        }))
      : [{ latenessMs: stream.latenessMs, timeOf: this.timeOf }];
    const index = slotIndex(stream.rows);
    this.outputSlots = rowFields(stream.rows).map(({ field }) => index.get(field) as number);
  }

  async run(planned: PlannedBatch): Promise<CommittedBatch> {
    const { stream, checkpoint, state, sinks, ports } = this.parts;
    const { rows, changes, counts, latestMs } = await this.fold(planned);
    await state.write(planned.batch, changes);
    const { id } = checkpoint.head;
    for (const sink of sinks) {
      await sink.write({
        stream: stream.name,
        checkpoint: id,
        number: planned.batch,
        mode: stream.outputMode,
        columns: stream.output,
        rows,
      });
    }
    const committed: CommittedBatch = {
      batch: planned.batch,
      at: new Date(ports.clock()).toISOString(),
      ...counts,
      rowsOut: rows.length,
      ...this.nextWatermark(planned.watermarkMs, latestMs),
    };
    await checkpoint.commit(committed);
    await state.compact(planned.batch);
    return committed;
  }

  private async fold(planned: PlannedBatch): Promise<Folded> {
    const { source, quarantine } = this.parts;
    const { join } = this;
    const counts = { rowsIn: 0, late: 0, duplicates: 0, quarantined: 0 };
    const latestMs: (number | null)[] = this.clocks.map(() => null);
    const after = join === null ? planned : delayed(planned, join.holdMs);
    const rest = this.rest(after, counts);
    for await (const { rows, bad, side = 0 } of source.read(planned.from, planned.to)) {
      await quarantine.put(planned.batch, bad);
      counts.quarantined += bad.length;
      counts.rowsIn += rows.length;
      const { timeOf } = this.clocks[side] as Clocked;
      for (const values of rows) latestMs[side] = latest(latestMs[side] ?? null, timeOf(values));
      if (join === null) await rest.take(rows);
      else {
        const joined = join.take(side, rows, planned);
        counts.late += joined.late;
        await rest.take(joined.rows);
      }
    }
    const changes = new Map<string, string | null>();
    if (join !== null) {
      const left = join.finish(planned);
      await rest.take(left.rows);
      for (const [key, value] of left.changes) changes.set(`${WAITING}${key}`, value);
    }
    const seen = this.deduplication?.finish(after) ?? new Map<string, string | null>();
    const finished = await this.aggregation?.finish(after);
    for (const [key, value] of finished?.changes ?? []) changes.set(key, value);
    for (const [key, value] of seen) changes.set(`${SEEN}${key}`, value);
    return { rows: finished?.rows ?? rest.rows, changes, counts, latestMs };
  }

  /**
   * Processes the rows of the source or join: lookups, derived columns, duplicates, and the
   * aggregation.
   */
  private rest(planned: PlannedBatch, counts: { late: number; duplicates: number }) {
    const { stream, ports } = this.parts;
    const lookups = new BatchLookups(stream.rows.lookups, planned.lookups ?? {}, ports);
    const given: (readonly Value[])[] = [];
    const take = async (rows: readonly (readonly Value[])[]): Promise<void> => {
      await lookups.prepare(rows, this.transform);
      for (const values of rows) {
        const timeMs = this.timeOf(values);
        for (const slots of this.transform.enrich(values, lookups.resolve)) {
          const admission = this.deduplication?.admit(slots, timeMs, planned) ?? 'first';
          if (admission === 'late') counts.late++;
          if (admission === 'duplicate') counts.duplicates++;
          if (admission !== 'first') continue;
          if (this.aggregation === null) given.push(this.outputSlots.map((slot) => slots[slot] as Value));
          else if (!this.aggregation.add(slots, timeMs ?? 0, planned)) counts.late++;
        }
      }
    };
    return { rows: given, take };
  }

  /**
   * The watermark of the next batch, as in Spark: the latest event time seen, minus the delay. It
   * is computed between batches and never falls. A join uses the lower watermark of its sides, and
   * has none before both sides have rows.
   */
  private nextWatermark(
    watermarkMs: number | null,
    latestMs: readonly (number | null)[],
  ): Pick<CommittedBatch, 'nextWatermarkMs' | 'sideWatermarksMs'> {
    const known = this.parts.checkpoint.lastCommitted?.sideWatermarksMs ?? [];
    const sides = this.clocks.map(({ latenessMs }, side) => {
      const seenMs = latestMs[side] ?? null;
      return latest(known[side] ?? null, latenessMs === null || seenMs === null ? null : seenMs - latenessMs);
    });
    const lowest = sides.reduce((low, side) => (low === null || side === null ? null : Math.min(low, side)));
    const nextWatermarkMs = latest(watermarkMs, lowest ?? null);
    return this.join === null ? { nextWatermarkMs } : { nextWatermarkMs, sideWatermarksMs: sides };
  }
}

function latest(left: number | null, right: number | null): number | null {
  return left === null ? right : right === null ? left : Math.max(left, right);
}
