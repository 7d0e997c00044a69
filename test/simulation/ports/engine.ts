import type { Pipeline } from '@bifold/core';
import {
  type ColumnShape,
  type Decoded,
  enrichedSql,
  type Fold,
  foldOf,
  InMemoryStatefulStage,
  type LogRecord,
  nonPushdownInputSql,
  originHeader,
  type Plan,
  quarantinedSql,
  type RowChunks,
  SCORES,
  type SqlEngine,
  type SqlValue,
  type TableColumn,
  type Value,
  viewSql,
  watermarksSql,
  withModels,
} from '@bifold/core/engine';
import {
  inexactOf,
  lookupsOf,
  type PlacedEvent,
  panesOf,
  type Resolve,
  scoredBefore,
  scoresIn,
  unscoredOf,
} from './engine-rows.ts';

/** Files on the local disks of all functions, by path: names are never used twice. */
export type LocalFiles = Map<string, readonly TableColumn[]>;

const KEPT_COLUMNS = ['_partition', '_offset', '_timestamp_ms', '_key', '_value', '_headers'];
const KEPT_RECORDS = new RegExp(
  `^SELECT ${KEPT_COLUMNS.join(', ')} FROM read_parquet\\('([^']*)'\\) WHERE _offset >= (\\d+) AND _offset < (\\d+)$`,
);

const OPERATOR_STATE =
  /^SELECT _offset, _reason, _event_time_ms, .* WHERE _partition = (\d+)\) WHERE _offset >= (\d+) AND _offset < (\d+)$/;

const UNSCORED = /^SELECT _partition, _offset, ((?:"[^"]*"(?:, )?)+) FROM \(/;

/**
 * A fake of DuckDB. It recognises the statements that core writes for a plan, and answers each by
 * its meaning: the plain fold over the loaded files. The SQL laws verify against DuckDB that the
 * statements have this meaning.
 */
export function foldingEngine(pipeline: Pipeline, files: LocalFiles): SqlEngine {
  return new FoldingEngine(pipeline, files);
}

class FoldingEngine implements SqlEngine {
  readonly #fold: Fold;
  readonly #files: LocalFiles;
  readonly #enriched: string;
  readonly #tables = new Map<string, readonly TableColumn[]>();
  /** By partition, the offset that the batch ends at. */
  #limits = new Map<number, number>();
  /** In the order of each partition. */
  #covered: readonly LogRecord[] = [];
  /** By position, the scores of its record. */
  #scores = new Map<string, readonly Value[]>();

  constructor(pipeline: Pipeline, files: LocalFiles) {
    this.#fold = foldOf(pipeline);
    this.#files = files;
    this.#enriched = `(${enrichedSql(pipeline.plan, 'covered', 'bindings')})`;
  }

  get #plan(): Plan {
    return this.#fold.pipeline.plan;
  }

  async writeParquet(path: string, columns: readonly ColumnShape[], rows: RowChunks): Promise<void> {
    const written = columns.map(({ name, type }) => ({ name, type, values: [] as SqlValue[] }));
    for await (const stretch of rows)
      for (const [index, { values }] of written.entries()) values.push(...(stretch[index] ?? []));
    this.#files.set(path, written);
  }

  async createTable(name: string, columns: readonly TableColumn[]): Promise<void> {
    this.#tables.set(name, columns);
    if (name === SCORES) this.#scores = new Map(scoresIn(columns));
  }

  async run(sql: string): Promise<void> {
    if (sql.startsWith('CREATE TABLE cuts')) {
      this.#limits = new Map(
        Array.from(sql.matchAll(/\((\d+), (\d+)\)/g), ([, name, below]) => [Number(name), Number(below)]),
      );
      return;
    }
    if (sql.startsWith(`CREATE VIEW ${SCORES} `)) {
      this.#scores = new Map(quotedIn(sql).flatMap((path) => scoresIn(fileOf(this.#files, path))));
      return;
    }
    const [, paths] = /^CREATE VIEW covered AS .*read_parquet\(\[(.*)\]\)/.exec(sql) ?? [];
    if (paths === undefined) throw new Error(`the simulated engine does not know: ${sql}`);
    this.#load(quotedIn(paths));
  }

  async *query(sql: string): AsyncIterable<SqlValue[][]> {
    yield this.#answer(sql);
  }

  async close(): Promise<void> {}

  #load(paths: readonly string[]): void {
    const loaded = paths
      .flatMap((path) => recordsIn(fileOf(this.#files, path)))
      .filter(({ partition, offset }) => offset < (this.#limits.get(partition) ?? 0));
    this.#covered = this.#plan.relay === undefined ? loaded : firstCopies(loaded);
  }

  #answer(sql: string): SqlValue[][] {
    const { late } = this.#plan;
    const [, path, start, end] = KEPT_RECORDS.exec(sql) ?? [];
    if (path !== undefined) return keptIn(fileOf(this.#files, path), Number(start), Number(end));
    if (sql === quarantinedSql('covered')) return this.#quarantined();
    const [, partition, from, to] = OPERATOR_STATE.exec(sql) ?? [];
    if (partition !== undefined) return this.#operatorState(Number(partition), Number(from), Number(to));
    if (late !== undefined && sql === watermarksSql(late, 'covered')) return this.#watermarks(late);
    if (sql.startsWith('SELECT _reason, count(*)')) return this.#poisonCounts();
    const [, fields] = UNSCORED.exec(sql) ?? [];
    if (fields !== undefined) {
      const names = fields.split(', ').map((field) => field.slice(1, -1));
      return unscoredOf(this.#fold, names, this.#events(), this.#lookups());
    }
    return this.#windowRows(sql);
  }

  #decode({ value, headers }: LogRecord): Decoded {
    return this.#fold.decode(value, headers);
  }

  /** A stage that has seen nothing yet; null where a plan has no stateful operators. */
  #statefulStage(): InMemoryStatefulStage | null {
    return this.#fold.statefulStage && new InMemoryStatefulStage(this.#fold.statefulStage);
  }

  /** The events of the records, given the earlier ones. */
  #events(): readonly PlacedEvent[] {
    const earlier = this.#statefulStage();
    return this.#covered.flatMap((record) => {
      const { partition, offset } = record;
      const decoded = this.#decode(record);
      const admitted = earlier?.process(record, decoded) ?? decoded;
      if (admitted.kind === 'poison') return [];
      const own = admitted.kind === 'event' ? [admitted] : admitted.events;
      return own.map(({ timeMs, values }) => ({ partition, offset, timeMs, values }));
    });
  }

  #quarantined(): SqlValue[][] {
    const earlier = this.#statefulStage();
    return this.#covered.flatMap((record) => {
      const decoded = this.#decode(record);
      if ((earlier?.process(record, decoded) ?? decoded).kind !== 'poison') return [];
      const { partition, offset, timestampMs, value, headers } = record;
      return [[partition, BigInt(offset), BigInt(timestampMs), value, textOfHeaders(headers)]];
    });
  }

  #operatorState(partition: number, from: number, to: number): SqlValue[][] {
    const { late, columns } = this.#plan;
    let watermarkMs = Number.NEGATIVE_INFINITY;
    return this.#covered.flatMap((record) => {
      if (record.partition !== partition) return [];
      const decoded = this.#decode(record);
      let isLate = false;
      if (late !== undefined && decoded.kind === 'event') {
        isLate = decoded.timeMs < watermarkMs - late.allowedLatenessMs;
        watermarkMs = Math.max(watermarkMs, Math.min(decoded.timeMs, record.timestampMs + late.maxClockSkewMs));
      }
      if (record.offset < from || record.offset >= to) return [];
      const origin = originHeader(record.headers);
      return decoded.kind === 'poison'
        ? [[BigInt(record.offset), decoded.reason, null, origin, false, ...columns.map(() => null)]]
        : [[BigInt(record.offset), null, BigInt(decoded.timeMs), origin, isLate, ...decoded.values]];
    });
  }

  #watermarks({ maxClockSkewMs }: NonNullable<Plan['late']>): SqlValue[][] {
    const watermarks = new Map<number, number>();
    for (const record of this.#covered) {
      const decoded = this.#decode(record);
      if (decoded.kind === 'poison') continue;
      const toMs = Math.min(decoded.timeMs, record.timestampMs + maxClockSkewMs);
      watermarks.set(record.partition, Math.max(watermarks.get(record.partition) ?? toMs, toMs));
    }
    return Array.from(watermarks, ([partition, watermarkMs]) => [partition, BigInt(watermarkMs)]);
  }

  #poisonCounts(): SqlValue[][] {
    const counts = new Map<string, number>();
    for (const record of this.#covered) {
      const decoded = this.#decode(record);
      if (decoded.kind === 'poison') counts.set(decoded.reason, (counts.get(decoded.reason) ?? 0) + 1);
    }
    return Array.from(counts, ([reason, records]) => [reason, BigInt(records)]);
  }

  #windowRows(sql: string): SqlValue[][] {
    const plan = this.#plan;
    const lookups = this.#lookups();
    const resolve: Resolve = (partition, offset) =>
      withModels(lookups(partition, offset), scoredBefore(plan, this.#scores.get(`${partition} ${offset}`)));
    for (const window of plan.windows) {
      if (sql === viewSql(plan, window, this.#enriched))
        return panesOf(this.#fold, window.name, this.#events(), resolve);
      if (sql === nonPushdownInputSql(plan, window, this.#enriched))
        return inexactOf(this.#fold, window.name, this.#events(), resolve);
    }
    throw new Error(`the simulated engine does not know: ${sql}`);
  }

  #lookups(): Resolve {
    const names = this.#plan.lookups.map(({ name }) => name);
    return lookupsOf(names, this.#tables, this.#plan.storage.segmentSize);
  }
}

/** The texts between single quotes. */
function quotedIn(sql: string): readonly string[] {
  return Array.from(sql.matchAll(/'([^']*)'/g), ([, text]) => text as string);
}

/** The rows of a file of records whose offsets are in the range. */
function keptIn(file: readonly TableColumn[], start: number, end: number): SqlValue[][] {
  const columns = KEPT_COLUMNS.map((name) => file.find((column) => column.name === name)?.values);
  return (columns[0] ?? [])
    .map((_, row) => columns.map((values) => values?.[row] ?? null))
    .filter(([, offset]) => Number(offset) >= start && Number(offset) < end);
}

function recordsIn(file: readonly TableColumn[]): readonly LogRecord[] {
  const columns = new Map(file.map(({ name, values }) => [name, values]));
  const at = (name: string, row: number) => columns.get(name)?.[row] as SqlValue;
  return (columns.get('_offset') ?? []).map((offset, row) => ({
    partition: at('_partition', row) as number,
    offset: Number(offset),
    timestampMs: Number(at('_timestamp_ms', row)),
    key: at('_key', row) as Uint8Array | null,
    value: at('_value', row) as Uint8Array | null,
    headers: readHeaders(at('_headers', row) as string | null),
  }));
}

/** Keeps the first copy of a record that a relay copied several times. */
function firstCopies(records: readonly LogRecord[]): readonly LogRecord[] {
  const seen = new Set<string>();
  return records.filter(({ partition, headers }) => {
    const origin = originHeader(headers);
    const name = `${partition} ${origin}`;
    const isFirst = origin === null || !seen.has(name);
    seen.add(name);
    return isFirst;
  });
}

export function fileOf(files: LocalFiles, path: string): readonly TableColumn[] {
  const file = files.get(path);
  if (!file) throw new Error(`no file ${path}`);
  return file;
}

/** Parses rows in the format of `archiveLog`. */
function textOfHeaders(headers: LogRecord['headers']): string {
  return JSON.stringify(
    headers.map(({ key, value }) => [key, value === null ? null : Buffer.from(value).toString('base64')]),
  );
}

function readHeaders(text: string | null): LogRecord['headers'] {
  const headers = JSON.parse(text ?? '[]') as readonly (readonly [string, string | null])[];
  return headers.map(([key, value]) => ({ key, value: value === null ? null : Buffer.from(value, 'base64') }));
}
