import type { TopicConfig, TopicState } from '@bifold/adapters/kafka';
import { Command } from 'commander';
import type { Context } from '../../context.ts';
import { UsageError } from '../../errors.ts';
import { type KafkaChoice, readersOf, topicNamed, withKafka, withKafkaOptions } from '../../kafka/kafka-session.ts';
import { refuseInexact } from '../../kafka/topics/exact-topic.ts';
import { tableText } from '../../output/table.ts';
import { bold, dim, number, plural, print, printJson, sizeText } from '../../output/terminal.ts';
import { settingOf, wholeNumber } from '../option-values.ts';

type Settings = Readonly<Record<string, string>>;

interface CreateOptions extends KafkaChoice {
  readonly partitions?: number;
  readonly replication?: number;
  readonly config: Settings;
  readonly ifNotExists?: boolean;
  readonly json?: boolean;
}

interface ListOptions extends KafkaChoice {
  readonly internal?: boolean;
  readonly json?: boolean;
}

interface DescribeOptions extends KafkaChoice {
  readonly allConfigs?: boolean;
  readonly json?: boolean;
}

interface AlterOptions extends KafkaChoice {
  readonly partitions?: number;
  readonly config: Settings;
  readonly unset: readonly string[];
  readonly force?: boolean;
  readonly json?: boolean;
}

interface DeleteOptions extends KafkaChoice {
  readonly force?: boolean;
  readonly json?: boolean;
}

export const topicCommand = (): Command =>
  new Command('topic')
    .description('topics: create, list, describe, alter, delete')
    .addCommand(createCommand())
    .addCommand(listCommand())
    .addCommand(describeCommand())
    .addCommand(alterCommand())
    .addCommand(deleteCommand())
    .addHelpText(
      'after',
      `
Examples:
  $ npx bifold topic create orders --partitions 3
  $ npx bifold topic list
  $ npx bifold topic describe orders`,
    );

const createCommand = (): Command =>
  withKafkaOptions(
    new Command('create')
      .description('create a topic')
      .argument('<topic>', 'name of the topic')
      .option('--partitions <n>', "number of partitions (default: the broker's)", wholeNumber)
      .option('--replication <n>', "copies of each partition (default: the broker's)", wholeNumber)
      .option('--config <name=value>', 'configuration entry; may be repeated', settingOf, {})
      .option('--if-not-exists', 'exit with 0 if the topic exists')
      .option('--json', 'print the result as JSON'),
  )
    .addHelpText(
      'after',
      `
A pipeline's own topic is created by \`npx bifold deploy\`, as exactness needs it.

Examples:
  $ npx bifold topic create orders --partitions 3
  $ npx bifold topic create orders --config retention.ms=86400000 --config cleanup.policy=compact
  $ npx bifold topic create orders --partitions 6 --replication 3 --brokers broker-1:9092,broker-2:9092`,
    )
    .action((name: string, { partitions, replication, config, ifNotExists, json, ...choice }: CreateOptions) =>
      withKafka(choice, async ({ topics }) => {
        const found = ifNotExists ? await topics.describe(name) : null;
        if (found === null)
          await topics.create({ name, partitions: partitions ?? null, replicas: replication ?? null, config });
        const topic = found ?? (await topicNamed(topics, name));
        if (json) return printJson({ ...shortOf(topic), created: found === null });
        print(
          `topic ${name} ${found === null ? 'is created' : 'was there'}: ${plural(topic.partitions.length, 'partition')}, id ${topic.id}`,
        );
      }),
    );

const listCommand = (): Command =>
  withKafkaOptions(
    new Command('list')
      .description('list topics, and the deployed pipelines that read them')
      .option('--internal', "include Kafka's internal topics")
      .option('--json', 'print the result as JSON'),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ npx bifold topic list
  $ npx bifold topic list --brokers broker-1:9092 --json`,
    )
    .action(({ internal, json, ...choice }: ListOptions) =>
      withKafka(choice, async ({ context, topics }) => {
        const listed = (await topics.list())
          .filter(({ isInternal }) => internal === true || !isInternal)
          .map((topic) => ({ ...topic, readBy: readerNames(context, topic.id) }));
        if (json) return printJson(listed);
        if (listed.length === 0) return print('there are no topics: npx bifold topic create <name>');
        print(
          tableText(
            [
              { title: 'topic' },
              { title: 'partitions', align: 'right' },
              { title: 'replicas', align: 'right' },
              { title: 'read by' },
            ],
            listed.map(({ name, partitions, replicas, readBy }) => [
              name,
              String(partitions),
              String(replicas),
              readBy.join(', '),
            ]),
          ),
        );
      }),
    );

const describeCommand = (): Command =>
  withKafkaOptions(
    new Command('describe')
      .description('show partitions (leaders, offsets, sizes) and configuration')
      .argument('<topic>', 'name of the topic')
      .option('--all-configs', "include entries with Kafka's default")
      .option('--json', 'print the result as JSON'),
  )
    .addHelpText(
      'after',
      `
  end            end offset for readers of committed records
  size           size of the leader's log
  configuration  entries that differ from Kafka's default, set for the topic or for the broker

Examples:
  $ npx bifold topic describe orders
  $ npx bifold topic describe orders --all-configs --json`,
    )
    .action((name: string, { allConfigs, json, ...choice }: DescribeOptions) =>
      withKafka(choice, async ({ context, topics }) => {
        const topic = await topicNamed(topics, name);
        const configs = topic.configs.filter((entry) => allConfigs === true || differs(entry));
        const readBy = readerNames(context, topic.id);
        if (json) return printJson({ ...topic, configs, readBy });
        print(topicText(topic, configs, readBy));
      }),
    );

const alterCommand = (): Command =>
  withKafkaOptions(
    new Command('alter')
      .description('add partitions, set or unset configuration')
      .argument('<topic>', 'name of the topic')
      .option('--partitions <n>', 'new total number of partitions; it can only grow', wholeNumber)
      .option('--config <name=value>', 'set a configuration entry; may be repeated', settingOf, {})
      .option(
        '--unset <name>',
        'reset an entry to its default; may be repeated',
        (name: string, names: readonly string[]) => [...names, name],
        [],
      )
      .option('--force', 'allow changes that break the exactness of a deployed pipeline')
      .option('--json', 'print the topic as JSON'),
  )
    .addHelpText(
      'after',
      `
The hash of a key selects one of all partitions. If their number grows, a key may move to another
partition. Its older and newer records then have no common order. Pipelines stay exact: they fold
each partition separately and merge. \`produce --resume\` works across such a change.

Examples:
  $ npx bifold topic alter orders --partitions 6
  $ npx bifold topic alter orders --config retention.ms=3600000
  $ npx bifold topic alter orders --unset retention.ms`,
    )
    .action((name: string, { partitions, config, unset, force, json, ...choice }: AlterOptions) =>
      withKafka(choice, async ({ context, topics }) => {
        const changesConfig = Object.keys(config).length + unset.length > 0;
        if (partitions === undefined && !changesConfig) throw nothingToDo();
        const before = await topicNamed(topics, name);
        const readBy = readerNames(context, before.id);
        if (readBy.length > 0 && force !== true)
          refuseInexact(
            `pipeline "${readBy.join('", "')}" could not read topic "${name}" exactly any more`,
            config,
            `destroy the pipeline first: npx bifold destroy ${readBy.join(' ')}; --force does it all the same`,
          );
        if (changesConfig) await topics.alterConfig(name, config, unset);
        if (partitions !== undefined) await topics.addPartitions(name, partitions);
        const after = await topicNamed(topics, name);
        if (json) return printJson({ ...after, configs: after.configs.filter(differs), readBy });
        if (partitions !== undefined) {
          print(
            `topic ${name} has ${plural(after.partitions.length, 'partition')}, ${before.partitions.length} before`,
          );
          print('  keys may go to another partition from now on; a key keeps its order within each partition');
          if (readBy.length > 0) print(`  ${readBy.join(', ')} stays exact: partitions are folded apart, then merged`);
        }
        for (const changed of [...Object.keys(config), ...unset]) {
          const entry = after.configs.find((config) => config.name === changed);
          print(`${changed}=${entry?.value ?? ''}${entry?.source === 'topic' ? '' : `  (the ${entry?.source}'s)`}`);
        }
      }),
    );

const deleteCommand = (): Command =>
  withKafkaOptions(
    new Command('delete')
      .description('delete a topic and all its records')
      .argument('<topic>', 'name of the topic')
      .option('--force', 'also delete a topic that a deployed pipeline reads')
      .option('--json', 'print the result as JSON'),
  )
    .addHelpText(
      'after',
      `
Does not ask for confirmation. Refuses a topic that a deployed pipeline reads, because its records
may not be archived yet.

Examples:
  $ npx bifold topic delete orders
  $ npx bifold topic delete departures --force`,
    )
    .action((name: string, { force, json, ...choice }: DeleteOptions) =>
      withKafka(choice, async ({ context, topics }) => {
        const topic = await topicNamed(topics, name);
        const readBy = readerNames(context, topic.id);
        if (topic.isInternal) throw isKafkasOwn(name);
        if (readBy.length > 0 && force !== true) throw isRead(topic, readBy);
        await topics.delete(name, topic.id);
        if (json) return printJson({ ...shortOf(topic), deleted: true });
        print(`topic ${name} is deleted, with ${plural(offsetsIn(topic), 'offset')}`);
        if (readBy.length > 0)
          print(`  ${readBy.join(', ')} cannot read any more: npx bifold deploy ${readBy.join(' ')} begins anew`);
      }),
    );

const readerNames = (context: Context, topicId: string): readonly string[] =>
  readersOf(context, topicId).map(({ pipeline }) => pipeline);

const differs = ({ value, source, defaultValue }: TopicConfig): boolean =>
  source === 'topic' || (source === 'broker' && value !== defaultValue);

const offsetsIn = ({ partitions }: TopicState): number =>
  partitions.reduce((total, { start, end }) => total + ((end ?? 0) - (start ?? 0)), 0);

function shortOf({ name, id, partitions }: TopicState): object {
  return { topic: name, id, partitions: partitions.length };
}

function topicText(topic: TopicState, configs: readonly TopicConfig[], readBy: readonly string[]): string {
  const right = { align: 'right' } as const;
  const sizeBytes = topic.partitions.reduce((total, partition) => total + (partition.sizeBytes ?? 0), 0);
  const lines = [
    `${bold(topic.name)}  ${plural(topic.partitions.length, 'partition')}, ${plural(offsetsIn(topic), 'offset')}, ${sizeText(sizeBytes)}`,
    `${dim('id')}       ${topic.id}`,
    `${dim('read by')}  ${readBy.length === 0 ? 'no deployed pipeline' : readBy.join(', ')}`,
    '',
    tableText(
      [
        { title: 'partition', ...right },
        { title: 'leader', ...right },
        { title: 'replicas', ...right },
        { title: 'in sync', ...right },
        { title: 'start', ...right },
        { title: 'end', ...right },
        { title: 'size', ...right },
      ],
      topic.partitions.map(({ partition, leader, replicas, inSync, start, end, sizeBytes: bytes }) => [
        String(partition),
        leader === null ? 'NONE' : String(leader),
        replicas.join(','),
        inSync.join(','),
        start === null ? '?' : number(start),
        end === null ? '?' : number(end),
        bytes === null ? '?' : sizeText(bytes),
      ]),
    ),
    '',
  ];
  if (configs.length === 0) return [...lines, "configuration: all as Kafka's defaults"].join('\n');
  const table = tableText(
    [{ title: 'configuration' }, { title: 'value' }, { title: 'set for' }, { title: "Kafka's default" }],
    configs.map(({ name, value, source, defaultValue }) => [
      name,
      value ?? '(not told)',
      source === 'default' ? '' : source,
      defaultValue ?? '',
    ]),
  );
  return [...lines, table].join('\n');
}

function nothingToDo(): UsageError {
  return new UsageError('BIFOLD_NOTHING_TO_ALTER', {
    failed: 'nothing was said to change',
    received: 'neither --partitions nor --config nor --unset',
    allowed: 'one of them, or several',
    remedy: 'npx bifold topic alter --help',
  });
}

function isKafkasOwn(name: string): UsageError {
  return new UsageError('BIFOLD_TOPIC_INTERNAL', {
    failed: `topic "${name}" is not deleted`,
    received: "one of Kafka's own topics, which keeps offsets or transactions of all others",
    allowed: 'a user-created topic',
    remedy: 'npx bifold topic list names them',
  });
}

function isRead(topic: TopicState, readBy: readonly string[]): UsageError {
  return new UsageError('BIFOLD_TOPIC_READ', {
    failed: `topic "${topic.name}" is not deleted`,
    received: `a topic with ${plural(offsetsIn(topic), 'offset')}, which ${readBy.join(', ')} reads`,
    allowed: 'a topic that no deployed pipeline reads',
    remedy: `npx bifold destroy ${readBy.join(' ')} first; --force deletes it all the same, with what is in no archive yet`,
  });
}
