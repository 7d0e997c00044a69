import type { FormatKind } from '@bifold/adapters/formats';
import type { EventSchema } from '@bifold/core/engine';
import type { Sink } from '../sinks/sink.ts';
import type { OutputOf, Source } from './source.ts';

interface Reading<S> {
  readonly path: string;
  readonly format: FormatKind;
  readonly schema: S;
  readonly maxFilesPerTrigger?: number;
  readonly csv?: { readonly delimiter?: string; readonly nullText?: string };
}

interface Writing {
  readonly path: string;
  readonly format: FormatKind;
  /** Columns whose values become folders, `name=value`, as Hive has them. */
  readonly partitionBy?: readonly string[];
}

/**
 * A folder as a source (with a schema) or as a sink. A source reads each file in it and in its
 * subfolders once. A sink writes each batch as separate files.
 */
export function files<S extends EventSchema>(options: Reading<S>): Source<OutputOf<S>>;
export function files(options: Writing): Sink<unknown>;
export function files(
  options: Partial<Reading<EventSchema>> & Writing,
): Partial<Source<unknown>> & Partial<Sink<unknown>> {
  const { path, format, schema, partitionBy = [], maxFilesPerTrigger = null, csv = {} } = options;
  if (schema === undefined) {
    return Object.freeze({ sink: Object.freeze({ kind: 'files', path, format, partitionBy: [...partitionBy] }) });
  }
  const { delimiter = ',', nullText = 'NA' } = csv;
  return Object.freeze({
    source: Object.freeze({ kind: 'files', path, format, schema, maxFilesPerTrigger, csv: { delimiter, nullText } }),
  });
}
