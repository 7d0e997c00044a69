/**
 * The command line itself, as a person meets it: what it says and how it ends, when all is well and
 * when not.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LambdaClient, ListEventSourceMappingsCommand, UpdateEventSourceMappingCommand } from '@aws-sdk/client-lambda';
import type { CloudAddresses } from '@bifold/cloud';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'cassandra-driver';
import { Kafka, logLevel } from 'kafkajs';
import { type Bifold, deleteCloud, until } from '../../integration/local/bifold.ts';
import { cloudWithFolder } from '../../integration/local/cloud-folder.ts';

const LEGS = 3_000;
/** Offsets of a segment of legs-once. */
const SEGMENT = 1_024;
const legs = Array.from({ length: LEGS }, (_, index) => ({
  departed: 1_357_000_000 + index * 600,
  tailnum: index % 7 === 0 ? null : `N${index % 50}`,
  hours: index % 11 === 0 ? null : index / 60,
  miles: 100 + index,
  speed: index % 11 === 0 ? null : 400.5 + (index % 100),
}));

let bifold: Bifold;
let addresses: CloudAddresses;
beforeAll(async () => {
  ({ bifold, addresses } = await cloudWithFolder('cli'));
});
afterAll(() => deleteCloud(bifold));

describe('on a local cloud', () => {
  it.each([
    { name: 'cleanup.policy', value: 'compact' },
    { name: 'max.message.bytes', value: '5000000' },
  ])('refuses a topic with $name=$value before anything is deployed', async ({ name, value }) => {
    const admin = new Kafka({ brokers: [addresses.kafka.brokersInternal], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: 'legs', numPartitions: 1, configEntries: [{ name, value }] }] });
    const { status, stderr } = await bifold.run('deploy', 'airframes');
    await admin.deleteTopics({ topics: ['legs'] });
    await admin.disconnect();
    expect(status).toBe(2);
    expect(stderr).toContain(`${name}=${value}`);
    expect((await bifold.status()).pipelines).toEqual([]);
  });

  it('up is harmless when all runs', async () => {
    expect(await bifold.json('up')).toMatchObject({ started: [], deployed: [] });
  });

  it('sends a file once, also when it is asked to go on from the middle of it', async () => {
    await bifold.json('deploy', 'airframes', '--topic-partitions', '3');
    const growing = join(bifold.stateDir, 'growing.jsonl');
    const linesOf = (some: readonly unknown[]) => some.map((leg) => `${JSON.stringify(leg)}\n`).join('');
    const send = ['produce', 'airframes', '--file', growing];
    const head = linesOf(legs.slice(0, 1_234));
    writeFileSync(join(bifold.stateDir, 'head.jsonl'), head);
    writeFileSync(growing, head);
    expect(await bifold.json(...send, '--resumable')).toMatchObject({ sent: 1_234, skipped: 0 });
    writeFileSync(growing, linesOf(legs));
    expect(await bifold.json(...send, '--resume')).toMatchObject({ sent: LEGS - 1_234, skipped: 1_234 });
    expect(await bifold.json(...send, '--resume')).toMatchObject({ sent: 0, skipped: LEGS });
    await bifold.waitForLag('airframes', 0);
    expect(await bifold.json('verify', 'airframes')).toMatchObject({ equal: true, records: LEGS, differences: [] });
  });

  it('sends CSV as the schema types it', async () => {
    const csv = join(bifold.stateDir, 'legs.csv');
    writeFileSync(
      csv,
      'tailnum,departed,hours,miles,speed,other\nNA,1357000000,1.5,600,400,x\nN1,1357000000,NA,600,NA,y\n',
    );
    expect(await bifold.json('produce', 'legs', '--file', csv)).toMatchObject({ sent: 2 });
    writeFileSync(csv, 'tailnum,departed,hours,miles,speed\nN1,soon,1,1,1\n');
    const { status, stderr } = await bifold.run('produce', 'legs', '--file', csv);
    expect([status, stderr]).toEqual([2, expect.stringMatching(/line 2 of .*legs\.csv has no usable "departed"/)]);
    await bifold.waitForLag('airframes', 0);
    expect(await bifold.json('verify', 'airframes')).toMatchObject({ equal: true, records: LEGS + 2 });
  });

  it('refuses text that is no JSON for a pipeline, named by itself or by its topic, before anything is sent', async () => {
    const text = join(bifold.stateDir, 'lines.txt');
    writeFileSync(text, `${JSON.stringify(legs[0])}\nnot JSON\n`);
    const before = await bifold.status();
    for (const target of ['airframes', 'legs']) {
      const { status, stderr } = await bifold.run('produce', target, '--file', text);
      expect([status, stderr]).toEqual([2, expect.stringMatching(/line 2 of .*lines\.txt is no record\n.*not JSON/)]);
      expect(stderr).toContain('--raw');
    }
    expect((await bifold.status()).pipelines[0]?.ends).toEqual(before.pipelines[0]?.ends);
  });

  it('says no when a stored row is not what the log gives, and which', async () => {
    const { contactPoints, port, localDataCenter } = addresses.cassandra;
    const client = new Client({ contactPoints: [...contactPoints], localDataCenter, protocolOptions: { port } });
    const { rows } = await client.execute('SELECT * FROM bifold.fragments LIMIT 1000');
    const row = rows.find(({ window }) => window === 'weekly');
    if (row === undefined) throw new Error('no fragment');
    await client.execute(
      'DELETE FROM bifold.fragments WHERE version = ? AND topic_id = ? AND bucket = ? AND partition = ? AND segment = ? AND key = ? AND window = ? AND start = ?',
      ['version', 'topic_id', 'bucket', 'partition', 'segment', 'key', 'window', 'start'].map((name) => row[name]),
      { prepare: true },
    );
    await client.shutdown();
    const { status, stdout } = await bifold.run('verify', 'airframes', '--json');
    expect(status).toBe(1);
    const { equal, differences } = JSON.parse(stdout);
    expect(equal).toBe(false);
    expect(differences).toHaveLength(1);
    expect(JSON.stringify(Object.values(differences[0].key))).toBe(row.key);
    const told = await bifold.run('verify', 'airframes');
    expect([told.status, told.stdout]).toEqual([1, expect.stringMatching(/verify: NOT EQUAL {2}1 difference/)]);
  });

  it('counts once what was sent twice, in both layers', async () => {
    // The test decides when to publish.
    await bifold.json('deploy', 'legs-once', '-c', 'recomputeRate=rate(1 day)');
    const again = join(bifold.stateDir, 'head.jsonl');
    expect(await bifold.json('produce', 'legs-once', '--file', again)).toMatchObject({ sent: 1_234 });
    await bifold.json('wait', 'legs-once');
    await bifold.json('archive', 'legs-once');
    expect(await bifold.json('recompute', 'legs-once')).toMatchObject({ published: true });
    expect(await bifold.json('produce', 'legs-once', '--file', again)).toMatchObject({ sent: 1_234 });
    await bifold.json('wait', 'legs-once');
    const { equal, receipt } = await bifold.json<{
      readonly equal: boolean;
      readonly receipt: { readonly offsets: { readonly batch: number; readonly speed: number } };
    }>('verify', 'legs-once', '--against', 'both');
    expect(equal).toBe(true);
    expect(receipt.offsets.batch).toBeGreaterThan(0);
    expect(receipt.offsets.speed).toBeGreaterThan(0);
    const flown = legs.filter(({ tailnum }) => tailnum === 'N3');
    const { rows } = await bifold.json<{ readonly rows: readonly { readonly values: object }[] }>(
      ...['query', 'legs-once', '--window', 'ever', '--key', '["N3"]'],
    );
    expect(rows.map(({ values }) => values)).toEqual([
      { legs: flown.length, miles: flown.reduce((sum, { miles }) => sum + miles, 0) },
    ]);
  });

  it('calls weeks final when nothing can change them, and nothing does', async () => {
    const weeks = async () => {
      await bifold.json('wait', 'legs-once');
      return bifold.json<{
        readonly rows: readonly { readonly window: { readonly end: string }; readonly final?: boolean }[];
        readonly receipt: { readonly finalBefore: string | null };
      }>('query', 'legs-once', '--window', 'weekly', '--all');
    };
    const produce = async (some: readonly object[]): Promise<void> => {
      const file = join(bifold.stateDir, 'more.jsonl');
      writeFileSync(file, some.map((leg) => `${JSON.stringify(leg)}\n`).join(''));
      expect(await bifold.json('produce', 'legs-once', '--file', file)).toMatchObject({ sent: some.length });
    };
    const before = await weeks();
    expect(before.rows.length).toBeGreaterThan(0);
    expect(before.rows.filter(({ final }) => final !== false)).toEqual([]);

    // Every partition hears of a leg that was flown 100 days later.
    const last = Math.max(...legs.map(({ departed }) => departed));
    const airframes = [...new Set(legs.map(({ tailnum }) => tailnum))];
    const flown = last + 100 * 86_400;
    await produce(airframes.map((tailnum) => ({ tailnum, departed: flown, hours: 1, miles: 100, speed: 100 })));
    const after = await weeks();
    expect(after.receipt.finalBefore).toBe(new Date((flown - 60 * 86_400) * 1000).toISOString());
    for (const { window, final } of after.rows)
      expect(final).toBe(Date.parse(window.end) <= Date.parse(after.receipt.finalBefore as string));
    const final = after.rows.filter((row) => row.final);
    expect(final).toHaveLength(before.rows.length);

    // Old legs that were never sent before.
    await produce(airframes.map((tailnum) => ({ tailnum, departed: last - 1, hours: 1, miles: 7, speed: 7 })));
    expect((await weeks()).rows.filter((row) => row.final)).toEqual(final);
    const shown = await bifold.run('query', 'legs-once', '--window', 'weekly', '--key', '["N3"]');
    expect(shown.stdout).toMatch(/final/);
    expect(await bifold.json('verify', 'legs-once', '--against', 'both')).toMatchObject({ equal: true });
    const answer = join(bifold.stateDir, 'weeks.json');
    const given = await weeks();
    writeFileSync(answer, JSON.stringify(given));
    expect(await bifold.json('query', '--as-of', answer)).toEqual(given);
  });

  it('goes on above what the log lost, with no record that comes, when a cut has passed it', async () => {
    const behind = async (): Promise<number | null> =>
      (await bifold.status()).pipelines.find(({ pipeline }) => pipeline === 'legs-once')?.lag ?? null;
    const { endpoint, region, accessKeyId, secretAccessKey } = addresses.aws;
    const lambda = new LambdaClient({ endpoint, region, credentials: { accessKeyId, secretAccessKey } });
    const FunctionName = 'bifold-legs-once-speed';
    const { EventSourceMappings = [] } = await lambda.send(new ListEventSourceMappingsCommand({ FunctionName }));
    const { UUID, SelfManagedKafkaEventSourceConfig } = EventSourceMappings[0] ?? {};
    const groupId = SelfManagedKafkaEventSourceConfig?.ConsumerGroupId as string;
    const admin = new Kafka({ brokers: [addresses.kafka.brokersInternal], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();

    await lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: false }));
    await until(
      'an empty group',
      () => admin.describeGroups([groupId]),
      ({ groups }) => groups[0]?.state === 'Empty',
    );
    const head = join(bifold.stateDir, 'head.jsonl');
    for (let times = 0; times < 6; times++) await bifold.json('produce', 'legs-once', '--file', head);
    await bifold.json('archive', 'legs-once');

    // Retention deletes the unfolded records up to just below the last segment of each partition.
    const ends = await admin.fetchTopicOffsets('legs');
    const lost = ends.map(({ partition, high }) => ({
      partition,
      offset: String(Math.max(0, Math.floor((Number(high) - 1) / SEGMENT) * SEGMENT - 1)),
    }));
    await admin.deleteTopicRecords({ topic: 'legs', partitions: lost });

    await lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: true }));
    await until(
      'a group that has read the log to its end',
      () => admin.fetchOffsets({ groupId, topics: ['legs'] }),
      ([legsOf]) =>
        ends.every(
          ({ partition, high }) => legsOf?.partitions.find((one) => one.partition === partition)?.offset === high,
        ),
    );
    await admin.disconnect();
    lambda.destroy();
    expect(await behind()).toBeGreaterThan(SEGMENT);

    expect(await bifold.json('recompute', 'legs-once')).toMatchObject({ published: true });
    await bifold.waitForLag('legs-once', 0);
    const verified = ['verify', 'legs-once', '--against', 'archive'];
    await bifold.json('archive', 'legs-once');
    expect(await bifold.json(...verified)).toMatchObject({ equal: true, differences: [] });
  });

  it('asks for keys, totals and parts, and shows the receipt', async () => {
    const { status, stdout } = await bifold.run('query', 'airframes', '--key', '["N3"]', '--total', '--parts');
    expect(status).toBe(0);
    expect(stdout).toMatch(/N3 +both/);
    expect(stdout).toMatch(/gaps +none/);
  });

  it('shows logs of services and functions', async () => {
    for (const name of ['kafka', 'trigger', 'airframes-speed']) {
      const { status, stdout } = await bifold.run('logs', name);
      expect([name, status, stdout.length > 100]).toEqual([name, 0, true]);
    }
  });

  it('destroys what it deployed, and stops without a trace', async () => {
    for (const name of ['airframes', 'legs-once'])
      expect(await bifold.json('destroy', name)).toEqual({ destroyed: [name] });
    expect((await bifold.status()).pipelines).toEqual([]);
    const again = await bifold.run('destroy', 'airframes');
    expect([again.status, again.stderr]).toEqual([3, expect.stringContaining('is not deployed')]);
    expect(await bifold.json('down')).toEqual({ stopped: true, deleted: false });
    expect((await bifold.status()).services.every(({ state }) => state === 'down')).toBe(true);
  });
});
