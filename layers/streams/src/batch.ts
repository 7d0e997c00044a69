import { type RowTransform, rowTransformOf, slotIndex, type Value } from '@bifold/core/engine';
import type { Checkpoint, CommittedBatch, PlannedBatch } from './checkpoint/checkpoint.ts';
import type { StateChanges, StateLog } from './checkpoint/state.ts';
import { rowFields } from './definition/output.ts';
import type { Stream } from './definition/stream.ts';
import { rowTimeReader } from './event-time.ts';
import { Aggregation } from './operators/aggregation.ts';
import { type Deduplication, deduplicationOf } from './operators/deduplication.ts';
import { StreamJoin } from './operators/join.ts';
import { BatchLookups } from './operators/lookups.ts';
import { delayed, type Operator } from './operators/operators.ts';
import type { Ports } from './ports.ts';
import type { Quarantine } from './quarantine.ts';
import { jsonOf } from './rows.ts';
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
 * The state of all operators is in one map. Keys of `dropDuplicates` and of a join begin so; those
 * of an aggregation begin with the name of a window, which has no `$`.
 */
const DEDUPE = '$dedupe|';
const JOIN_BUFFER = '$joinBuffer|';

/** The length to which the key of a result is cut where it is set aside. */
const POSITION_LENGTH = 200;

/** An input that has a watermark: the source, or a side of a join. */
interface Input {
  readonly latenessMs: number | null;
  readonly timeOf: (values: readonly Value[]) => number | null;
}

interface Folded {
  readonly rows: readonly (readonly Value[])[];
  /** The position in the source of each row, where a row comes from one record. */
  readonly positions: readonly (string | undefined)[];
  readonly changes: StateChanges;
  readonly counts: Pick<CommittedBatch, 'rowsIn' | 'late' | 'duplicates' | 'quarantined'>;
  /** The latest event time of each side. */
  readonly latestMs: readonly (number | null)[];
}

/**
 * Runs planned batches. The state of a batch is written before any sink sees a row, and the batch
 * is committed when all sinks have written it. After a crash in between, the same batch runs again
 * from the state of the one before.
 */
export class BatchRunner {
  private readonly parts: BatchParts;
  private readonly transform: RowTransform;
  private readonly deduplication: Deduplication | null;
  private readonly aggregation: Operator | null;
  private readonly join: StreamJoin | null;
  private readonly inputs: readonly Input[];
  private readonly timeOf: (values: readonly Value[]) => number | null;
  private readonly outputSlots: readonly number[];

  constructor(parts: BatchParts) {
    const { stream, state } = parts;
    this.parts = parts;
    this.transform = rowTransformOf(stream.rows);
    this.aggregation = stream.aggregation === null ? null : new Aggregation(stream, stream.aggregation);
    this.deduplication = stream.dropDuplicates === null ? null : deduplicationOf(stream);
    this.join = isJoin(stream.source) ? new StreamJoin(stream.source) : null;
    for (const [key, value] of state.all()) {
      if (key.startsWith(JOIN_BUFFER)) this.join?.load(key.slice(JOIN_BUFFER.length), value);
      else if (key.startsWith(DEDUPE)) this.deduplication?.load(key.slice(DEDUPE.length), value);
      else this.aggregation?.load(key, value);
    }
    this.timeOf = rowTimeReader(stream.eventTime, stream.rows.columns);
    this.inputs = isJoin(stream.source)
      ? [stream.source.left, stream.source.right].map((side) => ({
          latenessMs: side.latenessMs,
          timeOf: rowTimeReader(side.eventTime, side.rows.columns),
        }))
      : [{ latenessMs: stream.latenessMs, timeOf: this.timeOf }];
    const index = slotIndex(stream.rows);
    this.outputSlots = rowFields(stream.rows).map(({ field }) => index.get(field) as number);
  }

  async run(planned: PlannedBatch): Promise<CommittedBatch> {
    const { checkpoint, state, quarantine, ports } = this.parts;
    const folded = await this.fold(planned);
    const { rows, changes, counts, latestMs } = folded;
    await state.write(planned.batch, changes);
    await this.writeToSinks(planned.batch, folded);
    const committed: CommittedBatch = {
      batch: planned.batch,
      at: new Date(ports.clock()).toISOString(),
      ...counts,
      quarantined: counts.quarantined + quarantine.refusedCount(planned.batch),
      rowsOut: rows.length,
      ...this.nextWatermark(planned.watermarkMs, latestMs),
    };
    await checkpoint.commit(committed);
    await state.compact(planned.batch);
    return committed;
  }

  private async writeToSinks(number: number, { rows, positions }: Folded): Promise<void> {
    const { stream, checkpoint, quarantine, sinks } = this.parts;
    const { name, outputMode: mode, output: columns } = stream;
    const batch = { stream: name, checkpoint: checkpoint.head.id, number, mode, columns, rows };
    for (const [place, sink] of sinks.entries()) {
      await sink.write(batch, async (refused) => {
        const kind = stream.sinks[place]?.kind;
        const bad = refused.map(({ index, reason, detail }) => ({
          where: positions[index] ?? this.resultPosition(number, index, rows[index] ?? []),
          reason,
          detail: `not written by the sink ${kind}: ${detail}`,
        }));
        await quarantine.putRefused(number, place, bad);
      });
    }
  }

  /** Names a row that comes from several records: by its window and key, if it is a result. */
  private resultPosition(batch: number, index: number, row: readonly Value[]): string {
    const { aggregation, output } = this.parts.stream;
    if (aggregation === null) return `batch ${batch}, row ${index + 1}`;
    const identifying = ['window', 'start', 'end', ...aggregation.groupBy];
    const columns = output.filter(({ name }) => identifying.includes(name));
    const values = columns.map((column) => row[output.indexOf(column)] ?? null);
    return `batch ${batch}, ${jsonOf(columns, values).slice(0, POSITION_LENGTH)}`;
  }

  private async fold(planned: PlannedBatch): Promise<Folded> {
    const { source, quarantine } = this.parts;
    const { join } = this;
    const counts = { rowsIn: 0, late: 0, duplicates: 0, quarantined: 0 };
    const latestMs: (number | null)[] = this.inputs.map(() => null);
    const after = join === null ? planned : delayed(planned, join.outputDelayMs);
    const downstream = this.downstream(after, counts);
    for await (const { rows, bad, positions, side = 0 } of source.read(planned.from, planned.to)) {
      await quarantine.put(planned.batch, bad);
      counts.quarantined += bad.length;
      counts.rowsIn += rows.length;
      const { timeOf } = this.inputs[side] as Input;
      for (const values of rows) latestMs[side] = latest(latestMs[side] ?? null, timeOf(values));
      if (join === null) await downstream.process(rows, positions);
      else {
        const joined = join.process(side, rows, planned);
        counts.late += joined.late;
        await downstream.process(joined.rows);
      }
    }
    const changes = new Map<string, string | null>();
    if (join !== null) {
      const joined = join.finish(planned);
      await downstream.process(joined.rows);
      for (const [key, value] of joined.changes) changes.set(`${JOIN_BUFFER}${key}`, value);
    }
    const finished = await this.aggregation?.finish(after);
    for (const [key, value] of finished?.changes ?? []) changes.set(key, value);
    for (const [key, value] of this.deduplication?.finish(after) ?? []) changes.set(`${DEDUPE}${key}`, value);
    const positions = finished === undefined ? downstream.positions : [];
    return { rows: finished?.rows ?? downstream.rows, positions, changes, counts, latestMs };
  }

  /**
   * Processes the rows of the source or join: lookups, derived columns, duplicates, and the
   * aggregation.
   */
  private downstream(planned: PlannedBatch, counts: { late: number; duplicates: number }) {
    const { stream, ports } = this.parts;
    const lookups = new BatchLookups(stream.rows.lookups, planned.lookups ?? {}, ports);
    const output: (readonly Value[])[] = [];
    const outputPositions: (string | undefined)[] = [];
    const process = async (rows: readonly (readonly Value[])[], positions: readonly string[] = []): Promise<void> => {
      await lookups.prepare(rows, this.transform);
      for (const [index, values] of rows.entries()) {
        const timeMs = this.timeOf(values);
        for (const slots of this.transform.enrich(values, lookups.resolve)) {
          const admission = this.deduplication?.admit(slots, timeMs, planned) ?? 'first';
          if (admission === 'late') counts.late++;
          if (admission === 'duplicate') counts.duplicates++;
          if (admission !== 'first') continue;
          if (this.aggregation === null) {
            output.push(this.outputSlots.map((slot) => slots[slot] as Value));
            outputPositions.push(positions[index]);
          } else if (!this.aggregation.add(slots, timeMs ?? 0, planned)) counts.late++;
        }
      }
    };
    return { rows: output, positions: outputPositions, process };
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
    const sides = this.inputs.map(({ latenessMs }, side) => {
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
