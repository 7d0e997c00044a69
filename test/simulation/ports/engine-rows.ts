/** The rows that the fake of DuckDB answers with. */
import {
  type AggregatePlan,
  type BoundModels,
  compareUtf8,
  type Fold,
  needsCoreFold,
  type Plan,
  type ResolveLookup,
  type SegmentSize,
  type SqlValue,
  segmentOf,
  slotIndex,
  type TableColumn,
  type TimedValues,
  type Value,
  withModels,
} from '@bifold/core/engine';

/** An event or a pair, with its record. */
export interface PlacedEvent extends TimedValues {
  readonly partition: number;
  readonly offset: number;
}

export type Resolve = (partition: number, offset: number) => ResolveLookup;

export function lookupsOf(
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

/** The fields that models score of each event. */
export function unscoredOf(
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
export function scoresIn(columns: readonly TableColumn[]): (readonly [string, readonly Value[]])[] {
  const [partitions, offsets, ...scores] = columns.map(({ values }) => values);
  return (partitions ?? []).map((partition, row) => [
    `${partition} ${offsets?.[row]}`,
    scores.map((values) => (typeof values[row] === 'bigint' ? Number(values[row]) : (values[row] as Value))),
  ]);
}

/** Models that read the scores of a record from the table of scores. */
export function scoredBefore({ models = [] }: Plan, scores: readonly Value[] | undefined): BoundModels {
  let next = 0;
  return models.map(({ columns }) => {
    const own = scores?.slice(next, next + columns.length);
    next += columns.length;
    return own === undefined ? null : { score: () => own };
  });
}

/** Panes in the order of key and start, as SQL gives them. */
export function panesOf(fold: Fold, window: string, covered: readonly PlacedEvent[], resolve: Resolve): SqlValue[][] {
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

export function inexactOf(fold: Fold, window: string, covered: readonly PlacedEvent[], resolve: Resolve): SqlValue[][] {
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
