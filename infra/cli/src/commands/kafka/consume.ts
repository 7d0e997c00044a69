import type { TopicState } from '@bifold/adapters/kafka';
import type { LogRecord } from '@bifold/core/engine';
import { Command, Option } from 'commander';
import { untilInterrupted } from '../../cloud/interruption.ts';
import { UsageError } from '../../errors.ts';
import { readAsGroup } from '../../kafka/groups/group-reader.ts';
import { offsetsOf, PLACES, type Place, placeOf } from '../../kafka/groups/positions.ts';
import {
  type KafkaChoice,
  type KafkaSession,
  mappingGroupOf,
  topicNamed,
  withKafka,
  withKafkaOptions,
} from '../../kafka/kafka-session.ts';
import { plural, tell } from '../../output/terminal.ts';
import { recordsOf } from '../../records/reading.ts';
import {
  FORMATS,
  type Format,
  PARTS,
  type Part,
  type RecordWriter,
  recordWriter,
} from '../../records/record-writer.ts';
import { wholeNumber } from '../option-values.ts';

interface Options extends KafkaChoice {
  readonly from?: Place;
  readonly until?: 'end';
  readonly max?: number;
  readonly group?: string;
  readonly format: Format;
  readonly show: readonly Part[];
  readonly json?: boolean;
}

export const consumeCommand = (): Command =>
  withKafkaOptions(
    new Command('consume')
      .description('print the records of a topic, and follow new ones')
      .argument('<topic>', 'name of the topic')
      .option('--from <place>', `${PLACES} (default: latest; with --until end: earliest)`, placeOf)
      .addOption(
        new Option('--until <place>', 'stop at the end that the log has when the command starts').choices(['end']),
      )
      .option('--max <n>', 'stop after this number of records', wholeNumber)
      .option('--group <name>', 'read as a member of this group: start at its committed offsets, and commit')
      .addOption(new Option('--format <name>', 'output format').choices([...FORMATS]).default('text'))
      .option('--show <parts>', `also print: ${PARTS.join(', ')} (comma-separated), or all`, partsOf, [])
      .option('--json', 'same as --format json: one object per line'),
  )
    .addHelpText(
      'after',
      `
Follows the log until Ctrl-C. Reads committed records only, in the order of each partition. Terminal
control characters are escaped.
  json  one object per line: the value is in "value" if it is JSON, in "text" if it is other text,
        and in "valueBase64" if it is binary. A record without a value has "tombstone": true.
  csv   the fields of JSON objects. A quoted empty cell is an empty text, any other is null. Exits
        with 1 if a record has a field that the header lacks, or is not an object.
  tsv   the same with tabs between the cells.
With --group, --from (earliest or latest) applies only if the group has no committed offset.

Examples:
  $ npx bifold consume departures
  $ npx bifold consume departures --from earliest --max 10 --show partition,offset,key
  $ npx bifold consume departures --from 2013-07-04T00:00:00Z --until end --format json
  $ npx bifold consume departures --from 0:100,2:350
  $ npx bifold consume departures --group report --from earliest`,
    )
    .action((name: string, options: Options) =>
      withKafka(options, (session) => untilInterrupted((signal) => consume(session, name, options, signal))),
    );

function partsOf(text: string): readonly Part[] {
  if (text === 'all') return PARTS;
  const parts = text.split(',').map((part) => part.trim());
  const unknown = parts.find((part) => !(PARTS as readonly string[]).includes(part));
  if (unknown === undefined) return PARTS.filter((part) => parts.includes(part));
  throw new UsageError('BIFOLD_UNKNOWN_PART', {
    failed: 'a part of a record is not known',
    received: `"${unknown}"`,
    allowed: `${PARTS.join(', ')}, or all`,
    remedy: 'correct --show',
  });
}

async function consume(session: KafkaSession, name: string, options: Options, signal: AbortSignal): Promise<void> {
  const { context, topics } = session;
  const topic = await topicNamed(topics, name);
  const from: Place = options.from ?? { kind: options.until === 'end' ? 'earliest' : 'latest' };
  const ends = options.until === 'end' ? await topics.offsets(name, 'latest') : null;
  const starts = await offsetsOf(topics, topic, from);
  const schema = (await context.pipelines()).find(({ plan }) => plan.topic === name)?.plan.columns ?? null;
  const writer = recordWriter(options.json ? 'json' : options.format, options.show, schema);
  const limit = options.max ?? Number.POSITIVE_INFINITY;
  const reading = { session, topic, starts, ends, limit, writer, signal };
  if (ends === null && options.group !== undefined) tell(`group ${options.group} goes on; Ctrl-C ends`);
  else if (ends === null && from.kind === 'latest')
    tell(`waiting for new records of ${name}; --from earliest shows those that are there, Ctrl-C ends`);
  if (options.group === undefined) await readAlone(reading, from.kind !== 'offsets');
  else await readInGroup(reading, options.group, from);
  await writer.end();
}

interface Reading {
  readonly session: KafkaSession;
  readonly topic: TopicState;
  readonly starts: ReadonlyMap<number, number>;
  readonly ends: ReadonlyMap<number, number> | null;
  readonly limit: number;
  readonly writer: RecordWriter;
  readonly signal: AbortSignal;
}

async function readAlone(
  { session, topic, starts, ends, limit, writer, signal }: Reading,
  withNewPartitions: boolean,
): Promise<void> {
  const { kafkaLog } = await import('@bifold/adapters/kafka');
  const log = kafkaLog({ ...session.options, topic: topic.name, topicId: topic.id });
  const next = new Map(starts);
  let count = 0;
  try {
    for await (const records of recordsOf({ log, starts, ends, withNewPartitions, signal })) {
      const taken = records.slice(0, limit - count);
      await writer.write(taken);
      for (const { partition, offset } of taken) next.set(partition, offset + 1);
      count += taken.length;
      if (count >= limit) break;
    }
  } finally {
    await log.close();
  }
  const places = [...next].sort(([left], [right]) => left - right).map(([partition, at]) => `${partition}:${at}`);
  tell(`${plural(count, 'record')}; to go on from here: --from ${places.join(',')}`);
}

async function readInGroup(
  { session, topic, starts, ends, limit, writer, signal }: Reading,
  group: string,
  from: Place,
): Promise<void> {
  if (from.kind !== 'earliest' && from.kind !== 'latest') throw groupHasOffsets(group);
  const mapping = await mappingGroupOf(session.context, group);
  if (mapping !== null) throw isMappings(group, mapping.pipeline);
  const { kafkaGroups, kafkaLog } = await import('@bifold/adapters/kafka');
  const groups = kafkaGroups(session.options);
  const log = kafkaLog({ ...session.options, topic: topic.name, topicId: topic.id });
  const committed = async () => (await groups.describe(group))?.committed.get(topic.name) ?? new Map<number, number>();
  let count = 0;
  const onRecords = async (records: readonly LogRecord[]): Promise<number> => {
    const taken = records.slice(0, limit - count);
    await writer.write(taken);
    count += taken.length;
    return taken.length;
  };
  try {
    await readAsGroup({
      kafka: session.options,
      group,
      topic: topic.name,
      beginsAt: from.kind,
      onRecords,
      signal,
      isEnough: () => count >= limit,
      until: ends === null ? null : { ends, starts, committed, log },
    });
  } finally {
    await Promise.all([groups.close(), log.close()]);
  }
  tell(`${plural(count, 'record')}, committed by group ${group}`);
}

function groupHasOffsets(group: string): UsageError {
  return new UsageError('BIFOLD_GROUP_GOES_ON', {
    failed: `group "${group}" cannot begin at that place`,
    received: 'a time or offsets',
    allowed: 'earliest or latest, for what the group has committed nothing of',
    remedy: `set its offsets first: npx bifold groups reset ${group} --to <place> --topic <topic> --execute`,
  });
}

function isMappings(group: string, pipeline: string): UsageError {
  return new UsageError('BIFOLD_GROUP_USED', {
    failed: `group "${group}" cannot be joined`,
    received: `the group by which pipeline "${pipeline}" reads: it would not get what comes here`,
    allowed: 'a group of your own, or none',
    remedy: 'choose another --group',
  });
}
