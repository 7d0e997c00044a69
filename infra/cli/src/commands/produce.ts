import { optionalFieldsOf, type Plan } from '@bifold/core';
import { Command, InvalidArgumentError, Option } from 'commander';
import { UsageError } from '../errors.ts';
import { type InputFile, inputFiles, STANDARD_INPUT, unreadable } from '../input-files.ts';
import { untilInterrupted } from '../interruption.ts';
import { type KafkaChoice, type KafkaSession, namesOf, withKafka, withKafkaOptions } from '../kafka-session.ts';
import { produce } from '../produce.ts';
import { progressBar } from '../progress-bar.ts';
import { formatOf, recordsOfFiles, VALUE_FORMATS, type ValueFormat } from '../record-source.ts';
import { plural, print, printJson, seconds, tell } from '../terminal.ts';
import { wholeNumber } from './option-values.ts';

type Headers = Readonly<Record<string, readonly string[]>>;

interface Options extends KafkaChoice {
  readonly file: string;
  readonly valueFormat?: ValueFormat;
  readonly key?: string;
  readonly keySeparator?: string;
  readonly header: Headers;
  readonly rate?: number;
  readonly null: string;
  readonly resume?: boolean;
  readonly raw?: boolean;
  readonly create?: boolean;
  readonly partitions?: number;
  readonly json?: boolean;
}

export const produceCommand = (): Command =>
  withKafkaOptions(
    new Command('produce')
      .description('send records to a topic')
      .argument('<topic>', 'a topic, or a pipeline that reads it')
      .option(
        '--file <path>',
        'a file, a folder (each of its files, by name), hdfs://host:port/path, s3://bucket/path, or - for standard input',
        '-',
      )
      .addOption(
        new Option('--value-format <name>', "json, text or csv, where a file's name does not say it").choices([
          ...VALUE_FORMATS,
        ]),
      )
      .option('--key <field>', 'the field whose text is the key')
      .option('--key-separator <text>', 'lines are key and value, with this between them')
      .option('--header <name=value>', 'a header of each record; may be repeated', headerOf, {})
      .option('--rate <n>', 'events a second; as fast as possible when it is left out', wholeNumber)
      .option('--null <text>', 'the text that stands for null in CSV', 'NA')
      .option('--resume', 'leave out what was sent before: the end offsets name the next row')
      .option('--raw', 'send lines as they are, also those that are no JSON')
      .option('--create', 'create the topic when it does not exist')
      .option('--partitions <n>', 'of a topic that is created now', wholeNumber)
      .option('--json', 'print the result as JSON'),
  )
    .addHelpText(
      'after',
      `
A pipeline's records are JSON, or CSV typed by its schema; each goes to the partition of its key, the field that the topic
is partitioned by, in the order of the file. Other topics take JSON, CSV (types as \`convert\` infers them) or lines of
text; records without a key go to the partitions in turn. Lines from standard input are sent as they come; Ctrl-D ends.

Examples:
  $ npx bifold produce delays --file departures.jsonl --rate 5000
  $ npx bifold produce delays --file departures.jsonl --resume
  $ echo '{"at":"2013-01-01T10:15:00Z", "carrier":"UA", "origin":"EWR", ...}' | npx bifold produce departures
  $ npx bifold produce orders --create --partitions 3 --file orders.csv --key customer
  $ printf 'a:first\\nb:second\\n' | npx bifold produce notes --key-separator : --header source=shell
  $ npx bifold produce orders --file hdfs://namenode/user/me/orders/`,
    )
    .action((target: string, options: Options) =>
      withKafka(options, (session) => untilInterrupted((signal) => send(session, target, options, signal))),
    );

async function send(session: KafkaSession, target: string, options: Options, signal: AbortSignal): Promise<void> {
  const { context, topics } = session;
  const pipelines = await context.pipelines();
  const plans = pipelines.map(({ plan }) => plan);
  const pipeline =
    pipelines.find(({ plan }) => plan.name === target) ?? pipelines.find(({ plan }) => plan.topic === target);
  const plan = pipeline?.plan;
  const topic = plan?.topic ?? target;
  if (plan?.relay !== undefined) throw isRelayed(plan, target);
  checkKeys(plan, options);
  const files = await inputFiles(options.file, context);
  if ((await topics.describe(topic)) === null) {
    if (options.create !== true || plan !== undefined) throw noTopic(topic, plan, plans, await namesOf(topics));
    await topics.create({ name: topic, partitions: options.partitions ?? null, replicas: null, config: {} });
    tell(`topic ${topic} is created`);
  }
  const isLive = options.file === STANDARD_INPUT;
  if (isLive && process.stdin.isTTY) tell('one record a line; Ctrl-D ends');
  const total = isLive ? 0 : await lineCount(files, options.valueFormat);
  const bar = progressBar(`sending to ${topic}`, total ?? 0, total !== null && total > 0 && !options.json);
  const startedAtMs = performance.now();
  const records = recordsOfFiles(files, {
    format: options.valueFormat ?? null,
    fallback: plan !== undefined || options.key !== undefined ? 'json' : 'text',
    columns: plan?.columns ?? null,
    optional: pipeline === undefined ? new Set() : optionalFieldsOf(`topic "${topic}"`, pipeline.schema),
    keyField: options.key ?? plan?.partitionBy ?? null,
    needsKey: options.key !== undefined && plan === undefined,
    keySeparator: options.keySeparator ?? null,
    nullText: options.null,
    isRaw: options.raw === true,
  });
  const produced = await produce(context, topic, records, {
    rate: options.rate ?? null,
    resume: options.resume === true,
    kafka: session.options,
    headers: options.header,
    keyless: plan === undefined ? 'in turn' : 'together',
    ...{ isLive, signal },
    onProgress: (dealtWith, sent) => bar.update(dealtWith, (sent / (performance.now() - startedAtMs)) * 1000, null),
  })
    .catch((error) => {
      throw unreadable(error);
    })
    .finally(() => {
      bar.stop();
      // Else a terminal that nobody types at would keep the process.
      if (isLive) process.stdin.destroy();
    });
  if (options.json) return printJson({ topic, ...produced });
  const there = produced.skipped > 0 ? `, ${plural(produced.skipped, 'record was', 'records were')} there already` : '';
  print(`sent ${plural(produced.sent, 'record')}${there}  (${seconds(performance.now() - startedAtMs)})`);
  print(
    `end offsets: ${Object.entries(produced.endOffsets)
      .map(([partition, end]) => `${partition}: ${end}`)
      .join('  ')}`,
  );
}

function headerOf(text: string, before: Headers): Headers {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError('It must be name=value.');
  return { ...before, [name]: [...(before[name] ?? []), value] };
}

/** What a relay did not bring has no place in its log. */
function isRelayed({ name, topic, relay }: Plan, target: string): UsageError {
  const sources = relay?.sources.map((source) => source.topic) ?? [];
  return new UsageError('BIFOLD_RELAYED_LOG', {
    failed: `records are not sent to the log of pipeline "${name}": its relay alone writes it`,
    received: target === topic ? `topic "${topic}"` : `"${target}", which reads topic "${topic}"`,
    allowed: sources.join(', '),
    remedy: `npx bifold produce ${sources[0]} --file FILE`,
  });
}

/** The key of a pipeline's topic is what its partitions are made by: another one would put what belongs together apart. */
function checkKeys(plan: Plan | undefined, { key, keySeparator }: Options): void {
  if (plan !== undefined && key !== undefined && key !== plan.partitionBy) {
    throw new UsageError('BIFOLD_OTHER_KEY', {
      failed: `records of topic "${plan.topic}" cannot have "${key}" as their key`,
      received: `--key ${key}`,
      allowed: `"${plan.partitionBy}", by which the topic of pipeline "${plan.name}" is partitioned`,
      remedy: 'leave --key out',
    });
  }
  if (key !== undefined && keySeparator !== undefined) {
    throw new UsageError('BIFOLD_TWO_KEYS', {
      failed: 'a record has one key',
      received: '--key and --key-separator',
      allowed: 'one of them',
      remedy: 'leave the other out',
    });
  }
}

function noTopic(topic: string, plan: Plan | undefined, plans: readonly Plan[], names: readonly string[]): UsageError {
  return new UsageError('BIFOLD_UNKNOWN_TOPIC', {
    failed: `topic "${topic}" does not exist`,
    received: `"${topic}"`,
    allowed: [...names, ...plans.map(({ name, topic: read }) => `${name} (topic ${read})`)].join(', '),
    remedy:
      plan === undefined
        ? 'correct the name, or add --create (and --partitions) to make the topic'
        : `npx bifold deploy ${plan.name} creates it as exactness needs it`,
  });
}

/** Null where files cannot be read twice at little cost. */
async function lineCount(files: readonly InputFile[], format: ValueFormat | undefined): Promise<number | null> {
  if (files.some(({ isLocal }) => !isLocal)) return null;
  let total = 0;
  try {
    for (const file of files) {
      let lines = 0;
      for await (const chunk of await file.open()) {
        for (const byte of chunk as Buffer) if (byte === 10) lines++;
      }
      total += (format ?? formatOf(file.name)) === 'csv' ? Math.max(0, lines - 1) : lines;
    }
  } catch (cause) {
    throw unreadable(cause);
  }
  return total;
}
