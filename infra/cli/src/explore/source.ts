import { createWriteStream, existsSync } from 'node:fs';
import { extname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { TextOptions } from '@bifold/adapters/formats';
import { askAll } from '../api.ts';
import type { Context } from '../context.ts';
import { deploymentOf } from '../deployment/deployments.ts';
import { UsageError } from '../errors.ts';
import { recordsOf } from '../records/reading.ts';
import { jsonTextOf } from '../records/record-text.ts';
import { temporaryFile } from '../records/temporary-file.ts';
import { asParquet } from '../tabular/table-file.ts';

export interface Wanted {
  readonly reading: TextOptions;
  /** The window of a view; its first one if null. */
  readonly window: string | null;
  /** The maximum number of records of a topic. */
  readonly rowsMax: number;
}

/** The explored data as Parquet: a file, the answer of a view, or the records of a topic. */
export async function explored(
  context: Context,
  name: string,
  { reading, window, rowsMax }: Wanted,
  temporary: string[],
): Promise<{ readonly source: string; readonly parquetFile: string }> {
  if (existsSync(name) || extname(name) !== '')
    return { source: name, parquetFile: await asParquet(name, reading, temporary) };
  const rowsFile = temporaryFile('rows.jsonl', temporary);
  const found = (await context.pipelines()).find(({ plan }) => plan.name === name);
  if (found !== undefined) {
    const shown = window ?? (found.plan.windows[0]?.name as string);
    await writeJsonLines(rowsFile, viewRows(context, name, shown));
    return { source: `view ${name}, window ${shown}`, parquetFile: await asParquet(rowsFile, {}, temporary) };
  }
  await writeJsonLines(rowsFile, topicRows(context, name, rowsMax));
  return { source: `topic ${name}`, parquetFile: await asParquet(rowsFile, {}, temporary) };
}

async function writeJsonLines(file: string, rows: AsyncIterable<string>): Promise<void> {
  let count = 0;
  const lines = async function* () {
    for await (const row of rows) {
      count++;
      yield `${row}\n`;
    }
  };
  await pipeline(Readable.from(lines()), createWriteStream(file));
  if (count > 0) return;
  throw new UsageError('BIFOLD_NOTHING_TO_EXPLORE', {
    failed: 'there is nothing to explore',
    received: 'no row',
    allowed: 'a file, view or topic that holds rows',
    remedy: 'wait until something is there: npx bifold status',
  });
}

async function* viewRows(context: Context, name: string, window: string): AsyncGenerator<string> {
  const { rows } = await askAll(context, deploymentOf(context.paths, name), { window });
  for (const {
    key,
    window: { start, end },
    values,
  } of rows)
    yield JSON.stringify({ ...key, ...(start === null ? {} : { window_start: start, window_end: end }), ...values });
}

/** The records of a topic that are JSON objects. Others are skipped. */
async function* topicRows(context: Context, topic: string, rowsMax: number): AsyncGenerator<string> {
  const log = await context.log(topic);
  if ((await log.topicId()) === null)
    throw new UsageError('BIFOLD_NOTHING_TO_EXPLORE', {
      failed: `there is no file, view or topic "${topic}"`,
      received: `"${topic}"`,
      allowed: 'a file that exists, the name of a pipeline, or a topic',
      remedy: 'correct the name: npx bifold topic list',
    });
  const bounds = await Promise.all(
    (await log.partitions()).map(async (partition) => [partition, await log.bounds(partition)] as const),
  );
  const reading = {
    log,
    starts: new Map(bounds.map(([partition, { start }]) => [partition, start])),
    ends: new Map(bounds.map(([partition, { end }]) => [partition, end])),
    withNewPartitions: false,
    signal: new AbortController().signal,
  };
  let left = rowsMax;
  for await (const records of recordsOf(reading)) {
    for (const { value } of records) {
      const row = value === null ? null : jsonTextOf(value);
      if (row === null || !row.startsWith('{')) continue;
      if (left-- <= 0) return;
      yield row;
    }
  }
}
