/**
 * The Cassandra tables, as data: the adapter makes its statements from them, deployment creates
 * them. One set of tables serves all pipelines, since every key carries the view version and the
 * topic id.
 *
 * `conditional` tables (pointer, bindings) are only ever written with IF, and never share a row
 * with log-timestamped writes.
 */
export interface TableDescription {
  readonly name: string;
  readonly columns: Readonly<Record<string, string>>;
  readonly partitionKey: readonly string[];
  readonly clusteringKey: readonly string[];
  /** The source of the write timestamps of its cells. */
  readonly writes: 'logPosition' | 'generation' | 'conditional' | 'plain';
  readonly comment: string;
}

const SCOPE = { version: 'text', topic_id: 'uuid' } as const;

export const TABLES = {
  fragments: {
    name: 'fragments',
    columns: {
      ...SCOPE,
      bucket: 'int',
      partition: 'int',
      segment: 'bigint',
      key: 'text',
      window: 'text',
      start: 'bigint',
      cell: 'blob',
    },
    partitionKey: ['version', 'topic_id', 'bucket', 'partition', 'segment'],
    clusteringKey: ['key', 'window', 'start'],
    writes: 'logPosition',
    comment: 'speed layer: the state of one (key, window) over a prefix of one segment',
  },
  progress: {
    name: 'progress',
    columns: { ...SCOPE, partition: 'int', segment: 'bigint', next: 'bigint' },
    partitionKey: ['version', 'topic_id', 'partition'],
    clusteringKey: ['segment'],
    writes: 'logPosition',
    comment: 'speed layer: the offset up to which a segment is complete from its first',
  },
  partitions: {
    name: 'partitions',
    columns: { ...SCOPE, partition: 'int' },
    partitionKey: ['version', 'topic_id'],
    clusteringKey: ['partition'],
    writes: 'logPosition',
    comment: 'partitions that the speed layer has seen',
  },
  sweeps: {
    name: 'sweeps',
    columns: { ...SCOPE, partition: 'int', below: 'bigint' },
    partitionKey: ['version', 'topic_id'],
    clusteringKey: ['partition'],
    writes: 'logPosition',
    comment: 'first segment of each partition whose fragments the sweeper has not deleted',
  },
  quarantine: {
    name: 'quarantine',
    columns: {
      ...SCOPE,
      partition: 'int',
      segment: 'bigint',
      offset: 'bigint',
      reason: 'text',
      detail: 'text',
      timestamp: 'bigint',
      payload: 'blob',
      payload_size: 'bigint',
      payload_sha256: 'text',
    },
    partitionKey: ['version', 'topic_id', 'partition', 'segment'],
    clusteringKey: ['offset'],
    writes: 'logPosition',
    comment: 'records that did not parse or validate',
  },
  operatorState: {
    name: 'operator_state',
    columns: { ...SCOPE, partition: 'int', id: 'text', time: 'bigint', offset: 'bigint', event: 'text' },
    partitionKey: ['version', 'topic_id', 'partition', 'id'],
    clusteringKey: ['time', 'offset'],
    writes: 'logPosition',
    comment: 'what came before, of views that look back: where ids came, and with what events are joined',
  },
  batchRows: {
    name: 'batch_rows',
    columns: { ...SCOPE, run: 'text', bucket: 'int', key: 'text', window: 'text', start: 'bigint', cell: 'blob' },
    partitionKey: ['version', 'topic_id', 'run', 'bucket'],
    clusteringKey: ['key', 'window', 'start'],
    writes: 'generation',
    comment: 'batch layer: the state of one (key, window) below the cut of a run',
  },
  runs: {
    name: 'runs',
    columns: { ...SCOPE, generation: 'bigint', run: 'text' },
    partitionKey: ['version', 'topic_id'],
    clusteringKey: ['generation', 'run'],
    writes: 'generation',
    comment: 'batch layer: runs that may have rows, known to the sweeper before the first one',
  },
  pointer: {
    name: 'pointer',
    columns: { ...SCOPE, generation: 'bigint', state: 'text' },
    partitionKey: ['version', 'topic_id'],
    clusteringKey: [],
    writes: 'conditional',
    comment: 'which runs are published: moved by one compare-and-set, never deleted',
  },
  bindings: {
    name: 'bindings',
    columns: { ...SCOPE, partition: 'int', segment: 'bigint', name: 'text', bound: 'text' },
    partitionKey: ['version', 'topic_id', 'partition'],
    clusteringKey: ['segment', 'name'],
    writes: 'conditional',
    comment: 'the version of a lookup table that a segment is folded with',
  },
  lookupRows: {
    name: 'lookup_rows',
    columns: { name: 'text', table_version: 'text', bucket: 'int', key: 'text', row: 'text' },
    partitionKey: ['name', 'table_version', 'bucket'],
    clusteringKey: ['key'],
    writes: 'plain',
    comment: 'rows of lookup tables, in whole immutable versions',
  },
  lookupVersions: {
    name: 'lookup_versions',
    columns: { name: 'text', current: 'text' },
    partitionKey: ['name'],
    clusteringKey: [],
    writes: 'plain',
    comment: 'the current version of each lookup table, for segments that are not bound yet',
  },
  modelPointers: {
    name: 'model_pointers',
    columns: { name: 'text', generation: 'bigint', state: 'text' },
    partitionKey: ['name'],
    clusteringKey: [],
    writes: 'conditional',
    comment: 'which versions of a model are used: moved by one compare-and-set, never deleted',
  },
  cursorKeys: {
    name: 'cursor_keys',
    columns: { period: 'bigint', key: 'blob' },
    partitionKey: ['period'],
    clusteringKey: [],
    writes: 'conditional',
    comment: 'the secret that cursors of a period are sealed with: made by whoever needs it first, never changed',
  },
  plans: {
    name: 'plans',
    columns: { version: 'text', plan: 'text' },
    partitionKey: ['version'],
    clusteringKey: [],
    writes: 'plain',
    comment: 'the plan of each version that was deployed, as canonical JSON',
  },
  aliases: {
    name: 'aliases',
    columns: { pipeline: 'text', topic_id: 'uuid', generation: 'bigint', state: 'text' },
    partitionKey: ['pipeline', 'topic_id'],
    clusteringKey: [],
    writes: 'conditional',
    comment: 'which version of a view answers: moved by one compare-and-set, never deleted',
  },
} as const satisfies Record<string, TableDescription>;

export type TableName = keyof typeof TABLES;

/**
 * Write timestamps of the speed table are `LOG_TIMESTAMP_BASE_US + offset`: below any wall clock of
 * today, so that no clock is needed, and far above zero. Every topic id has keys of its own, so one
 * base serves all of them.
 */
export const LOG_TIMESTAMP_BASE_US = 1_600_000_000_000_000n;

/** The write timestamp of what the log determines up to `offset`. Microseconds. */
export function logTimestampUs(offset: number): bigint {
  return LOG_TIMESTAMP_BASE_US + BigInt(offset);
}

/**
 * Reads must see every write that a quorum acknowledged, even after a write that timed out. Hence
 * blocking read repair, and a `gc_grace_seconds` longer than any hint or zombie write takes to
 * arrive.
 */
export const TABLE_OPTIONS = {
  read_repair: "'BLOCKING'",
  gc_grace_seconds: '864000',
  default_time_to_live: '0',
} as const;

/** `CREATE TABLE IF NOT EXISTS`, from a description. */
export function createTableCql(keyspace: string, table: TableDescription): string {
  const columns = Object.entries(table.columns).map(([name, type]) => `${name} ${type}`);
  const clustering = table.clusteringKey.map((column) => `, ${column}`).join('');
  const options = Object.entries({ ...TABLE_OPTIONS, comment: `'${table.comment}'` }).map(
    ([name, value]) => `${name} = ${value}`,
  );
  return `CREATE TABLE IF NOT EXISTS ${keyspace}.${table.name} (${columns.join(', ')}, PRIMARY KEY ((${table.partitionKey.join(', ')})${clustering})) WITH ${options.join(' AND ')}`;
}

/** The bucket of a canonical key: FNV-1a over UTF-16 code units, the same in every layer. */
export function bucketOf(key: string, buckets: number): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index++) {
    hash ^= key.charCodeAt(index);
    hash = Math.imul(hash, 0x01000193);
  }
  return (hash >>> 0) % buckets;
}
