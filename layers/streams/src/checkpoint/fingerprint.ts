import type { Stream } from '../definition/stream.ts';
import { sinkFingerprint } from '../sinks/registry.ts';
import { sourceFingerprint } from '../sources/registry.ts';
import { columnsFingerprint } from '../sources/schema.ts';

/**
 * The parts of a definition to which a checkpoint is bound: those that decide which rows a batch
 * contains and where they go. Triggers, limits, starting offsets and console settings may change
 * from one run to the next.
 */
export function fingerprintOf(stream: Stream): Readonly<Record<string, unknown>> {
  const { columns, lookups, flatMap, derived, where = null } = stream.rows;
  const { groupBy, windows, aggregates } = stream.aggregation ?? {};
  const fingerprint = {
    name: stream.name,
    from: sourceFingerprint(stream.source),
    columns: columnsFingerprint(columns),
    eventTime: stream.eventTime,
    lookups,
    flatMap,
    derived,
    where,
    dropDuplicates: stream.dropDuplicates?.by ?? null,
    latenessMs: stream.latenessMs,
    outputMode: stream.outputMode,
    groupBy,
    windows,
    aggregates,
    sinks: stream.sinks.map(sinkFingerprint),
  };
  // Absent parts, which are undefined here, are left out.
  return JSON.parse(JSON.stringify(fingerprint));
}
