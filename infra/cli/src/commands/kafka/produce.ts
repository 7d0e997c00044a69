import type { KafkaTopics, TopicState } from '@bifold/adapters/kafka';
import type { Pipeline } from '@bifold/core';
import { Command, Option } from 'commander';
import { untilInterrupted } from '../../cloud/interruption.ts';
import { UsageError } from '../../errors.ts';
import {
  type KafkaChoice,
  type KafkaSession,
  namesOf,
  topicNamed,
  withKafka,
  withKafkaOptions,
} from '../../kafka/kafka-session.ts';
import { type Destination, destinationOf } from '../../kafka/producers/destination.ts';
import { limitOf, type Produced, type ProduceOptions, produce } from '../../kafka/producers/produce.ts';
import { produceOnce, type RecordSource } from '../../kafka/producers/produce-once.ts';
import { SENDS_TOPIC } from '../../kafka/producers/send-memory.ts';
import { progressBar } from '../../output/progress-bar.ts';
import { plural, print, printJson, seconds, tell, warn } from '../../output/terminal.ts';
import { type InputFile, inputFiles, STANDARD_INPUT, unreadable } from '../../records/input-files.ts';
import {
  type Checked,
  checkedRecords,
  recordsOfFiles,
  type SourceOptions,
  VALUE_FORMATS,
  type ValueFormat,
} from '../../records/record-source.ts';
import { nameAndValue, wholeNumber } from '../option-values.ts';
import { type ReadingChoice, readingOf, withReadingOptions } from '../reading-options.ts';

/** Records of standard input are checked one by one as they are sent. */
const NOTHING_CHECKED: Checked = { records: 0, largestBatchBytes: 0 };

type Headers = Readonly<Record<string, readonly string[]>>;

interface Options extends KafkaChoice, ReadingChoice {
  readonly file: string;
  readonly valueFormat?: ValueFormat;
  readonly key?: string;
  readonly keySeparator?: string;
  readonly header: Headers;
  readonly rate?: number;
  readonly resumable?: boolean;
  readonly resume?: boolean;
  readonly raw?: boolean;
  readonly create?: boolean;
  readonly partitions?: number;
  readonly json?: boolean;
}

export const produceCommand = (): Command =>
  withReadingOptions(
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
          new Option('--value-format <name>', 'format of the values (default: by the extension of the file)').choices([
            ...VALUE_FORMATS,
          ]),
        )
        .option('--key <field>', 'name of the field to use as the key')
        .option('--key-separator <text>', 'read each line as a key and a value with this separator')
        .option('--header <name=value>', 'header to add to each record; may be repeated', headerOf, {})
        .option('--rate <n>', 'records per second (default: as fast as possible)', wholeNumber)
        .option('--resumable', 'send each record exactly once, even if the command fails and runs again')
        .option('--resume', 'continue a send that was started with --resumable')
        .option('--raw', 'send lines unchanged, even if they are not JSON')
        .option('--create', 'create the topic if it does not exist')
        .option('--partitions <n>', 'number of partitions if the topic is created', wholeNumber)
        .option('--json', 'print the result as JSON'),
    ),
  )
    .addHelpText(
      'after',
      `
Records of a topic that a pipeline reads are JSON, or CSV with the types of its schema. Their key is
the field that partitions the topic in the definition. If pipelines partition a topic by different
fields, name the pipeline or give --key. Other topics take JSON, CSV (with the types that \`convert\` infers), Parquet or
lines of text. Records without a key go to all partitions in turn.

Files are checked before the first record is sent. A line that is not a record ends the command with
2, unless --raw is given. Lines from standard input are checked and sent one by one; Ctrl-D ends the
input.

With --resumable, records are sent in transactions. Each transaction also commits the number of sent
records of the file, in topic ${SENDS_TOPIC}. After a failure, --resume sends the rest. It refuses
other options, a file whose sent part changed, a recreated topic, and a send without --resumable.

Examples:
  $ npx bifold produce delays --file departures.jsonl --rate 5000
  $ npx bifold produce delays --file departures.jsonl --resumable
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
  checkKeys(options);
  const destination = destinationOf(pipelines, target, options.key ?? null);
  const { topic } = destination;
  const isOnce = options.resumable === true || options.resume === true;
  if (isOnce && options.file === STANDARD_INPUT) throw notTwice(options);
  const files = await inputFiles(options.file, context);
  const described = await topics.describe(topic);
  if (described === null && (options.create !== true || destination.log !== null))
    throw noTopic(destination, pipelines, await namesOf(topics));
  for (const warning of destination.warnings) warn(warning);
  const planned = sourceOptionsOf(destination, options, described);
  const isLive = options.file === STANDARD_INPUT;
  // Check all files before creating or sending anything.
  const checked = isLive ? NOTHING_CHECKED : await checkedRecords(files, planned).catch(rethrowReadable);
  const limit = planned.limit ?? limitOf(await created(topics, topic, options));
  const source = { ...planned, limit };
  // The limit of a created topic was not known before.
  if (checked.largestBatchBytes > limit.bytesMax) await checkedRecords(files, source);
  if (isLive && process.stdin.isTTY) tell('one record a line; Ctrl-D ends');
  const bar = progressBar(`sending to ${topic}`, checked.records, checked.records > 0 && !options.json);
  const startedAtMs = performance.now();
  const how: ProduceOptions = {
    rate: options.rate ?? null,
    kafka: session.options,
    headers: options.header,
    keyless: destination.columns === null ? 'in turn' : 'together',
    signal,
    onProgress: (dealtWith, sent) => bar.update(dealtWith, (sent / (performance.now() - startedAtMs)) * 1000, null),
  };
  const sending = isOnce
    ? produceOnce(context, topic, sourcesOf(files, source), {
        ...how,
        options: shapeOf(options),
        mustGoOn: options.resume === true,
      })
    : produce(context, topic, recordsOfFiles(files, source), { ...how, isLive });
  const produced = await sending.catch(rethrowReadable).finally(() => {
    bar.stop();
    // Otherwise an idle terminal would keep the process alive.
    if (isLive) process.stdin.destroy();
  });
  if (options.json) return printJson({ topic, ...produced });
  print(`${sentText(produced)}  (${seconds(performance.now() - startedAtMs)})`);
  print(
    `end offsets: ${Object.entries(produced.endOffsets)
      .map(([partition, end]) => `${partition}: ${end}`)
      .join('  ')}`,
  );
}

function sourceOptionsOf(
  { columns, optional, keyField, isKeyDeclared }: Destination,
  options: Options,
  topic: TopicState | null,
): SourceOptions {
  const isDeclared = columns !== null;
  return {
    format: options.valueFormat ?? null,
    fallback: isDeclared || options.key !== undefined ? 'json' : 'text',
    isJsonNeeded: isDeclared,
    columns,
    optional,
    keyField,
    needsKey: options.key !== undefined && !isKeyDeclared,
    keySeparator: options.keySeparator ?? null,
    reading: readingOf(options),
    onNote: onceEach(warn),
    isRaw: options.raw === true,
    headers: options.header,
    limit: topic === null ? null : limitOf(topic),
  };
}

/** Creates the topic, and describes it: brokers set what is not given. */
async function created(topics: KafkaTopics, name: string, { partitions }: Options): Promise<TopicState> {
  await topics.create({ name, partitions: partitions ?? null, replicas: null, config: {} });
  tell(`topic ${name} is created`);
  return topicNamed(topics, name);
}

function sentText({ sent, skipped }: Produced): string {
  if (skipped === 0) return `sent ${plural(sent, 'record')}`;
  if (sent === 0) return `sent nothing: all ${plural(skipped, 'record')} were sent before`;
  return `sent ${plural(sent, 'record')}, ${plural(skipped, 'record was', 'records were')} sent before`;
}

const sourcesOf = (files: readonly InputFile[], source: SourceOptions): readonly RecordSource[] =>
  files.map((file) => ({ address: file.address ?? file.name, records: () => recordsOfFiles([file], source) }));

/** The command reads files twice, but prints each remark once. */
function onceEach(receive: (text: string) => void): (text: string) => void {
  const told = new Set<string>();
  return (text) => {
    if (told.has(text)) return;
    told.add(text);
    receive(text);
  };
}

/** The options that determine the records of a file. */
function shapeOf({ key, keySeparator, valueFormat, header, raw, ...choice }: Options): Record<string, string> {
  const reading = readingOf(choice);
  return {
    ...(key === undefined ? {} : { '--key': key }),
    ...(keySeparator === undefined ? {} : { '--key-separator': keySeparator }),
    ...(valueFormat === undefined ? {} : { '--value-format': valueFormat }),
    ...(Object.keys(header).length === 0 ? {} : { '--header': JSON.stringify(header) }),
    ...(raw === true ? { '--raw': 'given' } : {}),
    ...(Object.keys(reading).length === 0 ? {} : { reading: JSON.stringify(reading) }),
  };
}

function rethrowReadable(error: unknown): never {
  throw unreadable(error);
}

function notTwice({ resume }: Options): UsageError {
  const option = resume === true ? '--resume' : '--resumable';
  return new UsageError('BIFOLD_NOT_RESUMABLE', {
    failed: 'standard input cannot be sent resumably: it cannot be read again',
    received: `${option} without --file`,
    allowed: `${option} with a file or a folder`,
    remedy: `write the records to a file: npx bifold produce TOPIC --file FILE ${option}`,
  });
}

function headerOf(text: string, before: Headers): Headers {
  const [name, value] = nameAndValue(text);
  return { ...before, [name]: [...(before[name] ?? []), value] };
}

function checkKeys({ key, keySeparator }: Options): void {
  if (key !== undefined && keySeparator !== undefined) {
    throw new UsageError('BIFOLD_TWO_KEYS', {
      failed: 'a record has one key',
      received: '--key and --key-separator',
      allowed: 'one of them',
      remedy: 'leave the other out',
    });
  }
}

function noTopic({ topic, log }: Destination, pipelines: readonly Pipeline[], names: readonly string[]): UsageError {
  return new UsageError('BIFOLD_UNKNOWN_TOPIC', {
    failed: `topic "${topic}" does not exist`,
    received: `"${topic}"`,
    allowed: [...names, ...pipelines.map(({ plan }) => `${plan.name} (topic ${plan.topic})`)].join(', '),
    remedy:
      log === null
        ? 'correct the name, or add --create (and --partitions) to make the topic'
        : `npx bifold deploy ${log.name} creates it as exactness needs it`,
  });
}
