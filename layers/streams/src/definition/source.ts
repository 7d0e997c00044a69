import type { FormatKind } from '@bifold/adapters/formats';
import type { Topic } from '@bifold/core';
import { type Column, columnsOf, type EventSchema, type EventTime, type RowPlan } from '@bifold/core/engine';

/** The origin of rows. `E` is the TypeScript type of a row. */
export interface Source<out E> {
  readonly source: SourceNode;
  readonly '~event'?: E;
}

export type SourceNode = InputNode | JoinNode;

/** A source that is not a join. */
export type InputNode = RateNode | FilesNode | KafkaNode | UnionNode;

export interface RateNode {
  readonly kind: 'rate';
  readonly rowsPerSecond: number;
}

export interface FilesNode {
  readonly kind: 'files';
  readonly path: string;
  readonly format: FormatKind;
  readonly schema: EventSchema;
  readonly maxFilesPerTrigger: number | null;
  readonly csv: CsvOptions;
}

export interface CsvOptions {
  readonly delimiter: string;
  /** The text that means null. An empty cell of a nullable column is null too. */
  readonly nullText: string;
}

/**
 * The start of a stream without a checkpoint: an end of the log, the first records at or after a
 * time, or offsets by topic and partition.
 */
export type StartingOffsets =
  | 'earliest'
  | 'latest'
  | { readonly timestamp: string }
  | { readonly [topic: string]: { readonly [partition: string]: number } };

export interface KafkaNode {
  readonly kind: 'kafka';
  readonly topics: readonly string[] | { readonly pattern: string };
  /** Null if rows are Kafka records, with the columns `RAW_COLUMNS`. */
  readonly schema: EventSchema | null;
  readonly startingOffsets: StartingOffsets;
  readonly maxOffsetsPerTrigger: number | null;
  /** The event time that the definition of the topic declares. */
  readonly eventTime: EventTime | null;
}

/** Several sources, read as one. */
export interface UnionNode {
  readonly kind: 'union';
  readonly inputs: readonly InputNode[];
  readonly columns: readonly Column[];
  readonly eventTime: EventTime | null;
}

/** The sides whose rows also appear without a partner: none, the left, the right, or both. */
export type JoinType = 'inner' | 'left' | 'right' | 'full';

/** Two sources, joined. */
export interface JoinNode {
  readonly kind: 'join';
  readonly type: JoinType;
  readonly left: JoinSide;
  readonly right: JoinSide;
  readonly on: readonly (readonly [left: string, right: string])[];
  /**
   * The greatest time by which the partner of a left row may come before or after it; null for any
   * time.
   */
  readonly within: { readonly beforeMs: number; readonly afterMs: number } | null;
  /** The columns of the joined rows. */
  readonly columns: readonly Column[];
  readonly eventTime: EventTime | null;
}

export interface JoinSide {
  readonly name: string;
  readonly source: InputNode;
  /** The plan of a record's row on this side: columns, derived columns and condition. */
  readonly rows: RowPlan;
  readonly eventTime: EventTime | null;
  /** The delay of this side's watermark; null without one. */
  readonly latenessMs: number | null;
  /** The columns of the joined side: the source's columns and the derived ones. */
  readonly output: readonly Column[];
}

/** The columns of the rate source, as in Spark. */
export interface RateRow {
  readonly timestamp: string;
  readonly value: number;
}

/** A Kafka record as a row, used without a schema. */
export interface KafkaRow {
  readonly key: string | null;
  readonly value: string | null;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: string;
}

const column = (name: string, type: Column['type'], nullable = false): Column =>
  Object.freeze({ name, type, nullable });

const RATE_COLUMNS: readonly Column[] = [column('timestamp', 'timestamp'), column('value', 'integer')];
const RAW_COLUMNS: readonly Column[] = [
  column('key', 'text', true),
  column('value', 'text', true),
  column('topic', 'text'),
  column('partition', 'integer'),
  column('offset', 'integer'),
  column('timestamp', 'timestamp'),
];

/** The columns of a source's rows, in display order. */
export function sourceColumns(node: SourceNode): readonly Column[] {
  switch (node.kind) {
    case 'rate':
      return RATE_COLUMNS;
    case 'files':
      return inDeclaredOrder('the files', node.schema);
    case 'kafka':
      return node.schema === null ? RAW_COLUMNS : inDeclaredOrder('the topic', node.schema);
    case 'union':
    case 'join':
      return node.columns;
  }
}

/**
 * Restores the order of the schema. Core sorts columns by name, so that their order carries no
 * meaning.
 */
function inDeclaredOrder(role: string, schema: EventSchema): readonly Column[] {
  const columns = new Map(columnsOf(role, schema).map((each) => [each.name, each]));
  const described = schema['~standard'].jsonSchema.input({ target: 'draft-2020-12' });
  return Object.keys(described.properties as object).map((name) => columns.get(name) as Column);
}

/** The event time that a source declares. */
export function sourceEventTime(node: SourceNode): EventTime | null {
  switch (node.kind) {
    case 'rate':
      return { kind: 'dateTime', field: 'timestamp' };
    case 'files':
      return null;
    case 'kafka':
      return node.schema === null ? { kind: 'dateTime', field: 'timestamp' } : node.eventTime;
    case 'union':
    case 'join':
      return node.eventTime;
  }
}

/**
 * Generates rows at a fixed rate, starting with the first batch of the stream. Each row has its
 * time, and a number that grows by one.
 */
export function rate(options: { readonly rowsPerSecond?: number } = {}): Source<RateRow> {
  const { rowsPerSecond = 1 } = options;
  return Object.freeze({ source: Object.freeze({ kind: 'rate', rowsPerSecond }) });
}

/** The TypeScript type of a record that the schema accepts. */
export type OutputOf<S extends EventSchema> = NonNullable<S['~standard']['types']>['output'];

export type TopicLike = Pick<Topic<unknown>, 'name' | 'schema' | 'eventTime'>;
