import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Plan } from '@bifold/core';
import { Command } from 'commander';
import { withContext } from '../context.ts';
import { readCsv, typedRecord } from '../csv.ts';
import { UsageError } from '../errors.ts';
import { type KeyedRecord, keyOf, produce } from '../produce.ts';
import { progressBar } from '../progress-bar.ts';
import { plural, print, printJson, seconds } from '../terminal.ts';
import { wholeNumber } from './deploy.ts';

interface Options {
  readonly file: string;
  readonly rate?: number;
  readonly null: string;
  readonly resume?: boolean;
  readonly raw?: boolean;
  readonly json?: boolean;
}

export const produceCommand = (): Command =>
  new Command('produce')
    .description('send records to a topic')
    .argument('<topic>', 'a topic, or a pipeline that reads it')
    .option('--file <path>', '.jsonl, .csv with a header, or - for JSON lines from standard input', '-')
    .option('--rate <n>', 'events a second; as fast as possible when it is left out', wholeNumber)
    .option('--null <text>', 'the text that stands for null in CSV', 'NA')
    .option('--resume', 'leave out what was sent before: the end offsets name the next row')
    .option('--raw', 'send lines as they are, also those that are no JSON')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
Each record goes to the partition of its key (the field that the topic is partitioned by), in the order of the file.

Examples:
  $ npx bifold produce delays --file departures.jsonl --rate 5000
  $ npx bifold produce delays --file departures.jsonl --resume
  $ echo '{"at":"2013-01-01T10:15:00Z", "carrier":"UA", "origin":"EWR", ...}' | npx bifold produce departures`,
    )
    .action((target: string, options: Options) =>
      withContext(async (context) => {
        const plans = (await context.pipelines()).map(({ plan }) => plan);
        const plan = plans.find(({ name }) => name === target) ?? plans.find(({ topic }) => topic === target);
        if (plan === undefined) throw unknownTopic(target, plans);
        const total = await lineCount(options.file);
        const bar = progressBar(`sending to ${plan.topic}`, total ?? 0, total !== null && total > 0 && !options.json);
        const startedAtMs = performance.now();
        const produced = await produce(context, plan.topic, recordsOf(plan, options), {
          rate: options.rate ?? null,
          resume: options.resume === true,
          onProgress: (dealtWith, sent) =>
            bar.update(dealtWith, (sent / (performance.now() - startedAtMs)) * 1000, null),
        }).finally(() => bar.stop());
        if (options.json) return printJson({ topic: plan.topic, ...produced });
        const there =
          produced.skipped > 0 ? `, ${plural(produced.skipped, 'record was', 'records were')} there already` : '';
        print(`sent ${plural(produced.sent, 'record')}${there}  (${seconds(performance.now() - startedAtMs)})`);
        print(
          `end offsets: ${Object.entries(produced.endOffsets)
            .map(([partition, end]) => `${partition}: ${end}`)
            .join('  ')}`,
        );
      }),
    );

function unknownTopic(target: string, plans: readonly Plan[]): UsageError {
  return new UsageError('BIFOLD_UNKNOWN_TOPIC', {
    failed: `"${target}" is neither a pipeline nor a topic of one`,
    received: `"${target}"`,
    allowed: plans.map(({ name, topic }) => `${name} (topic ${topic})`).join(', '),
    remedy: 'name one of them',
  });
}

async function lineCount(file: string): Promise<number | null> {
  if (file === '-') return null;
  let lines = 0;
  try {
    for await (const chunk of createReadStream(file)) {
      for (const byte of chunk as Buffer) if (byte === 10) lines++;
    }
  } catch (cause) {
    throw new UsageError(
      'BIFOLD_FILE_UNREADABLE',
      {
        failed: 'the records cannot be read',
        received: cause instanceof Error ? cause.message : String(cause),
        allowed: 'a file of JSON lines or CSV, or - for standard input',
        remedy: 'correct --file',
      },
      { cause },
    );
  }
  return /\.csv$/i.test(file) ? Math.max(0, lines - 1) : lines;
}

async function* recordsOf(plan: Plan, options: Options): AsyncGenerator<KeyedRecord> {
  const { file } = options;
  if (/\.csv$/i.test(file)) {
    let line = 1;
    for await (const cells of readCsv(file)) {
      line++;
      const record = typedRecord(plan.columns, cells, line, options.null);
      yield { key: keyOf(record, plan.partitionBy), value: JSON.stringify(record) };
    }
    return;
  }
  const input = file === '-' ? process.stdin : createReadStream(file);
  let number = 0;
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    number++;
    if (line === '') continue;
    yield { key: keyOf(parsed(line, number, options.raw === true), plan.partitionBy), value: line };
  }
}

function parsed(line: string, number: number, isRaw: boolean): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    if (isRaw) return null;
    throw new UsageError(
      'BIFOLD_BAD_JSON_LINE',
      {
        failed: `line ${number} is no record`,
        received: line.slice(0, 120),
        allowed: 'one JSON text a line',
        remedy:
          'correct the line, or send it as it is with --raw; the lines before it are sent, --resume goes on from there',
      },
      { cause },
    );
  }
}
