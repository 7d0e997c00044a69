import type { Pipeline } from '@bifold/core';
import {
  type Coverage,
  cutOf,
  foldOf,
  type Log,
  type LogRecord,
  normalRanges,
  type Pointer,
  type Range,
  segmentOf,
  segmentStart,
} from '@bifold/core/engine';
import type { SpeedPorts } from '../speed/ports.ts';
import { foldDelivery } from '../speed/speed.ts';
import { coldState } from '../speed/warm-state.ts';

const FETCH_BYTES = 8 * 1024 * 1024;
const RECORDS_AT_ONCE = 5_000;

export interface RestoredHead {
  readonly records: number;
  /**
   * Offsets above the cuts that neither the archive nor the log still has. Answers name them as
   * gaps.
   */
  readonly lost: Coverage;
}

/**
 * Folds the records above the cuts, as deliveries of the topic would. It starts at the first record
 * of a segment, so rows left by other writers do not matter. It stops at the end that the log had
 * at the start.
 */
export async function foldHead(
  pipeline: Pipeline,
  pointer: Pointer,
  log: Log,
  ports: Omit<SpeedPorts, 'log' | 'batch' | 'published'>,
): Promise<RestoredHead> {
  const { segmentSize } = pipeline.plan.storage;
  const fold = foldOf(pipeline);
  const warm = coldState();
  const folding: SpeedPorts = {
    ...ports,
    log,
    // No reader sees this run yet. It is published when it is complete.
    batch: { readPointer: async () => pointer },
    published: { check: async () => undefined },
  };
  const lost: Record<string, readonly Range[]> = {};
  let records = 0;
  for (const partition of await log.partitions()) {
    const { end } = await log.bounds(partition);
    for (let position = segmentStart(cutOf(pointer.current, partition), segmentSize); position < end; ) {
      const slice = await log.read(partition, position, end, FETCH_BYTES);
      if (slice.logStart > position) {
        const lostEnd = Math.min(slice.logStart, end);
        lost[partition] = normalRanges([...(lost[partition] ?? []), [position, lostEnd]]);
        // Functions that ran while the database was emptied may have written progress without the
        // matching rows. So the segments with lost records are closed to the speed layer. For a
        // view with stateful operators, all later segments are closed too.
        const closedEnd = fold.statefulStage === null ? lostEnd : end;
        const last = segmentOf(closedEnd - 1, segmentSize);
        for (let segment = segmentOf(position, segmentSize); segment <= last; segment++)
          await ports.store.closeSegment(partition, segment);
      }
      for (const chunk of chunksOf(slice.records)) {
        await foldDelivery(fold, new Map([[partition, chunk]]), folding, warm);
        records += chunk.length;
      }
      // The fetch returned nothing, although the log has more. The next delivery folds it.
      if (slice.end <= position) break;
      position = slice.end;
    }
  }
  return { records, lost };
}

function* chunksOf(records: readonly LogRecord[]): Generator<readonly LogRecord[]> {
  for (let from = 0; from < records.length; from += RECORDS_AT_ONCE) yield records.slice(from, from + RECORDS_AT_ONCE);
}
