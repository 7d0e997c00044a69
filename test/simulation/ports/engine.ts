import type { Pipeline } from '@bifold/core';
import {
  type AggregatePlan,
  type BoundModels,
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
  const { plan } = pipeline;
  const fold = foldOf(pipeline);
  const tables = new Map<string, readonly TableColumn[]>();
  let limits = new Map<number, number>();
  let covered: LogRecord[] = [];
  let scores = new Map<string, readonly Value[]>();
  const enriched = `(${enrichedSql(plan, 'covered', 'bindings')})`;

  const decode = ({ value, headers }: LogRecord): Decoded => fold.decode(value, headers);

  /**
   * The events of the records, given the earlier ones; `covered` is in the order of each partition.
   */
  const events = (): readonly PlacedEvent[] => {
    const earlier = fold.statefulStage && new InMemoryStatefulStage(fold.statefulStage);
    return covered.flatMap((record) => {
      const { partition, offset } = record;
      const decoded = decode(record);
      const admitted = earlier?.admit(record, decoded) ?? decoded;
      if (admitted.kind === 'poison') return [];
      const own = admitted.kind === 'event' ? [admitted] : admitted.events;
      return own.map(({ timeMs, values }) => ({ partition, offset, timeMs, values }));
    });
  };

  /** Keeps the first copy of a record that a relay copied several times. */
  const keepFirsts = (): void => {
    if (plan.relay === undefined) return;
    const seen = new Set<string>();
    covered = covered.filter(({ partition, headers }) => {
      const origin = originHeader(headers);
      const name = `${partition} ${origin}`;
      const isFirst = origin === null || !seen.has(name);
      seen.add(name);
      return isFirst;
    });
  };

  const load = (paths: readonly string[]): void => {
    covered = [];
    for (const path of paths) {
      const columns = new Map(fileOf(files, path).map(({ name, values }) => [name, values]));
      const at = (name: string, row: number) => columns.get(name)?.[row] as SqlValue;
      for (let row = 0; row < (columns.get('_offset')?.length ?? 0); row++) {
        const partition = at('_partition', row) as number;
        const offset = Number(at('_offset', row));
        if (offset >= (limits.get(partition) ?? 0)) continue;
        covered.push({
          partition,
          offset,
          timestampMs: Number(at('_timestamp_ms', row)),
          key: at('_key', row) as Uint8Array | null,
          value: at('_value', row) as Uint8Array | null,
          headers: readHeaders(at('_headers', row) as string | null),
        });
      }
    }
    keepFirsts();
  };

  return {
    async writeParquet(path, columns, rows) {
      const written = columns.map(({ name, type }) => ({ name, type, values: [] as SqlValue[] }));
      for await (const stretch of rows)
        for (const [index, { values }] of written.entries()) values.push(...(stretch[index] ?? []));
      files.set(path, written);
    },
    async createTable(name, columns) {
      tables.set(name, columns);
      if (name === SCORES) scores = new Map(scoresIn(columns));
    },
    async run(sql) {
      const view = /^CREATE VIEW covered AS .*read_parquet\(\[(.*)\]\)/.exec(sql);
      if (sql.startsWith('CREATE TABLE cuts')) {
        limits = new Map(
          Array.from(sql.matchAll(/\((\d+), (\d+)\)/g), ([, name, below]) => [Number(name), Number(below)]),
        );
      } else if (sql.startsWith(`CREATE VIEW ${SCORES} `)) {
        const paths = Array.from(sql.matchAll(/'([^']*)'/g), ([, path]) => path as string);
        scores = new Map(paths.flatMap((path) => scoresIn(fileOf(files, path))));
      } else if (view) load(Array.from((view[1] as string).matchAll(/'([^']*)'/g), ([, path]) => path as string));
      else throw new Error(`the simulated engine does not know: ${sql}`);
    },
    async *query(sql) {
      const [, path, start, end] = KEPT_RECORDS.exec(sql) ?? [];
      if (path !== undefined) {
        const columns = KEPT_COLUMNS.map((name) => fileOf(files, path).find((column) => column.name === name)?.values);
        const rows = (columns[0] ?? []).map((_, row) => columns.map((values) => values?.[row] ?? null));
        yield rows.filter(([, offset]) => Number(offset) >= Number(start) && Number(offset) < Number(end));
        return;
      }
      if (sql === quarantinedSql('covered')) {
        const earlier = fold.statefulStage && new InMemoryStatefulStage(fold.statefulStage);
        yield covered.flatMap((record) => {
          const decoded = decode(record);
          if ((earlier?.admit(record, decoded) ?? decoded).kind !== 'poison') return [];
          const { partition, offset, timestampMs, value, headers } = record;
          return [[partition, BigInt(offset), BigInt(timestampMs), value, textOfHeaders(headers)]];
        });
        return;
      }
      const [, partition, from, to] = OPERATOR_STATE.exec(sql) ?? [];
      if (partition !== undefined) {
        let watermarkMs = Number.NEGATIVE_INFINITY;
        yield covered.flatMap((record) => {
          const isAsked =
            record.partition === Number(partition) && record.offset >= Number(from) && record.offset < Number(to);
          const decoded = decode(record);
          let isLate = false;
          if (plan.late !== undefined && decoded.kind === 'event' && record.partition === Number(partition)) {
            isLate = decoded.timeMs < watermarkMs - plan.late.allowedLatenessMs;
            watermarkMs = Math.max(
              watermarkMs,
              Math.min(decoded.timeMs, record.timestampMs + plan.late.maxClockSkewMs),
            );
          }
          if (!isAsked) return [];
          const origin = originHeader(record.headers);
          return decoded.kind === 'poison'
            ? [[BigInt(record.offset), decoded.reason, null, origin, false, ...plan.columns.map(() => null)]]
            : [[BigInt(record.offset), null, BigInt(decoded.timeMs), origin, isLate, ...decoded.values]];
        });
        return;
      }
      if (plan.late !== undefined && sql === watermarksSql(plan.late, 'covered')) {
        const clocks = new Map<number, number>();
        for (const record of covered) {
          const decoded = decode(record);
          if (decoded.kind === 'poison') continue;
          const toMs = Math.min(decoded.timeMs, record.timestampMs + plan.late.maxClockSkewMs);
          clocks.set(record.partition, Math.max(clocks.get(record.partition) ?? toMs, toMs));
        }
        yield Array.from(clocks, ([clockPartition, watermarkMs]) => [clockPartition, BigInt(watermarkMs)]);
        return;
      }
      if (sql.startsWith('SELECT _reason, count(*)')) {
        const counts = new Map<string, number>();
        for (const decoded of covered.map(decode))
          if (decoded.kind === 'poison') counts.set(decoded.reason, (counts.get(decoded.reason) ?? 0) + 1);
        yield Array.from(counts, ([reason, records]) => [reason, BigInt(records)]);
        return;
      }
      const lookups = lookupsOf(
        plan.lookups.map(({ name }) => name),
        tables,
        plan.storage.segmentSize,
      );
      const [, fields] = UNSCORED.exec(sql) ?? [];
      if (fields !== undefined) {
        yield unscoredOf(
          fold,
          fields.split(', ').map((field) => field.slice(1, -1)),
          events(),
          lookups,
        );
        return;
      }
      const resolve: Resolve = (partition, offset) =>
        withModels(lookups(partition, offset), scoredBefore(plan, scores.get(`${partition} ${offset}`)));
      const window = plan.windows.find(
        (candidate) =>
          sql === viewSql(plan, candidate, enriched) || sql === nonPushdownInputSql(plan, candidate, enriched),
      );
      if (!window) throw new Error(`the simulated engine does not know: ${sql}`);
      if (sql === viewSql(plan, window, enriched)) yield panesOf(fold, window.name, events(), resolve);
      else yield inexactOf(fold, window.name, events(), resolve);
    },
    close: async () => undefined,
  };
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
