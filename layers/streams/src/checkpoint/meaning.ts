import type { AggregationPlan, Column } from '@bifold/core/engine';
import type { JoinSide, SourceNode } from '../definition/source.ts';
import type { Stream } from '../definition/stream.ts';
import { sinkFingerprint } from '../sinks/registry.ts';

/**
 * The parts of a definition to which a checkpoint is bound: those that decide which rows a batch
 * contains and where they go. Triggers, limits, starting offsets and console settings may change
 * from one run to the next.
 */
export function fingerprintOf(stream: Stream): Readonly<Record<string, unknown>> {
  const { columns, lookups, flatMap, derived, where = null } = stream.rows;
  const meaning = {
    name: stream.name,
    from: sourceFingerprint(stream.source),
    columns: columnsFingerprint(columns),
    eventTime: stream.eventTime,
    lookups,
    ...(flatMap === undefined ? {} : { flatMap }),
    derived,
    where,
    dropDuplicates: stream.dropDuplicates?.by ?? null,
    latenessMs: stream.latenessMs,
    outputMode: stream.outputMode,
    ...(stream.aggregation === null ? {} : aggregationFingerprint(stream.aggregation)),
    sinks: stream.sinks.map(sinkFingerprint),
  };
  return JSON.parse(JSON.stringify(meaning));
}

function sourceFingerprint(source: SourceNode): object {
  switch (source.kind) {
    case 'rate':
      return source;
    case 'files':
      return { kind: source.kind, path: source.path, format: source.format, csv: source.csv };
    case 'kafka':
      return { kind: source.kind, topics: source.topics };
    case 'union':
      return { kind: source.kind, inputs: source.inputs.map(sourceFingerprint) };
    case 'join': {
      const { kind, type, on, within } = source;
      return { kind, type, on, within, left: sideFingerprint(source.left), right: sideFingerprint(source.right) };
    }
  }
}

function aggregationFingerprint({ groupBy, windows, aggregates }: AggregationPlan): object {
  return { groupBy, windows, aggregates };
}

function sideFingerprint({ name, source, rows, eventTime, latenessMs }: JoinSide): object {
  const { columns, derived, where = null } = rows;
  return {
    name,
    from: sourceFingerprint(source),
    columns: columnsFingerprint(columns),
    eventTime,
    latenessMs,
    derived,
    where,
  };
}

function columnsFingerprint(columns: readonly Column[]): object {
  return Object.fromEntries(columns.map(({ name, type, nullable }) => [name, { type, nullable }]));
}
