import type { Value } from '@bifold/core';
import { aggregationOf } from './aggregation.ts';
import type { Checkpoint, CommittedBatch, PlannedBatch } from './checkpoint/checkpoint.ts';
import type { StateChanges, StateLog } from './checkpoint/state.ts';
import { type Deduplication, deduplicationOf } from './deduplication.ts';
import { rowFields } from './definition/planning.ts';
import type { Stream } from './definition/stream.ts';
import { eventTimeReader } from './event-time.ts';
import { BatchLookups } from './lookups.ts';
import type { Operator } from './operators.ts';
import type { Ports } from './ports.ts';
import type { Quarantine } from './quarantine.ts';
import type { OpenSink } from './sinks/sink.ts';
import type { OpenSource } from './sources/source.ts';
import { type Transform, transformOf } from './transform.ts';

export interface BatchParts {
  readonly stream: Stream;
  readonly checkpoint: Checkpoint;
  readonly state: StateLog;
  readonly quarantine: Quarantine;
  readonly source: OpenSource;
  readonly sinks: readonly OpenSink[];
  readonly ports: Ports;
}

/** State of operators stands side by side: that of `dropDuplicates` under keys that begin so. No window is called so. */
const SEEN = '$seen|';

interface Folded {
  readonly rows: readonly (readonly Value[])[];
  readonly changes: StateChanges;
  readonly counts: Pick<CommittedBatch, 'rowsIn' | 'late' | 'duplicates' | 'quarantined'>;
  readonly maxEventTimeMs: number | null;
}

/**
 * Runs planned batches. Their state is written before any sink sees a row, and the batch is committed when all sinks have taken it: whatever dies in between,
 * the same batch runs again from the state of the one before.
 */
export class BatchRunner {
  private readonly parts: BatchParts;
  private readonly transform: Transform;
  private readonly deduplication: Deduplication | null;
  private readonly aggregation: Operator | null;
  private readonly timeOf: (values: readonly Value[]) => number | null;
  private readonly outputSlots: readonly number[];

  constructor(parts: BatchParts) {
    const { stream, state } = parts;
    this.parts = parts;
    this.transform = transformOf(stream);
    this.aggregation = stream.isAggregation ? aggregationOf(stream, this.transform) : null;
    this.deduplication = stream.dropDuplicates === null ? null : deduplicationOf(stream, this.transform);
    for (const [key, value] of state.all()) {
      if (key.startsWith(SEEN)) this.deduplication?.load(key.slice(SEEN.length), value);
      else this.aggregation?.load(key, value);
    }
    this.timeOf = stream.eventTime === null ? () => null : eventTimeReader(stream.eventTime, stream.columns);
    this.outputSlots = stream.isAggregation
      ? []
      : rowFields(stream.columns, stream.pipeline.plan).map(({ field }) => this.transform.slotOf(field));
  }

  async run(planned: PlannedBatch): Promise<CommittedBatch> {
    const { stream, checkpoint, state, sinks, ports } = this.parts;
    const { rows, changes, counts, maxEventTimeMs } = await this.fold(planned);
    await state.write(planned.batch, changes);
    const { id } = checkpoint.head;
    for (const sink of sinks) {
      await sink.take({
        ...{ stream: stream.name, checkpoint: id, number: planned.batch, mode: stream.outputMode },
        ...{ columns: stream.output, rows },
      });
    }
    const committed: CommittedBatch = {
      ...{ batch: planned.batch, at: new Date(ports.clock()).toISOString() },
      ...{ ...counts, rowsOut: rows.length },
      nextWatermarkMs: nextWatermark(planned.watermarkMs, maxEventTimeMs, stream.watermarkMs),
    };
    await checkpoint.commit(committed);
    await state.compact(planned.batch);
    return committed;
  }

  private async fold(planned: PlannedBatch): Promise<Folded> {
    const { stream, source, quarantine, ports } = this.parts;
    const lookups = new BatchLookups(stream.pipeline.plan, planned.lookups ?? {}, ports);
    const rows: (readonly Value[])[] = [];
    const counts = { rowsIn: 0, late: 0, duplicates: 0, quarantined: 0 };
    let maxEventTimeMs: number | null = null;
    for await (const chunk of source.read(planned.from, planned.to)) {
      await quarantine.put(planned.batch, chunk.bad);
      counts.quarantined += chunk.bad.length;
      counts.rowsIn += chunk.rows.length;
      await lookups.prepare(this.transform.lookupKeys(chunk.rows));
      for (const values of chunk.rows) {
        const timeMs = this.timeOf(values);
        if (timeMs !== null && (maxEventTimeMs === null || timeMs > maxEventTimeMs)) maxEventTimeMs = timeMs;
        const slots = this.transform.apply(values, lookups.resolve);
        if (slots === null) continue;
        const admission = this.deduplication?.admit(slots, timeMs, planned) ?? 'first';
        if (admission === 'late') counts.late++;
        if (admission === 'duplicate') counts.duplicates++;
        if (admission !== 'first') continue;
        if (this.aggregation === null) rows.push(this.outputSlots.map((slot) => slots[slot] as Value));
        else if (!this.aggregation.add(slots, timeMs ?? 0, planned)) counts.late++;
      }
    }
    const seen = this.deduplication?.finish(planned) ?? new Map<string, string | null>();
    const finished = (await this.aggregation?.finish(planned)) ?? { rows, changes: new Map<string, string | null>() };
    const changes = new Map(finished.changes);
    for (const [key, value] of seen) changes.set(`${SEEN}${key}`, value);
    return { rows: finished.rows, changes, counts, maxEventTimeMs };
  }
}

/** As Spark has it: the latest event time seen less the delay, taken between batches, and never back. */
function nextWatermark(
  watermarkMs: number | null,
  maxEventTimeMs: number | null,
  delayMs: number | null,
): number | null {
  if (delayMs === null || maxEventTimeMs === null) return watermarkMs;
  return Math.max(watermarkMs ?? Number.NEGATIVE_INFINITY, maxEventTimeMs - delayMs);
}
