import { createHash } from 'node:crypto';
import {
  type Decoded,
  type Fold,
  type LogRecord,
  type QuarantineEntry,
  type ResolveLookup,
  SegmentFold,
  segmentOf,
} from '@bifold/core/engine';
import type { BoundLookups } from './lookups.ts';
import type { StatefulResult } from './stateful-operators.ts';

const PAYLOAD_LIMIT_BYTES = 8 * 1024;

interface FoldedRecords {
  readonly segments: readonly SegmentFold[];
  readonly quarantine: readonly QuarantineEntry[];
}

export function foldRecords(
  fold: Fold,
  partition: number,
  records: readonly LogRecord[],
  decoded: readonly Decoded[],
  { dropped, pairs }: StatefulResult,
  first: SegmentFold | null,
  lookups: BoundLookups,
): FoldedRecords {
  const { segmentSize } = fold.pipeline.plan.storage;
  const segments: SegmentFold[] = first === null ? [] : [first];
  const quarantine: QuarantineEntry[] = [];
  let current = first;
  let resolve: ResolveLookup = lookups.of(current?.segment ?? -1);
  for (let index = 0; index < records.length; index++) {
    const record = records[index] as LogRecord;
    const event = decoded[index] as Decoded;
    const segment = segmentOf(record.offset, segmentSize);
    if (current === null || segment !== current.segment) {
      // The batch began in an earlier segment, so it contains this segment from its first offset.
      current = new SegmentFold(fold, partition, segment, []);
      segments.push(current);
      resolve = lookups.of(segment);
    }
    if (dropped.has(record.offset)) continue;
    if (event.kind === 'poison') {
      current.addPoison(record.offset, event.reason);
      quarantine.push(quarantineEntry(record, segment, event.reason, event.detail));
      continue;
    }
    if (pairs !== null) {
      const completed = pairs.get(record.offset) ?? [];
      current.addTimedEvents(
        record.offset,
        completed.flatMap(({ timeMs, values }) => fold.enrich(values, resolve).map((slots) => ({ timeMs, slots }))),
      );
      continue;
    }
    current.addEvents(record.offset, event.timeMs, fold.enrich(event.values, resolve));
  }
  return { segments, quarantine };
}

export function quarantineEntry(record: LogRecord, segment: number, reason: string, detail: string): QuarantineEntry {
  const { partition, offset, timestampMs, value } = record;
  return {
    partition,
    offset,
    segment,
    reason,
    detail,
    timestampMs,
    payload: value?.subarray(0, PAYLOAD_LIMIT_BYTES) ?? null,
    payloadSizeBytes: value?.length ?? 0,
    payloadSha256: createHash('sha256')
      .update(value ?? '')
      .digest('hex'),
  };
}
