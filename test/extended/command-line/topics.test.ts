/**
 * Topics, records and groups from the command line, on a real Kafka: what the documentation shows,
 * and what a person does next.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CloudAddresses, openCloud } from '@bifold/cloud';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Bifold, deleteCloud, jsonLines, type Ran, until } from '../../integration/local/bifold.ts';
import { cloudWithFolder } from '../../integration/local/cloud-folder.ts';
import { commandsOf, inShell, lastingLines } from '../../integration/local/page.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const program = join(root, 'infra', 'cli', 'bin', 'bifold.js');

let bifold: Bifold;
let addresses: CloudAddresses;
let folder: string;

beforeAll(async () => {
  ({ bifold, addresses, folder } = await cloudWithFolder('topics'));
});

afterAll(() => deleteCloud(bifold));

interface Record {
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  readonly value?: unknown;
  readonly text?: string;
}

async function succeeding(...args: string[]): Promise<Ran> {
  const ran = await bifold.run(...args);
  if (ran.status !== 0) throw new Error(`bifold ${args.join(' ')} ended with ${ran.status}\n${ran.stderr}`);
  return ran;
}

const consumed = (...args: string[]): Promise<readonly Record[]> => bifold.consumed(...args);

interface Running {
  readonly child: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** Its exit status, or the signal that it died of. */
  readonly ended: Promise<number | string>;
}

function running(...args: string[]): Running {
  const child = spawn(process.execPath, [program, ...args], { cwd: root, env: bifold.env, stdio: 'pipe' });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const ended = new Promise<number | string>((resolve) => {
    child.on('close', (status, signal) => resolve(status ?? signal ?? 'unknown'));
  });
  return { child, stdout: () => stdout, stderr: () => stderr, ended };
}

describe('the documentation', () => {
  const shown = commandsOf('topics.md');

  /**
   * Removes text that differs between runs: ids, durations, sizes, the progress of a bar, and the
   * order of two streams.
   */
  const lasting = (text: string): readonly string[] =>
    lastingLines(text, (line) =>
      line.includes(' events/s')
        ? null
        : line
            .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'ID')
            .replaceAll(/\([\d.]+ s\)/g, '(TIME)')
            .replaceAll(/\b[\d.]+ (B|KiB)(?=\s|$)/g, 'SIZE'),
    );

  it('shows every command', () => {
    const commands = shown.flatMap(({ command }) => command.match(/npx bifold (\w+ \w+|\w+)/g) ?? []).join('\n');
    for (const name of ['topic create', 'topic alter', 'topic delete', 'produce', 'consume', 'groups reset', 'convert'])
      expect(commands).toContain(`npx bifold ${name}`);
  });

  it.each(shown)('$command', async ({ command, output: written }) => {
    const { status, output } = await inShell(bifold, folder, command);
    expect(lasting(output)).toEqual(lasting(written));
    // It warns of omitted records, and its exit code shows them.
    expect(status).toBe(/^! /m.test(written) ? 1 : 0);
  });
});

describe('produce', () => {
  it('refuses a topic that does not exist, and creates it when asked to', async () => {
    const refused = await bifold.feed('a\n', 'produce', 'notes');
    expect([refused.status, refused.stderr]).toEqual([
      2,
      expect.stringMatching(/topic "notes" does not exist[\s\S]*--create/),
    ]);
    const { status } = await bifold.feed('a\nb\nc\n', 'produce', 'notes', '--create', '--partitions', '3');
    expect(status).toBe(0);
    // Records without keys go to each partition in turn.
    expect((await consumed('notes')).map(({ partition, text }) => [partition, text]).sort()).toEqual([
      [0, 'a'],
      [1, 'b'],
      [2, 'c'],
    ]);
  });

  it('sends lines as they are typed, and ends cleanly at Ctrl-C', async () => {
    const typing = running('produce', 'notes', '--key-separator', '=');
    typing.child.stdin?.write('k=one\n');
    await until(
      'the first line',
      () => consumed('notes'),
      (records) => records.some(({ text }) => text === 'one'),
    );
    typing.child.stdin?.write('k=two\n');
    await until(
      'the second line',
      () => consumed('notes'),
      (records) => records.some(({ text }) => text === 'two'),
    );
    typing.child.kill('SIGINT');
    expect(await typing.ended).toBe(0);
    expect(typing.stdout()).toMatch(/^sent 2 records/);
  });

  it('sends each file of a folder once, by name, also when it goes on from the middle', async () => {
    const source = join(folder, 'source');
    mkdirSync(source);
    await succeeding('topic', 'create', 'visits', '--partitions', '2');
    writeFileSync(join(source, '2.csv'), 'id,zip\n2,007\n3,010\n');
    writeFileSync(join(source, '1.jsonl'), '{"id":1,"zip":"1"}\n');
    writeFileSync(join(source, '_SUCCESS'), '');
    const args = ['produce', 'visits', '--file', source, '--key', 'id'];
    expect(await bifold.json(...args, '--resumable')).toMatchObject({ sent: 3, skipped: 0 });
    writeFileSync(join(source, '3.jsonl'), '{"id":4}\n');
    expect(await bifold.json(...args, '--resume')).toMatchObject({ sent: 1, skipped: 3 });
    const records = await consumed('visits');
    expect(records.map(({ key, value }) => [key, value]).sort()).toEqual([
      ['1', { id: 1, zip: '1' }],
      ['2', { id: 2, zip: '007' }],
      ['3', { id: 3, zip: '010' }],
      ['4', { id: 4 }],
    ]);
  });

  it('sends what is typed before a line that is no record, and says which line that is', async () => {
    const { status, stderr } = await bifold.feed('{"id":5}\n{"id":\n', 'produce', 'visits', '--key', 'id');
    expect([status, stderr]).toEqual([2, expect.stringContaining('line 2 of standard input is no record')]);
    expect((await consumed('visits')).map(({ key }) => key)).toContain('5');
  });

  it('checks files before it sends the first record, and names file and line', async () => {
    const source = join(folder, 'checked');
    mkdirSync(source);
    await succeeding('topic', 'create', 'checked', '--partitions', '1');
    writeFileSync(join(source, '1.jsonl'), '{"id":1}\n');
    for (const [name, text, line] of [
      ['2.jsonl', '{"id":2}\n{"id":\n', 2],
      ['2.csv', 'id,zip\n2,007\n3\n', 3],
    ] as const) {
      writeFileSync(join(source, name), text);
      const { status, stderr } = await bifold.run('produce', 'checked', '--file', source);
      expect([status, stderr]).toEqual([2, expect.stringContaining(`line ${line} of ${join(source, name)}`)]);
      expect(stderr).toContain('nothing was sent');
      rmSync(join(source, name));
    }
    expect(await consumed('checked')).toEqual([]);
  });
});

describe('consume', () => {
  it('follows the log, and ends cleanly at Ctrl-C', async () => {
    const following = running('consume', 'notes', '--format', 'text');
    await until(
      'its first word',
      async () => following.stderr(),
      (text) => text.includes('waiting for new records'),
    );
    // Written again until it is seen: when it began to wait cannot be known from outside.
    await until(
      'a record that came later',
      async () => {
        await bifold.feed('later\n', 'produce', 'notes');
        return following.stdout();
      },
      (text) => text.includes('later'),
    );
    following.child.kill('SIGINT');
    expect(await following.ended).toBe(0);
    expect(following.stdout()).not.toContain('one');
    expect(following.stderr()).toMatch(/to go on from here: --from 0:\d+,1:\d+,2:\d+/);
  });

  it('begins at a time', async () => {
    const [first] = await consumed('visits');
    const all = (await succeeding('consume', 'visits', '--until', 'end', '--json')).stdout;
    const times = jsonLines<Record>(all).map((record) => (record as unknown as { timestamp: string }).timestamp);
    const last = [...times].sort().at(-1) as string;
    expect(first).toBeDefined();
    expect(await consumed('visits', '--from', last)).toHaveLength(times.filter((time) => time >= last).length);
    expect(await consumed('visits', '--from', '2099-01-01')).toEqual([]);
  });

  it('shares a topic among the members of a group, each record once, and goes on where it was', async () => {
    await succeeding('topic', 'create', 'shared', '--partitions', '4');
    const members = [0, 1].map(() => running('consume', 'shared', '--group', 'pair', '--from', 'earliest', '--json'));
    interface Described {
      readonly members: readonly { readonly assignment: { readonly shared?: readonly number[] } }[];
      readonly partitions: readonly { readonly lag: number | null; readonly member: string | null }[];
    }
    const described = () => bifold.json<Described>('groups', 'describe', 'pair').catch(() => null);
    await until(
      'both to share',
      described,
      (group) =>
        group?.members.length === 2 && group.members.every(({ assignment }) => assignment.shared?.length === 2),
    );
    const lines = Array.from({ length: 400 }, (_, id) => `${JSON.stringify({ id })}\n`).join('');
    await bifold.feed(lines, 'produce', 'shared', '--key', 'id');
    await until(
      'all to be committed',
      described,
      (group) => group !== null && group.partitions.length === 4 && group.partitions.every(({ lag }) => lag === 0),
    );
    const refused = await bifold.run('groups', 'reset', 'pair', '--to', 'earliest', '--execute');
    expect([refused.status, refused.stderr]).toEqual([3, expect.stringContaining('2 members')]);
    for (const { child } of members) child.kill('SIGINT');
    expect(await Promise.all(members.map(({ ended }) => ended))).toEqual([0, 0]);
    const ids = members.map(({ stdout }) =>
      jsonLines<Record>(stdout()).map(({ value }) => (value as { id: number }).id),
    );
    expect(ids.every((own) => own.length > 0)).toBe(true);
    expect(ids.flat().sort((left, right) => left - right)).toEqual(Array.from({ length: 400 }, (_, id) => id));

    await bifold.feed('{"id":400}\n', 'produce', 'shared', '--key', 'id');
    const next = await succeeding('consume', 'shared', '--group', 'pair', '--until', 'end', '--json');
    expect(jsonLines<Record>(next.stdout).map(({ value }) => value)).toEqual([{ id: 400 }]);
    await succeeding('groups', 'reset', 'pair', '--to', 'latest', '--execute');
    const none = await succeeding('consume', 'shared', '--group', 'pair', '--until', 'end', '--json');
    expect(none.stdout).toBe('');
  });

  it('speaks to other brokers, with a password', async () => {
    const there = ['--brokers', addresses.kafka.brokersSasl, '--username', addresses.kafka.username];
    const withPassword = (password: string, ...args: string[]) =>
      new Promise<number>((resolve) => {
        const env = { ...bifold.env, BIFOLD_KAFKA_PASSWORD: password };
        execFile(process.execPath, [program, ...args, ...there], { cwd: root, env }, (error) =>
          resolve(error === null ? 0 : Number(error.code)),
        );
      });
    expect(await withPassword(addresses.kafka.password, 'topic', 'describe', 'shared')).toBe(0);
    expect(await withPassword(addresses.kafka.password, 'consume', 'shared', '--until', 'end')).toBe(0);
    expect(await withPassword('wrong', 'topic', 'list')).toBe(3);
    const { status, stderr } = await bifold.run('topic', 'list', ...there);
    expect([status, stderr]).toEqual([2, expect.stringContaining('BIFOLD_KAFKA_PASSWORD')]);
  });
});

describe('a broker that has just started', () => {
  it('is waited for by a group, whose offsets it still reads', async () => {
    await succeeding('topic', 'create', 'patience', '--partitions', '1');
    await bifold.feed('one\ntwo\n', 'produce', 'patience', '--value-format', 'text');
    const group = ['patience', '--group', 'patient', '--from', 'earliest'];
    expect(await consumed(...group, '--max', '1')).toHaveLength(1);
    const cloud = await openCloud({ root, stateDir: bifold.stateDir });
    await cloud.kill('kafka');
    await succeeding('up');
    expect(await consumed(...group)).toMatchObject([{ offset: 1 }]);
  });
});

describe('what a deployed pipeline reads', () => {
  let group: string;

  beforeAll(async () => {
    await bifold.json('deploy', 'airframes', '--topic-partitions', '2');
    const groups = await bifold.json<{ group: string; usedBy: string | null }[]>('groups', 'list');
    group = groups.find(({ usedBy }) => usedBy === 'airframes')?.group ?? '';
  });

  it('is named as such', async () => {
    expect(group).not.toBe('');
    const topics = await bifold.json<{ name: string; readBy: string[] }[]>('topic', 'list');
    expect(topics.find(({ name }) => name === 'legs')?.readBy).toEqual(['airframes']);
  });

  it.each([
    ['its topic is not deleted', () => ['topic', 'delete', 'legs'], /airframes reads/],
    ['its topic is not compacted', () => ['topic', 'alter', 'legs', '--config', 'cleanup.policy=compact'], /exactly/],
    [
      'its records are not too large',
      () => ['topic', 'alter', 'legs', '--config', 'max.message.bytes=9000000'],
      /4194304 at most/,
    ],
    ['its group is not reset', () => ['groups', 'reset', group, '--to', 'earliest', '--execute'], /stay exact/],
    ['its group is not deleted', () => ['groups', 'delete', group], /stay exact/],
    ['its group is not joined', () => ['consume', 'legs', '--group', group], /another --group/],
    ['its key is not another', () => ['produce', 'legs', '--key', 'hours', '--file', program], /leave --key out/],
  ])('%s', async (_, args, told) => {
    const { status, stderr } = await bifold.run(...args());
    expect([status, stderr]).toEqual([2, expect.stringMatching(told)]);
  });

  it('stays exact when partitions are added', async () => {
    const legs = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, index) => ({
        departed: 1_357_000_000 + (from + index) * 600,
        tailnum: `N${(from + index) % 20}`,
        hours: 1.5,
        miles: 700,
        speed: 466.6,
      }))
        .map((leg) => `${JSON.stringify(leg)}\n`)
        .join('');
    await bifold.feed(legs(0, 300), 'produce', 'airframes');
    const { stdout } = await succeeding('topic', 'alter', 'legs', '--partitions', '5');
    expect(stdout).toContain('airframes stays exact');
    await bifold.feed(legs(300, 700), 'produce', 'airframes');
    const ends = (await bifold.json<{ partitions: { end: number }[] }>('topic', 'describe', 'legs')).partitions;
    expect(ends.filter(({ end }) => end > 0).length).toBeGreaterThan(2);
    await bifold.waitForLag('airframes', 0);
    expect(await bifold.json('verify', 'airframes')).toMatchObject({ equal: true, records: 700 });
  });

  it('is deleted by force alone', async () => {
    expect(await bifold.json('topic', 'delete', 'legs', '--force')).toMatchObject({ topic: 'legs', deleted: true });
    expect((await bifold.run('topic', 'describe', 'legs')).status).toBe(3);
  });
});
