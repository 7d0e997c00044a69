import { bucketOf, comparePositions, compareUtf8, type RowFilter, type RowPosition } from '@bifold/core/engine';
import { matches } from '../row-filter.ts';
import type { CassandraClient, CassandraRow, Statement } from './client.ts';
import { selectCql } from './tables.ts';

/** The tables of fragments and of batch rows are both clustered by (key, window, start). */
export interface SliceTable<R extends RowPosition> {
  readonly name: 'fragments' | 'batchRows';
  readonly columns: readonly string[];
  decode(row: CassandraRow): R;
}

export interface SliceOptions {
  readonly buckets: number;
  readonly fetchSize: number;
}

export const ALL_ROWS: RowFilter = { keys: null, window: null, fromMs: null, toMs: null };

type Restriction = readonly [cql: string, ...values: (string | bigint)[]];

/** The number of single-key slices that are read ahead. */
const SLICES_AHEAD = 16;

/** `readPages`, row by row. */
export async function* readRows<R extends RowPosition>(...request: Parameters<typeof readPages<R>>): AsyncGenerator<R> {
  for await (const page of readPages<R>(...request)) yield* page;
}

/**
 * Reads the matching rows of one Cassandra partition of `table`, in the order of `RowPosition`,
 * strictly after `after`. Pages are read on demand.
 */
export async function* readPages<R extends RowPosition>(
  client: CassandraClient,
  table: SliceTable<R>,
  partitionKey: Statement['values'],
  bucket: number,
  filter: RowFilter,
  after: RowPosition | null,
  { buckets, fetchSize }: SliceOptions,
): AsyncGenerator<readonly R[]> {
  const open = (restrictions: readonly Restriction[], tail = '') => {
    const cql = restrictions.map(([text]) => text);
    return client
      .pages(
        {
          cql: selectCql(client, table.name, table.columns, cql, tail),
          values: [...partitionKey, ...restrictions.flatMap(([, ...values]) => values)],
        },
        { fetchSize },
      )
      [Symbol.asyncIterator]();
  };
  const passes = (row: R) => matches(row, filter) && (after === null || comparePositions(row, after) > 0);

  if (filter.keys === null) {
    const restrictions = bucketRestrictions(filter, after);
    const filtered = restrictions.some(([cql]) => cql.startsWith('window') || cql.startsWith('start'));
    const pages = open(restrictions, filtered ? 'ALLOW FILTERING' : '');
    for await (const page of { [Symbol.asyncIterator]: () => pages }) {
      yield page.map(table.decode).filter(passes);
    }
    return;
  }

  const keys = [...new Set(filter.keys)]
    .filter((key) => bucketOf(key, buckets) === bucket && (after === null || compareUtf8(key, after.key) >= 0))
    .sort(compareUtf8);
  const ahead: {
    readonly pages: AsyncIterator<readonly CassandraRow[]>;
    first: Promise<IteratorResult<readonly CassandraRow[]>>;
  }[] = [];
  let next = 0;
  while (next < keys.length || ahead.length > 0) {
    while (next < keys.length && ahead.length < SLICES_AHEAD) {
      const restrictions = keyRestrictions(keys[next++] as string, filter, after);
      if (restrictions === null) continue;
      const pages = open(restrictions);
      const first = pages.next();
      // The reader may stop, or fail at an earlier slice, before it awaits this one.
      first.catch(() => undefined);
      ahead.push({ pages, first });
    }
    const slice = ahead.shift();
    if (slice === undefined) return;
    for (let page = await slice.first; !page.done; page = await slice.pages.next()) {
      yield page.value.map(table.decode).filter(passes);
    }
  }
}

/**
 * The restrictions for a whole bucket. A tuple slice excludes restrictions of its single columns.
 * So with a filter the slice is by key alone, and the few rows of the same key up to `after` are
 * dropped here.
 */
function bucketRestrictions(filter: RowFilter, after: RowPosition | null): Restriction[] {
  const columns: Restriction[] = [];
  if (filter.window !== null) columns.push(['window = ?', filter.window]);
  if (filter.fromMs !== null) columns.push(['start >= ?', BigInt(filter.fromMs)]);
  if (filter.toMs !== null) columns.push(['start < ?', BigInt(filter.toMs)]);
  if (after === null) return columns;
  return columns.length > 0
    ? [['key >= ?', after.key], ...columns]
    : [['(key, window, start) > (?, ?, ?)', after.key, after.window, BigInt(after.startMs)]];
}

/** The restrictions for one key; null if none of its rows can follow `after`. */
function keyRestrictions(key: string, filter: RowFilter, after: RowPosition | null): Restriction[] | null {
  const restrictions: Restriction[] = [['key = ?', key]];
  const afterInKey = after !== null && after.key === key ? after : null;
  if (filter.window === null) {
    // A range of starts without a window would need filtering; a key has few rows, so they are
    // dropped here.
    if (afterInKey) restrictions.push(['(window, start) > (?, ?)', afterInKey.window, BigInt(afterInKey.startMs)]);
    return restrictions;
  }
  restrictions.push(['window = ?', filter.window]);
  const order = afterInKey ? compareUtf8(filter.window, afterInKey.window) : 1;
  if (order < 0) return null;
  const fromMs = Math.max(
    filter.fromMs ?? Number.NEGATIVE_INFINITY,
    afterInKey && order === 0 ? afterInKey.startMs + 1 : Number.NEGATIVE_INFINITY,
  );
  if (fromMs !== Number.NEGATIVE_INFINITY) restrictions.push(['start >= ?', BigInt(fromMs)]);
  if (filter.toMs !== null) restrictions.push(['start < ?', BigInt(filter.toMs)]);
  return restrictions;
}
