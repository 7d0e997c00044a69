import { join as pathOf } from 'node:path';
import { count, dropLate, tumbling } from '@bifold/core';
import { availableNow, console, defineStream, files, type JoinType, join, type Stream, union } from '@bifold/streams';
import { z } from 'zod';
import { shownBy, writeFiles } from '../../layers/streams/src/stream.fixture.ts';
import { MINUTE_MS } from './events.ts';

const RowSchema = z.object({ at: z.int(), key: z.string().nullable(), n: z.int() });
export type Row = z.infer<typeof RowSchema>;

/**
 * Two streams that become one, run by `bifold run`'s own code and by Spark: each batch takes a file
 * of either.
 */
export interface StreamCase {
  readonly name: string;
  readonly left: readonly (readonly Row[])[];
  readonly right: readonly (readonly Row[])[];
  /** A join, or one after the other. */
  readonly of: JoinType | 'union';
  /**
   * The greatest time by which the partner of a left row may be earlier or later. Null for any
   * time; then there is no watermark.
   */
  readonly within: { readonly beforeMs: number; readonly afterMs: number } | null;
  /** Rows are counted by key and windows of an hour, as they are over. */
  readonly isCounted?: boolean;
  /**
   * A different meaning in Spark: the rows that Bifold joins instead, and the conversion of its
   * rows to Spark's.
   */
  readonly differs?: {
    readonly why: string;
    readonly joined: Pick<StreamCase, 'left' | 'right'>;
    readonly becomes: (row: string) => string;
  };
}

const DELAYS_MS = { left: 20 * MINUTE_MS, right: 10 * MINUTE_MS };

/** The input that both sides read. */
export function writtenStream({ name, left, right, of, within, isCounted = false }: StreamCase, folder: string) {
  const folders = [pathOf(folder, 'left'), pathOf(folder, 'right')] as const;
  writeFiles(folders[0], left);
  writeFiles(folders[1], right);
  return { name, folders, of, within, isCounted, delaysMs: [DELAYS_MS.left, DELAYS_MS.right] };
}

/** Rows as Bifold gives them, each as a text. */
export async function streamRows(one: StreamCase, folder: string): Promise<readonly string[]> {
  const { folders } = writtenStream(one, folder);
  const batches = await shownBy(streamOf(folders, one));
  return batches.flatMap(({ rows }) => rows.map((row) => JSON.stringify(row)));
}

function streamOf([left, right]: readonly [string, string], { of, within, isCounted = false }: StreamCase): Stream {
  const read = (path: string) => files({ path, format: 'json', schema: RowSchema, maxFilesPerTrigger: 1 });
  const eventTime = { field: 'at', unit: 'ms' } as const;
  const common = { name: 'compared', trigger: availableNow(), sinks: [console({ rows: 0 })] };
  const counted = { groupBy: ['key'], windows: { hour: tumbling('1h') }, aggregates: { rows: count() } } as const;
  if (of === 'union') {
    const both = {
      ...common,
      from: union([read(left), read(right)]),
      eventTime,
      dropLate: dropLate(`${DELAYS_MS.left}ms`),
    } as const;
    return isCounted ? defineStream({ ...both, ...counted }) : defineStream(both);
  }
  const times = (side: 'left' | 'right') =>
    within === null ? { eventTime } : ({ eventTime, dropLate: dropLate(`${DELAYS_MS[side]}ms`) } as const);
  const from = join({
    left: { from: read(left), ...times('left') },
    right: { from: read(right), ...times('right') },
    as: 'r',
    type: of,
    on: { key: 'key' },
    ...(within === null ? {} : { within: { before: `${within.beforeMs}ms`, after: `${within.afterMs}ms` } }),
  });
  return isCounted ? defineStream({ ...common, from, ...counted }) : defineStream({ ...common, from });
}
