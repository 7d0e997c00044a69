import type { FormatKind, TextOptions } from '@bifold/adapters/formats';
import { type EventSchema, refuseUnknownOptions } from '@bifold/core/engine';
import type { FilesSinkNode } from '../sinks/files.ts';
import { type Sink, sinkOf } from '../sinks/sink.ts';
import type { FilesNode } from '../sources/files.ts';
import { declaredColumns, type OutputOf } from '../sources/schema.ts';
import { type Source, sourceOf } from '../sources/source.ts';

/** How the text of files is read. `null` lists the texts that mean null. */
interface CsvReading extends Omit<TextOptions, 'nullTexts'> {
  readonly null?: readonly string[];
}

interface FilesOptions {
  /** A local folder, `hdfs://host:port/folder` (the port of WebHDFS) or `s3://bucket/folder`. */
  readonly path: string;
  /** `csv`, `json` (one object a line) or `parquet`. */
  readonly format: FormatKind;
  /** A source only: the schema of a row. Without it the folder is a sink. */
  readonly schema?: EventSchema;
  /** A source only: the most files of a batch; all new files by default. */
  readonly maxFilesPerTrigger?: number;
  /** A source only: how the text of files is read, with the names of the command line. */
  readonly csv?: CsvReading;
  /** A sink only: columns whose values become folders such as `city=Rome`, as in Hive. */
  readonly partitionBy?: readonly string[];
}

interface FilesSourceOptions<S> extends Omit<FilesOptions, 'schema' | 'partitionBy'> {
  readonly schema: S;
}

type FilesSinkOptions = Pick<FilesOptions, 'path' | 'format' | 'partitionBy'>;

/**
 * A folder as a source, with a schema, or as a sink. A source reads each file of the folder and of
 * its subfolders once. A sink writes each batch as separate files, exactly once.
 *
 * @param options - the folder, its format, and the schema of a source
 * @throws {DefinitionError} BIFOLD_UNKNOWN_OPTION if an option does not exist, or belongs to the
 *   other use
 * @example
 * defineStream({
 *   name: 'load-rides',
 *   from: files({ path: 'in/rides', format: 'csv', schema: Ride, maxFilesPerTrigger: 10 }),
 *   sinks: [files({ path: 'out/rides', format: 'parquet', partitionBy: ['city'] })],
 * });
 */
export function files<S extends EventSchema>(options: FilesSourceOptions<S>): Source<OutputOf<S>>;
export function files(options: FilesSinkOptions): Sink<unknown>;
export function files(options: FilesOptions): Source<unknown> | Sink<unknown> {
  const { schema } = options;
  return schema === undefined ? filesSink(options) : filesSource(options, schema);
}

function filesSource(options: FilesOptions, schema: EventSchema): Source<unknown> {
  refuseUnknownOptions('files with a schema', options, ['path', 'format', 'schema', 'maxFilesPerTrigger', 'csv']);
  const { path, format, maxFilesPerTrigger = null, csv = {} } = options;
  const known = ['delimiter', 'quote', 'encoding', 'null', 'decimalComma', 'rename'] as const;
  refuseUnknownOptions('csv of files', csv, known);
  const { null: nullTexts, ...reading } = csv;
  return sourceOf<unknown, FilesNode>({
    kind: 'files',
    path,
    format,
    schema,
    maxFilesPerTrigger,
    csv: nullTexts === undefined ? reading : { ...reading, nullTexts },
    columns: declaredColumns('the files', schema),
    eventTime: null,
  });
}

function filesSink(options: FilesSinkOptions): Sink<unknown> {
  refuseUnknownOptions('files without a schema, a sink,', options, ['path', 'format', 'partitionBy', 'schema']);
  const { path, format, partitionBy = [] } = options;
  return sinkOf<unknown, FilesSinkNode>({ kind: 'files', path, format, partitionBy: [...partitionBy] });
}
