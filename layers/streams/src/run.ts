import { BatchRunner } from './batch.ts';
import { Checkpoint, type CommittedBatch, type PlannedBatch, type Position } from './checkpoint/checkpoint.ts';
import { fingerprintOf } from './checkpoint/fingerprint.ts';
import type { Journal } from './checkpoint/journal.ts';
import { StateLog } from './checkpoint/state.ts';
import type { Stream } from './definition/stream.ts';
import { currentVersions } from './operators/lookups.ts';
import type { Ports } from './ports.ts';
import { Quarantine } from './quarantine.ts';
import { MemoryTables } from './sinks/memory-tables.ts';
import { openSink } from './sinks/registry.ts';
import type { OpenSink } from './sinks/sink.ts';
import { isJoin } from './sources/join.ts';
import { openSource } from './sources/registry.ts';
import type { OpenSource } from './sources/source.ts';

export interface RunOptions {
  /** The journal of the checkpoint. The caller holds its lock. */
  readonly journal: Journal;
  readonly ports: Ports;
  /** Ends the run after the current batch. */
  readonly signal: AbortSignal;
  readonly tables?: MemoryTables;
  readonly onBatch?: (batch: CommittedBatch) => void;
}

/** The pause between two polls of a source that has nothing new. */
const POLL_MS = 100;

/**
 * Runs a stream until its trigger or the signal ends it. A batch that a crash interrupted runs
 * first.
 */
export async function runStream(stream: Stream, options: RunOptions): Promise<void> {
  const { journal, ports, signal, tables = new MemoryTables(), onBatch } = options;
  const checkpoint = await Checkpoint.open(journal, fingerprintOf(stream), () => ({
    id: ports.newId(),
    createdAt: new Date(ports.clock()).toISOString(),
  }));
  const lastCommitted = checkpoint.lastCommitted?.batch ?? -1;
  const state = await StateLog.open(journal, lastCommitted);
  const quarantine = await Quarantine.open(journal, lastCommitted);
  const source = await openSource(stream, journal, ports);
  const sinks: OpenSink[] = [];
  try {
    const context = { output: stream.output, checkpoint: checkpoint.head.id, ports, tables };
    for (const node of stream.sinks) sinks.push(openSink(node, context));
    const runner = new BatchRunner({ stream, checkpoint, state, quarantine, source, sinks, ports });
    const run = async (planned: PlannedBatch): Promise<void> => {
      const committed = await runner.run(planned);
      onBatch?.(committed);
    };
    if (checkpoint.pending !== null) await run(checkpoint.pending);
    const planner = new Planner(stream, checkpoint, source, ports);
    await follow(stream, signal, ports, async () => {
      const planned = await planner.next();
      if (planned === null) return false;
      await checkpoint.plan(planned);
      await run(planned);
      return true;
    });
  } finally {
    await Promise.allSettled([source.close(), ...sinks.map((sink) => sink.close())]);
  }
}

/** Runs batches at the times of the trigger. `attempt` returns whether there was a batch to run. */
async function follow(
  { trigger }: Stream,
  signal: AbortSignal,
  ports: Ports,
  attempt: () => Promise<boolean>,
): Promise<void> {
  while (!signal.aborted) {
    const startedAtMs = ports.clock();
    const ran = await attempt();
    switch (trigger.kind) {
      case 'once':
        return;
      case 'availableNow':
        if (!ran) return;
        break;
      case 'asSoonAsPossible':
        if (!ran && !signal.aborted) await ports.waitUntil(startedAtMs + POLL_MS);
        break;
      case 'processingTime': {
        const { intervalMs } = trigger;
        const next = (Math.floor(startedAtMs / intervalMs) + 1) * intervalMs;
        if (!signal.aborted && ports.clock() < next) await ports.waitUntil(next);
        break;
      }
    }
  }
}

/** Plans the rows of the next batch. */
class Planner {
  private readonly stream: Stream;
  private readonly checkpoint: Checkpoint;
  private readonly source: OpenSource;
  private readonly ports: Ports;
  /** The end position of an `availableNow` run. */
  private goal: Position | null = null;

  constructor(stream: Stream, checkpoint: Checkpoint, source: OpenSource, ports: Ports) {
    this.stream = stream;
    this.checkpoint = checkpoint;
    this.source = source;
    this.ports = ports;
  }

  /**
   * Plans the next batch. Null if there is nothing to do. The very first batch runs even without
   * rows: it fixes the start of the stream.
   */
  async next(): Promise<PlannedBatch | null> {
    const { source, checkpoint, stream } = this;
    const last = checkpoint.lastPlanned;
    const from = last?.to ?? (await source.begin());
    const available = await this.available(from);
    const to = stream.trigger.kind === 'once' ? available : source.bounded(from, available);
    const watermarkMs = checkpoint.lastCommitted?.nextWatermarkMs ?? null;
    const isNew = last === null || JSON.stringify(from) !== JSON.stringify(to);
    if (!isNew && !this.hasRowsToGive(last, watermarkMs)) return null;
    const lookups = await currentVersions(stream.rows.lookups, this.ports);
    return {
      batch: (last?.batch ?? -1) + 1,
      at: new Date(this.ports.clock()).toISOString(),
      from,
      to,
      watermarkMs,
      lateBelowMs: last?.watermarkMs ?? null,
      ...(lookups === undefined ? {} : { lookups }),
    };
  }

  private async available(from: Position): Promise<Position> {
    if (this.stream.trigger.kind !== 'availableNow') return this.source.available(from);
    this.goal ??= await this.source.available(from);
    return this.goal;
  }

  /**
   * Whether an empty batch is needed, as in Spark: the watermark has passed windows or waiting rows
   * of a join, and no new row triggers a batch.
   */
  private hasRowsToGive(last: PlannedBatch | null, watermarkMs: number | null): boolean {
    const { source, aggregation, outputMode } = this.stream;
    const keepsRowsBack = isJoin(source) && source.within !== null;
    const keepsWindowsBack = aggregation !== null && outputMode !== 'complete';
    if ((!keepsRowsBack && !keepsWindowsBack) || watermarkMs === null) return false;
    return watermarkMs > (last?.watermarkMs ?? Number.NEGATIVE_INFINITY);
  }
}
