import { setImmediate } from 'node:timers/promises';
import type { LogRecord, ResolvedSources } from '@bifold/core/engine';
import { readRecordSources } from '@bifold/engine';
import { offsetsIn, type RecordSources } from './record-sources.ts';

/** How long a fold may hold the event loop. */
const TURN_MS = 50;

/**
 * The records of their sources, for a fold in memory. The records of one fetch are there already,
 * so a fold over them never waits. It would hold the event loop for tens of thousands of records.
 * The answers to requests in flight would lie unread meanwhile, until their time is over. So the
 * event loop gets a turn every 50 ms.
 * @param onTurn called at each turn
 */
export async function* foldedRecords(
  located: ResolvedSources,
  stored: RecordSources,
  onTurn: (records: number, offsets: number) => void = () => {},
): AsyncGenerator<LogRecord> {
  const offsets = offsetsIn(located.log) + offsetsIn(located.archive);
  let records = 0;
  let turnedAtMs = performance.now();
  for await (const record of readRecordSources(located, stored)) {
    yield record;
    records++;
    if (performance.now() - turnedAtMs < TURN_MS) continue;
    onTurn(records, offsets);
    await setImmediate();
    turnedAtMs = performance.now();
  }
}
