import type { FormatKind } from '@bifold/adapters/formats';
import { type EventSchema, refuseUnknownOptions } from '@bifold/core/engine';
import type { FilesSinkNode } from '../sinks/files.ts';
import { type Sink, sinkOf } from '../sinks/sink.ts';
import type { FilesNode } from '../sources/files.ts';
import { declaredColumns, type OutputOf } from '../sources/schema.ts';
import { type Source, sourceOf } from '../sources/source.ts';

interface FilesSourceOptions<S> {
  readonly path: string;
  readonly format: FormatKind;
  readonly schema: S;
  readonly maxFilesPerTrigger?: number;
  readonly csv?: { readonly delimiter?: string; readonly nullText?: string };
}

interface FilesSinkOptions {
  readonly path: string;
  readonly format: FormatKind;
  /** Columns whose values become folders, `name=value`, as Hive has them. */
  readonly partitionBy?: readonly string[];
}

/**
 * A folder as a source (with a schema) or as a sink. A source reads each file in it and in its
 * subfolders once. A sink writes each batch as separate files.
 */
export function files<S extends EventSchema>(options: FilesSourceOptions<S>): Source<OutputOf<S>>;
export function files(options: FilesSinkOptions): Sink<unknown>;
export function files(options: FilesSourceOptions<EventSchema> | FilesSinkOptions): Source<unknown> | Sink<unknown> {
  return 'schema' in options && options.schema !== undefined ? filesSource(options) : filesSink(options);
}

function filesSource(options: FilesSourceOptions<EventSchema>): Source<unknown> {
  refuseUnknownOptions('files with a schema', options, ['path', 'format', 'schema', 'maxFilesPerTrigger', 'csv']);
  const { path, format, schema, maxFilesPerTrigger = null, csv = {} } = options;
  refuseUnknownOptions('csv of files', csv, ['delimiter', 'nullText']);
  const { delimiter = ',', nullText = 'NA' } = csv;
  return sourceOf<unknown, FilesNode>({
    kind: 'files',
    path,
    format,
    schema,
    maxFilesPerTrigger,
    csv: { delimiter, nullText },
    columns: declaredColumns('the files', schema),
    eventTime: null,
  });
}

function filesSink(options: FilesSinkOptions): Sink<unknown> {
  refuseUnknownOptions('files without a schema, a sink,', options, ['path', 'format', 'partitionBy', 'schema']);
  const { path, format, partitionBy = [] } = options;
  return sinkOf<unknown, FilesSinkNode>({ kind: 'files', path, format, partitionBy: [...partitionBy] });
}
