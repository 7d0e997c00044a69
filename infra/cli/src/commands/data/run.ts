import { existsSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Duration, dropLate } from '@bifold/core';
import { durationMs } from '@bifold/core/engine';
import type { OutputMode, StartingOffsets, Stream, Trigger } from '@bifold/streams';
import {
  type CommittedBatch,
  folderJournal,
  lockFolder,
  MemoryTables,
  runStream,
  startingAt,
  streamOf,
} from '@bifold/streams/engine';
import { Command, InvalidArgumentError } from 'commander';
import { checkpointFolder } from '../../cloud/checkpoints.ts';
import { untilInterrupted } from '../../cloud/interruption.ts';
import { runPorts } from '../../cloud/run-ports.ts';
import { type Context, withContext } from '../../context.ts';
import { namedOf } from '../../deployment/deployments.ts';
import { UsageError } from '../../errors.ts';
import { showBatch, showBatchAsJson } from '../../output/batch-table.ts';
import { showRecords } from '../../output/shown-rows.ts';
import { dim, tell } from '../../output/terminal.ts';
import { summaryOf } from './checkpoint.ts';

interface Options {
  readonly checkpoint?: string | false;
  readonly trigger?: Trigger;
  readonly from?: StartingOffsets;
  readonly mode?: OutputMode;
  readonly dropLate?: Duration;
  readonly sql?: string;
  readonly json?: boolean;
}

export const runCommand = (): Command =>
  new Command('run')
    .description('run a stream in this process, in micro-batches')
    .argument('<definition>', 'a file that default-exports defineStream(...), or the name of a pipeline')
    .option('--checkpoint <name>', 'name of the checkpoint (default: the name of the stream)')
    .option('--no-checkpoint', 'use no checkpoint: each run starts where the definition says')
    .option('--trigger <when>', 'as-soon-as-possible, an interval (10s), once or available-now', triggerOf)
    .option('--from <place>', 'start of the first run: earliest, latest or a time', placeOf)
    .option('--mode <mode>', 'output mode of a pipeline: append, update or complete', modeOf)
    .option('--drop-late <after>', 'delay of the watermark of a pipeline, such as 10m', durationOf)
    .option('--sql <select>', 'query to run at the end, over the tables of memory sinks')
    .option('--json', 'print batches, and the result of --sql, as JSON lines')
    .addHelpText(
      'after',
      `
Ctrl-C stops the stream after the current batch. If a crash interrupts a batch, the next run repeats
it with the same number and the same rows.

Examples:
  $ npx bifold run examples/rate/src/rate.ts
  $ npx bifold run examples/reading/src/reading.ts --no-checkpoint --from earliest
  $ npx bifold run examples/iris-files/src/iris.ts --trigger available-now --sql 'SELECT species, count(*) FROM iris GROUP BY ALL'
  $ npx bifold run delays --mode complete --trigger available-now`,
    )
    .action((definition: string, options: Options) =>
      withContext((context) =>
        untilInterrupted(async (signal) => {
          const stream = await streamFrom(context, definition, options);
          const checkpoint = openCheckpoint(context, stream, options);
          const tables = new MemoryTables();
          let last: CommittedBatch | null = null;
          const totals = { rowsIn: 0, rowsOut: 0, late: 0, duplicates: 0, quarantined: 0 };
          tell(dim(`${stream.name}: ${checkpoint.told}; Ctrl-C ends it after the batch under way`));
          const { ports, close } = runPorts(context, signal, options.json ? showBatchAsJson : showBatch);
          try {
            await runStream(stream, {
              journal: folderJournal(checkpoint.folder),
              ports,
              signal,
              tables,
              onBatch: (batch) => {
                last = batch;
                for (const name of Object.keys(totals) as (keyof typeof totals)[]) totals[name] += batch[name];
              },
            });
            if (options.sql !== undefined) showRecords(await tables.query(options.sql), options.json === true);
          } finally {
            await close();
            await checkpoint.close();
          }
          const end = last as CommittedBatch | null;
          tell(
            dim(
              end === null
                ? `${stream.name}: nothing new`
                : `${stream.name}: ended after batch ${end.batch}; ${summaryOf(totals)}`,
            ),
          );
        }),
      ),
    );

/** Loads the stream of a file or of a pipeline, and applies the options. */
async function streamFrom(context: Context, definition: string, options: Options): Promise<Stream> {
  const { trigger, from, mode, dropLate: after } = options;
  if (/\.[cm]?[jt]s$/.test(extname(definition)) || existsSync(definition)) {
    if (mode !== undefined || after !== undefined)
      throw new UsageError('BIFOLD_BAD_USAGE', {
        failed: 'the command was not understood',
        received: `${mode === undefined ? '--drop-late' : '--mode'} for a definition of its own`,
        allowed: '--mode and --drop-late for a pipeline; a stream says them itself',
        remedy: `change outputMode or dropLate in ${definition}`,
      });
    const stream = await loadStream(definition);
    const begun = from === undefined ? stream : startingAt(stream, from);
    return trigger === undefined ? begun : { ...begun, trigger };
  }
  const pipeline = namedOf(await context.pipelines(), definition);
  return streamOf(pipeline, {
    ...(trigger === undefined ? {} : { trigger }),
    ...(from === undefined ? {} : { startingOffsets: from }),
    ...(mode === undefined ? {} : { outputMode: mode }),
    ...(after === undefined ? {} : { dropLate: dropLate(after) }),
  });
}

async function loadStream(file: string): Promise<Stream> {
  const path = resolve(file);
  const refuse = (received: string, cause?: unknown) =>
    new UsageError(
      'BIFOLD_NO_STREAM',
      {
        failed: `${file} defines no stream`,
        received,
        allowed:
          'a TypeScript or JavaScript module that default-exports defineStream({ ... }), or the name of a pipeline',
        remedy: 'write export default defineStream({ name, from, sinks })',
      },
      { cause },
    );
  if (!existsSync(path)) throw refuse('no such file');
  const loaded: { readonly default?: Stream } = await import(pathToFileURL(path).href);
  const stream = loaded.default;
  if (stream?.rows === undefined || stream.sinks === undefined)
    throw refuse(stream === undefined ? 'no default export' : 'a default export that is no stream');
  return stream;
}

/**
 * Opens and locks the folder of the checkpoint. With `--no-checkpoint`, a temporary one is used.
 */
function openCheckpoint(context: Context, stream: Stream, { checkpoint }: Options) {
  if (checkpoint === false) {
    const folder = mkdtempSync(join(tmpdir(), 'bifold-run-'));
    return { folder, told: 'no checkpoint', close: () => rm(folder, { recursive: true, force: true }) };
  }
  const name = checkpoint ?? stream.name;
  const folder = checkpointFolder(context.paths, name);
  const unlock = lockFolder(folder);
  return { folder, told: `checkpoint ${name}`, close: async () => unlock() };
}

function triggerOf(text: string): Trigger {
  if (text === 'as-soon-as-possible') return { kind: 'asSoonAsPossible' };
  if (text === 'once') return { kind: 'once' };
  if (text === 'available-now') return { kind: 'availableNow' };
  return { kind: 'processingTime', intervalMs: durationMs(durationOf(text)) };
}

function durationOf(text: string): Duration {
  if (/^[0-9]{1,12}(ms|s|m|h|d)$/.test(text)) return text as Duration;
  throw new InvalidArgumentError('It must be a whole number and a unit, as in 10s or 5m.');
}

function placeOf(text: string): StartingOffsets {
  if (text === 'earliest' || text === 'latest') return text;
  if (!Number.isNaN(Date.parse(text))) return { timestamp: text };
  throw new InvalidArgumentError('It must be earliest, latest or a time (2013-07-04T00:00:00Z).');
}

function modeOf(text: string): OutputMode {
  const mode = (['append', 'update', 'complete'] as const).find((known) => known === text);
  if (mode !== undefined) return mode;
  throw new InvalidArgumentError('It must be append, update or complete.');
}
