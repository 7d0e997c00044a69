import type { LogRecord } from '@bifold/core';
import type { RecordsBatch } from '@platformatic/kafka';

const LOG_APPEND_TIME = 1 << 3;
const TRANSACTIONAL = 1 << 4;
const CONTROL = 1 << 5;
const ABORT_MARKER = 0;

export interface AbortedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: bigint;
}

/**
 * The committed records of `[from, to)` in fetched batches, and the offset up to which the batches go, holes included: control records and the records of
 * aborted transactions are left out. The broker lists, by producer and first offset, the aborted transactions that touch what it sent; each ends at that producer's next marker.
 */
export function committedRecords(
  partition: number,
  batches: readonly RecordsBatch[],
  aborted: readonly AbortedTransaction[],
  from: number,
  to: number,
): { readonly records: LogRecord[]; readonly end: number } {
  const pending = [...aborted].sort((left, right) => Number(left.firstOffset - right.firstOffset));
  const aborting = new Set<bigint>();
  const records: LogRecord[] = [];
  let end = from;
  for (const batch of batches) {
    const first = Number(batch.firstOffset);
    const last = first + batch.lastOffsetDelta;
    while (pending[0] !== undefined && pending[0].firstOffset <= BigInt(last)) {
      aborting.add((pending.shift() as AbortedTransaction).producerId);
    }
    end = Math.max(end, last + 1);
    if (batch.attributes & CONTROL) {
      // The key of a marker is (version, type), 16 bits each.
      const marker = batch.records[0]?.key;
      if (marker && marker.length >= 4 && marker.readInt16BE(2) === ABORT_MARKER) aborting.delete(batch.producerId);
      continue;
    }
    if (batch.attributes & TRANSACTIONAL && aborting.has(batch.producerId)) continue;
    // With LogAppendTime the broker stamps the batch alone, as its maximum, and leaves the producer's clock in the records.
    const stamped = batch.attributes & LOG_APPEND_TIME ? Number(batch.maxTimestamp) : null;
    const base = Number(batch.firstTimestamp);
    for (const record of batch.records) {
      const offset = first + record.offsetDelta;
      if (offset < from || offset >= to) continue;
      records.push({
        partition,
        offset,
        timestampMs: stamped ?? base + Number(record.timestampDelta),
        key: record.key,
        value: record.value,
        headers: record.headers.map(([key, value]) => ({ key: key?.toString('utf8') ?? '', value })),
      });
    }
  }
  return { records, end: Math.min(end, to) };
}
