import type { GroupState, KafkaGroups } from '@bifold/adapters/kafka';
import { Command } from 'commander';
import type { DeploymentRecord } from '../../deployment/deployments.ts';
import { CliError, UsageError } from '../../errors.ts';
import { offsetsOf, PLACES, type Place, placeOf } from '../../kafka/groups/positions.ts';
import {
  type KafkaChoice,
  type KafkaSession,
  mappingGroupOf,
  topicNamed,
  withKafka,
  withKafkaOptions,
} from '../../kafka/kafka-session.ts';
import { tableText } from '../../output/table.ts';
import { bold, dim, number, plural, print, printJson } from '../../output/terminal.ts';

interface Options extends KafkaChoice {
  readonly json?: boolean;
}

interface ResetOptions extends Options {
  readonly to: Place;
  readonly topic?: string;
  readonly execute?: boolean;
  readonly force?: boolean;
}

interface DeleteOptions extends Options {
  readonly force?: boolean;
}

interface GroupPartition {
  readonly topic: string;
  readonly partition: number;
  /** The committed offset of the group. Null if it has none. */
  readonly committed: number | null;
  readonly end: number | null;
  readonly lag: number | null;
  readonly member: string | null;
}

interface Move {
  readonly topic: string;
  readonly partition: number;
  readonly from: number | null;
  readonly to: number;
}

export const groupsCommand = (): Command =>
  new Command('groups')
    .description('consumer groups: list, describe, reset, delete')
    .addCommand(listCommand())
    .addCommand(describeCommand())
    .addCommand(resetCommand())
    .addCommand(deleteCommand())
    .addHelpText(
      'after',
      `
Examples:
  $ npx bifold groups list
  $ npx bifold groups describe report
  $ npx bifold groups reset report --to earliest --execute`,
    );

const listCommand = (): Command =>
  withKafkaOptions(
    new Command('list')
      .description('list groups with their state, and the deployed pipelines that use them')
      .option('--json', 'print the result as JSON'),
  )
    .addHelpText('after', '\nExample:\n  $ npx bifold groups list')
    .action(({ json, ...choice }: Options) =>
      withGroups(choice, async (groups, session) => {
        const listed = await Promise.all(
          (await groups.list()).map(async (listing) => ({ ...listing, usedBy: await userOf(session, listing.group) })),
        );
        if (json) return printJson(listed);
        if (listed.length === 0)
          return print('there are no groups: npx bifold consume <topic> --group <name> makes one');
        print(
          tableText(
            [{ title: 'group' }, { title: 'state' }, { title: 'used by' }],
            listed.map(({ group, state, usedBy }) => [group, state, usedBy ?? '']),
          ),
        );
      }),
    );

const describeCommand = (): Command =>
  withKafkaOptions(
    new Command('describe')
      .description('show committed offset, lag and member of each partition')
      .argument('<group>', 'name of the group')
      .option('--json', 'print the result as JSON'),
  )
    .addHelpText('after', '\nExample:\n  $ npx bifold groups describe report')
    .action((name: string, { json, ...choice }: Options) =>
      withGroups(choice, async (groups, session) => {
        const group = await groupNamed(groups, name);
        const partitions = await partitionsOf(session, group);
        const usedBy = await userOf(session, name);
        if (json) return printJson({ group: name, state: group.state, usedBy, members: group.members, partitions });
        print(
          `${bold(name)}  ${group.state}, ${plural(group.members.length, 'member')}${usedBy === null ? '' : `, used by ${usedBy}`}\n`,
        );
        if (partitions.length === 0) return print(dim('no offsets are committed'));
        const right = { align: 'right' } as const;
        print(
          tableText(
            [
              { title: 'topic' },
              { title: 'partition', ...right },
              { title: 'committed', ...right },
              { title: 'end', ...right },
              { title: 'lag', ...right },
              { title: 'member' },
            ],
            partitions.map(({ topic, partition, committed, end, lag, member }) => [
              topic,
              String(partition),
              offsetText(committed),
              offsetText(end),
              offsetText(lag),
              member ?? '',
            ]),
          ),
        );
      }),
    );

const resetCommand = (): Command =>
  withKafkaOptions(
    new Command('reset')
      .description('set the committed offsets of a group; a dry run without --execute')
      .argument('<group>', 'name of the group; a new group needs --topic')
      .requiredOption('--to <place>', PLACES, placeOf)
      .option('--topic <name>', 'one topic (default: all topics that the group has committed)')
      .option('--execute', 'apply the changes')
      .option('--force', 'allow it for the group of a deployed pipeline')
      .option('--json', 'print the changes as JSON'),
  )
    .addHelpText(
      'after',
      `
The group must have no members: stop its consumers first. A time means the first record at or after
that time.

Examples:
  $ npx bifold groups reset report --to earliest
  $ npx bifold groups reset report --to 2013-07-04T00:00:00Z --topic departures --execute
  $ npx bifold groups reset report --to 0:100,1:250 --topic departures --execute`,
    )
    .action((name: string, { to, topic, execute, force, json, ...choice }: ResetOptions) =>
      withGroups(choice, async (groups, session) => {
        const group = await groups.describe(name);
        if (group === null && topic === undefined) throw noGroup(name, await namesOf(groups));
        const mapping = await mappingGroupOf(session.context, name);
        if (execute && mapping !== null && force !== true) throw isUsed('reset', name, mapping);
        if (execute && group !== null) refuseMembers('reset', group);
        const moves = await movesOf(session, group, topic, to);
        if (execute) {
          for (const moved of new Set(moves.map((move) => move.topic))) {
            const offsets = moves.filter((move) => move.topic === moved);
            await groups.commit(name, moved, new Map(offsets.map((move) => [move.partition, move.to])));
          }
        }
        if (json) return printJson({ group: name, executed: execute === true, moves });
        print(movesText(moves));
        if (execute) return print(`\ngroup ${name} goes on from there`);
        print(`\nnothing is changed yet: --execute does it`);
        if (group !== null && group.members.length > 0)
          print(`  it has ${plural(group.members.length, 'member')} now, which must stop before`);
        if (mapping !== null) print(`  ${consequence(mapping)}; --force does it all the same`);
      }),
    );

const deleteCommand = (): Command =>
  withKafkaOptions(
    new Command('delete')
      .description('delete a group and its offsets')
      .argument('<group>', 'name of the group')
      .option('--force', 'allow it for the group of a deployed pipeline')
      .option('--json', 'print the result as JSON'),
  )
    .addHelpText('after', '\nExample:\n  $ npx bifold groups delete report')
    .action((name: string, { force, json, ...choice }: DeleteOptions) =>
      withGroups(choice, async (groups, session) => {
        const group = await groupNamed(groups, name);
        const mapping = await mappingGroupOf(session.context, name);
        if (mapping !== null && force !== true) throw isUsed('delete', name, mapping);
        refuseMembers('delete', group);
        await groups.delete(name);
        if (json) return printJson({ group: name, deleted: true });
        print(`group ${name} is deleted`);
      }),
    );

function withGroups<T>(
  choice: KafkaChoice,
  work: (groups: KafkaGroups, session: KafkaSession) => Promise<T>,
): Promise<T> {
  return withKafka(choice, async (session) => {
    const groups = (await import('@bifold/adapters/kafka')).kafkaGroups(session.options);
    try {
      return await work(groups, session);
    } finally {
      await groups.close();
    }
  });
}

async function userOf({ context }: KafkaSession, group: string): Promise<string | null> {
  return (await mappingGroupOf(context, group))?.pipeline ?? null;
}

async function namesOf(groups: KafkaGroups): Promise<readonly string[]> {
  return (await groups.list()).map(({ group }) => group);
}

async function groupNamed(groups: KafkaGroups, name: string): Promise<GroupState> {
  const found = await groups.describe(name);
  if (found !== null) return found;
  throw noGroup(name, await namesOf(groups));
}

async function partitionsOf({ topics }: KafkaSession, group: GroupState): Promise<readonly GroupPartition[]> {
  const readers = new Map<string, string>();
  for (const { client, host, assignment } of group.members)
    for (const [topic, partitions] of Object.entries(assignment))
      for (const partition of partitions)
        readers.set(`${topic}/${partition}`, `${client} at ${host.replace(/^\//, '')}`);
  const named = new Set([
    ...group.committed.keys(),
    ...group.members.flatMap(({ assignment }) => Object.keys(assignment)),
  ]);
  const found = await Promise.all(
    [...named].sort().map(async (topic) => {
      const ends = await topics.offsets(topic, 'latest');
      const committed = group.committed.get(topic) ?? new Map<number, number>();
      return [...new Set([...ends.keys(), ...committed.keys()])]
        .sort((left, right) => left - right)
        .map((partition) => {
          const [at, end] = [committed.get(partition) ?? null, ends.get(partition) ?? null];
          const lag = at === null || end === null ? null : Math.max(0, end - at);
          return { topic, partition, committed: at, end, lag, member: readers.get(`${topic}/${partition}`) ?? null };
        });
    }),
  );
  return found.flat();
}

async function movesOf(
  { topics }: KafkaSession,
  group: GroupState | null,
  topic: string | undefined,
  place: Place,
): Promise<readonly Move[]> {
  const names = topic === undefined ? [...(group?.committed.keys() ?? [])] : [topic];
  if (topic === undefined && place.kind === 'offsets' && names.length > 1) throw whichTopic(names);
  const moves = await Promise.all(
    names.map(async (name) => {
      // A topic that the group once read may be deleted. A topic that the user names must exist.
      const described = topic === undefined ? await topics.describe(name) : await topicNamed(topics, name);
      if (described === null) return [];
      const offsets = await offsetsOf(topics, described, place);
      return [...offsets]
        .sort(([left], [right]) => left - right)
        .map(([partition, to]) => ({
          topic: name,
          partition,
          from: group?.committed.get(name)?.get(partition) ?? null,
          to,
        }));
    }),
  );
  return moves.flat();
}

function movesText(moves: readonly Move[]): string {
  const right = { align: 'right' } as const;
  return tableText(
    [
      { title: 'topic' },
      { title: 'partition', ...right },
      { title: 'committed', ...right },
      { title: 'to', ...right },
      { title: 'by', ...right },
    ],
    moves.map(({ topic, partition, from, to }) => {
      const by = from === null ? '' : to === from ? '0' : `${to > from ? '+' : '-'}${number(Math.abs(to - from))}`;
      return [topic, String(partition), offsetText(from), number(to), by];
    }),
  );
}

const offsetText = (value: number | null): string => (value === null ? '-' : number(value));

function consequence({ pipeline }: DeploymentRecord): string {
  return (
    `pipeline "${pipeline}" reads by this group. Its answers stay exact: what is delivered again is skipped, and segments ` +
    'that are jumped over are named as gaps by each receipt until the batch layer covers them'
  );
}

function isUsed(action: string, group: string, mapping: DeploymentRecord): UsageError {
  return new UsageError('BIFOLD_GROUP_USED', {
    failed: `group "${group}" is not ${action === 'reset' ? 'reset' : 'deleted'}`,
    received: consequence(mapping),
    allowed: 'a group that no deployed pipeline uses',
    remedy: `leave it alone, or destroy the pipeline first; --force ${action}s it all the same, once the trigger is stopped`,
  });
}

function refuseMembers(action: string, { group, state, members }: GroupState): void {
  if (members.length === 0) return;
  const who = members.map(({ client, host }) => `${client} at ${host.replace(/^\//, '')}`).join(', ');
  throw new CliError('BIFOLD_GROUP_ACTIVE', {
    failed: `group "${group}" is not ${action === 'reset' ? 'reset' : 'deleted'} while it is read`,
    received: `${state}, with ${plural(members.length, 'member')}: ${who}`,
    allowed: 'a group without members',
    remedy: 'stop its consumers, then run the command again',
  });
}

function noGroup(group: string, names: readonly string[]): CliError {
  return new CliError('BIFOLD_NO_GROUP', {
    failed: `group "${group}" does not exist`,
    received: 'no group of that name',
    allowed: names.length === 0 ? 'none yet' : names.join(', '),
    remedy: 'correct the name; `reset` makes a group, with --topic',
  });
}

function whichTopic(names: readonly string[]): UsageError {
  return new UsageError('BIFOLD_WHICH_TOPIC', {
    failed: 'offsets by partition were given, and it is not said of which topic',
    received: `a group with ${names.join(', ')}`,
    allowed: 'one topic',
    remedy: 'name it by --topic',
  });
}
