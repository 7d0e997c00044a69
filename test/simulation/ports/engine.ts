import type { Pipeline } from '@bifold/core';
import {
  type AggregatePlan,
  type BoundModels,
  type ColumnShape,
  compareUtf8,
  type Decoded,
  enrichedSql,
  type Fold,
  foldOf,
  InMemoryStatefulStage,
  type LogRecord,
  needsCoreFold,
  nonPushdownInputSql,
  originHeader,
  type Plan,
  quarantinedSql,
  type ResolveLookup,
  type RowChunks,
  SCORES,
  type SegmentSize,
  type SqlEngine,
  type SqlValue,
  segmentOf,
  slotIndex,
  type TableColumn,
  type TimedValues,
  type Value,
  viewSql,
  watermarksSql,
  withModels,
} from '@bifold/core/engine';

/** Files on the local disks of all functions, by path: names are never used twice. */
export type LocalFiles = Map<string, readonly TableColumn[]>;

const KEPT_COLUMNS = ['_partition', '_offset', '_timestamp_ms', '_key', '_value', '_headers'];
const KEPT_RECORDS = new RegExp(
  `^SELECT ${KEPT_COLUMNS.join(', ')} FROM read_parquet\\('([^']*)'\\) WHERE _offset >= (\\d+) AND _offset < (\\d+)$`,
);

const OPERATOR_STATE =
  /^SELECT _offset, _reason, _event_time_ms, .* WHERE _partition = (\d+)\) WHERE _offset >= (\d+) AND _offset < (\d+)$/;

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
      const admitted = earlier?.admit(record, decoded) ?? decoded;
      if (admitted.kind === 'poison') return [];
      const own = admitted.kind === 'event' ? [admitted] : admitted.events;
      return own.map(({ timeMs, values }) => ({ partition, offset, timeMs, values }));
    });
  }

  #quarantined(): SqlValue[][] {
    const earlier = this.#statefulStage();
    return this.#covered.flatMap((record) => {
      const decoded = this.#decode(record);
      if ((earlier?.admit(record, decoded) ?? decoded).kind !== 'poison') return [];
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

/** An event, or a pair, and the record that it comes of. */
interface PlacedEvent extends TimedValues {
  readonly partition: number;
  readonly offset: number;
}

/** As `archiveLog` writes them. */
function textOfHeaders(headers: LogRecord['headers']): string {
  return JSON.stringify(
    headers.map(({ key, value }) => [key, value === null ? null : Buffer.from(value).toString('base64')]),
  );
}

function readHeaders(text: string | null): LogRecord['headers'] {
  const headers = JSON.parse(text ?? '[]') as readonly (readonly [string, string | null])[];
  return headers.map(([key, value]) => ({ key, value: value === null ? null : Buffer.from(value, 'base64') }));
}

type Resolve = (partition: number, offset: number) => ResolveLookup;

function lookupsOf(
  names: readonly string[],
  tables: ReadonlyMap<string, readonly TableColumn[]>,
  segmentSize: SegmentSize,
): Resolve {
  const rowsOf = (name: string): Readonly<Record<string, SqlValue>>[] => {
    const columns = tables.get(name) ?? [];
    return (columns[0]?.values ?? []).map((_, row) =>
      Object.fromEntries(columns.map((column) => [column.name, column.values[row] ?? null])),
    );
  };
  const bound = new Map(
    rowsOf('bindings').map(({ partition, segment, name, version }) => [`${partition}|${segment}|${name}`, version]),
  );
  const loaded = new Map(
    names.flatMap((name) =>
      rowsOf(`lookup_${name}`).map(
        ({ _version, _key, ...row }) =>
          [
            `${name}|${_version}|${_key}`,
            Object.fromEntries(
              Object.entries(row).map(([column, value]) => [column, typeof value === 'bigint' ? Number(value) : value]),
            ) as Readonly<Record<string, Value>>,
          ] as const,
      ),
    ),
  );
  return (partition, offset) => (lookup, key) => {
    const name = names[lookup] as string;
    const version = bound.get(`${partition}|${segmentOf(offset, segmentSize)}|${name}`);
    return loaded.get(`${name}|${version}|${key}`) ?? null;
  };
}

const UNSCORED = /^SELECT _partition, _offset, ((?:"[^"]*"(?:, )?)+) FROM \(/;

/** The fields that models score of each event. */
function unscoredOf(
  fold: Fold,
  fields: readonly string[],
  covered: readonly PlacedEvent[],
  resolve: Resolve,
): SqlValue[][] {
  const index = slotIndex(fold.pipeline.plan);
  const rows: SqlValue[][] = [];
  for (const { partition, offset, values } of covered) {
    // The input of a model.
    const score = (slots: readonly Value[]): readonly Value[] => {
      rows.push([partition, BigInt(offset), ...fields.map((field) => slots[index.get(field) as number] ?? null)]);
      return [];
    };
    fold.enrich(values, withModels(resolve(partition, offset), [{ score }]));
  }
  return rows;
}

/** The rows of a table of scores, by position. */
function scoresIn(columns: readonly TableColumn[]): (readonly [string, readonly Value[]])[] {
  const [partitions, offsets, ...scores] = columns.map(({ values }) => values);
  return (partitions ?? []).map((partition, row) => [
    `${partition} ${offsets?.[row]}`,
    scores.map((values) => (typeof values[row] === 'bigint' ? Number(values[row]) : (values[row] as Value))),
  ]);
}

/** Models that say of a record what stands in the table of scores. */
function scoredBefore({ models = [] }: Plan, scores: readonly Value[] | undefined): BoundModels {
  let next = 0;
  return models.map(({ columns }) => {
    const own = scores?.slice(next, next + columns.length);
    next += columns.length;
    return own === undefined ? null : { score: () => own };
  });
}

/** Panes in the order of key and start, as SQL gives them. */
function panesOf(fold: Fold, window: string, covered: readonly PlacedEvent[], resolve: Resolve): SqlValue[][] {
  const { paneOf, tracksEventTimeBounds } = fold.panes.find(({ name }) => name === window) as Fold['panes'][number];
  const panes = new Map<string, { key: string; startMs: number; states: unknown[] }>();
  for (const event of covered) {
    const startMs = paneOf(event.timeMs);
    if (startMs === null) continue;
    for (const slots of fold.enrich(event.values, resolve(event.partition, event.offset))) {
      const key = fold.keyOf(slots);
      const pane = panes.get(`${key} ${startMs}`) ?? { key, startMs, states: [...fold.rows.of(window).empty] };
      panes.set(`${key} ${startMs}`, pane);
      fold.addTo(pane.states, slots, event);
      if (tracksEventTimeBounds) fold.addTime(pane.states, event.timeMs);
    }
  }
  const { aggregates } = fold.pipeline.plan;
  return [...panes.values()]
    .sort((left, right) => compareUtf8(left.key, right.key) || left.startMs - right.startMs)
    .map(({ key, startMs, states }) => [
      BigInt(startMs),
      ...(JSON.parse(key) as SqlValue[]),
      ...aggregates.flatMap((aggregate, index) => partsOf(aggregate, states[index])),
      ...states.slice(aggregates.length).map((time) => BigInt(time as number)),
    ]);
}

/** The parts of a state that SQL computes: what `stateOfParts` reads. */
function partsOf(aggregate: AggregatePlan, state: unknown): SqlValue[] {
  if (needsCoreFold(aggregate)) return [];
  switch (aggregate.kind) {
    case 'count':
    case 'sum':
      return [BigInt(state as number | bigint)];
    case 'min':
    case 'max':
      return [state as number | null];
    case 'mean': {
      const { sum, count } = state as { sum: number | bigint; count: number };
      return [BigInt(sum), BigInt(count)];
    }
    default:
      throw new Error(`${aggregate.kind} is folded by core`);
  }
}

function inexactOf(fold: Fold, window: string, covered: readonly PlacedEvent[], resolve: Resolve): SqlValue[][] {
  const { plan } = fold.pipeline;
  const { paneOf } = fold.panes.find(({ name }) => name === window) as Fold['panes'][number];
  const index = slotIndex(plan);
  return covered.flatMap(({ partition, offset, timeMs, values: own }) => {
    const place = [BigInt(timeMs), partition, BigInt(offset)];
    const startMs = paneOf(timeMs);
    if (startMs === null) return [];
    return fold.enrich(own, resolve(partition, offset)).map((slots) => {
      const slotOf = (name: string): Value => slots[index.get(name) as number] ?? null;
      const values = plan.aggregates
        .filter(needsCoreFold)
        .flatMap((aggregate) => [
          aggregate.where !== null && slotOf(aggregate.where) !== true ? null : slotOf(aggregate.field as string),
          ...('second' in aggregate ? [slotOf(aggregate.second)] : []),
        ]);
      const key = JSON.parse(fold.keyOf(slots)) as SqlValue[];
      return [BigInt(startMs), ...key, ...values, ...place];
    });
  });
}
