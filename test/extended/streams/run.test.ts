/**
 * Streams in a process, as a person runs them: the examples of the documentation, on a real Kafka
 * and Cassandra, and what is left when one is killed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDuckDb } from '@bifold/adapters/duckdb';
import { openBucket } from '@bifold/adapters/s3';
import { ensureFlights } from '@bifold/cli';
import { type CloudAddresses, cloudPaths, openCloud } from '@bifold/cloud';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'cassandra-driver';
import { Kafka, logLevel } from 'kafkajs';
import { type Bifold, sharedBifold, until } from '../../integration/local/bifold.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const program = join(root, 'infra', 'cli', 'bin', 'bifold.js');
const example = (name: string): string => join('examples', name);

interface Shown {
  readonly stream: string;
  readonly batch: number;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

let bifold: Bifold;
let addresses: CloudAddresses;
let kafka: Kafka;
let cassandra: Client;
let folder: string;
/** The folder of the example's sinks. */
let out: string;

beforeAll(async () => {
  folder = join(root, '.bifold', 'test', 'run', 'streams');
  out = join(folder, 'songs');
  process.env.SONGS_OUT = out;
  bifold = await sharedBifold();
  ({ addresses } = await openCloud({ root, stateDir: bifold.stateDir }));
  kafka = new Kafka({ brokers: [addresses.kafka.brokersInternal], logLevel: logLevel.NOTHING });
  const { contactPoints, port, localDataCenter } = addresses.cassandra;
  cassandra = new Client({ contactPoints: [...contactPoints], localDataCenter, protocolOptions: { port } });
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
});

afterAll(async () => {
  await cassandra?.shutdown();
});

const linesOf = (text: string): Shown[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));

/** Runs a stream to its end, and tells what its console was given. */
async function shownBy(...args: string[]): Promise<Shown[]> {
  const { status, stdout, stderr } = await bifold.run('run', ...args, '--json');
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}\n${stderr}`);
  return linesOf(stdout);
}

interface Following {
  readonly child: ChildProcess;
  stdout(): string;
  readonly ended: Promise<{ readonly status: number | null; readonly signal: NodeJS.Signals | null }>;
}

function follow(env: Readonly<Record<string, string>>, ...args: string[]): Following {
  const child = spawn(process.execPath, [program, 'run', ...args], {
    cwd: root,
    env: {
      ...process.env,
      BIFOLD_STATE_DIR: bifold.stateDir,
      BIFOLD_SOFTWARE_DIR: join(root, '.bifold', 'software'),
      NO_COLOR: '1',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let stdout = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  const ended = new Promise<Awaited<Following['ended']>>((resolve) => {
    child.on('exit', (status, signal) => resolve({ status, signal }));
  });
  return { child, stdout: () => stdout, ended };
}

async function send(topic: string, values: readonly object[]): Promise<void> {
  const producer = kafka.producer();
  await producer.connect();
  await producer.send({ topic, messages: values.map((value) => ({ value: JSON.stringify(value) })) });
  await producer.disconnect();
}

/** All committed records of a topic: their values' texts. */
async function valuesIn(topic: string): Promise<string[]> {
  const { stdout } = await bifold.run('consume', topic, '--from', 'earliest', '--until', 'end', '--json');
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.stringify(JSON.parse(line).value));
}

async function objectsBelow(prefix: string): Promise<readonly string[]> {
  const { endpoint, region, accessKeyId, secretAccessKey } = addresses.aws;
  const bucket = openBucket('bifold-assets', { endpoint, region, credentials: { accessKeyId, secretAccessKey } });
  try {
    return await bucket.list(prefix);
  } finally {
    bucket.close();
  }
}

/** When each record of a topic was written, by offset. Epoch milliseconds. */
async function kafkaTimes(topic: string): Promise<readonly number[]> {
  const { stdout } = await bifold.run('consume', topic, '--from', 'earliest', '--until', 'end', '--json');
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => Date.parse(JSON.parse(line).timestamp));
}

/** Sends the first lines of the fetched file, as `head` of the page does. */
async function sendFlights(page: string): Promise<void> {
  const { departuresFile, weatherFile } = await ensureFlights(
    cloudPaths({ root, stateDir: bifold.stateDir, softwareDir: join(root, '.bifold', 'software') }),
    () => undefined,
  );
  for (const [, lines, name, topic = ''] of page.matchAll(
    /^\$ head -(\d+) \S+\/(\w+)\.jsonl \| npx bifold produce (\w+) /gm,
  )) {
    const file = join(folder, `${topic}.jsonl`);
    const all = readFileSync(name === 'weather' ? weatherFile : departuresFile, 'utf8').split('\n');
    writeFileSync(
      file,
      all
        .slice(0, Number(lines))
        .map((line) => `${line}\n`)
        .join(''),
    );
    const { status } = await bifold.run(
      ...`produce ${topic} --create --partitions 1 --key origin --file ${file}`.split(' '),
    );
    expect(status).toBe(0);
  }
}

async function createTopic(topic: string, numPartitions: number): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions }], waitForLeaders: true });
  await admin.disconnect();
}

describe('the examples', () => {
  it('rate: five rows a second in numbered batches, until Ctrl-C', async () => {
    const rate = follow({}, `${example('rate')}/src/rate.ts`, '--trigger', '500ms', '--json');
    await until(
      'ten rows',
      async () => linesOf(rate.stdout()).flatMap(({ rows }) => rows).length,
      (rows) => rows >= 10,
    );
    rate.child.kill('SIGINT');
    expect(await rate.ended).toEqual({ status: 0, signal: null });
    const shown = linesOf(rate.stdout());
    expect(shown.map(({ batch }) => batch)).toEqual(shown.map((_, index) => index));
    const rows = shown.flatMap((batch) => batch.rows);
    expect(rows.map(({ value }) => value)).toEqual(rows.map((_, index) => index));
    expect(rows.map(({ late }) => late)).toEqual(rows.map((_, index) => index >= 12));
    const times = rows.map(({ timestamp }) => Date.parse(String(timestamp)));
    expect(times.slice(1).map((time, index) => time - (times[index] as number))).toEqual(rows.slice(1).map(() => 200));

    // It goes on where it was: what would have come meanwhile comes with the first batch.
    const again = follow({}, `${example('rate')}/src/rate.ts`, '--trigger', '500ms', '--json');
    await until(
      'more rows',
      async () => linesOf(again.stdout()).length,
      (batches) => batches > 0,
    );
    again.child.kill('SIGINT');
    expect(await again.ended).toEqual({ status: 0, signal: null });
    const [next] = linesOf(again.stdout());
    expect([next?.batch, next?.rows[0]?.value]).toEqual([shown.length, rows.length]);
  });

  it('iris-files: prints what its page shows', async () => {
    const page = readFileSync(join(root, example('iris-files'), 'README.md'), 'utf8');
    const [, command = ''] = /\$ npx bifold (run .+)\n/.exec(page) ?? [];
    const [, printed = ''] = /```\n(-{43}\n[\s\S]+?)```/.exec(page) ?? [];
    const [, sql = ''] = /--sql '(.+)'/.exec(command) ?? [];
    const args = command.slice(0, command.indexOf(' --sql')).split(' ');
    // Files are read in the order of their times, which a checkout does not keep.
    const data = join(root, example('iris-files'), 'data');
    for (const [index, name] of readdirSync(data).sort().entries()) utimesSync(join(data, name), index, index);
    const { status, stdout } = await bifold.run(...args, '--sql', sql);
    expect({ status, stdout }).toEqual({ status: 0, stdout: printed });
    expect(stdout).toContain('virginica   50');
  });

  it('reading: from either end, with and without a checkpoint, five at a time', async () => {
    await createTopic('messages', 2);
    await send(
      'messages',
      Array.from({ length: 12 }, (_, n) => ({ n })),
    );
    const file = `${example('reading')}/src/reading.ts`;
    const sizes = (shown: readonly Shown[]) => shown.map(({ batch, rows }) => [batch, rows.length]);
    const now = ['--trigger', 'available-now'];
    for (let time = 0; time < 2; time++) {
      const all = await shownBy(file, ...now, '--no-checkpoint', '--from', 'earliest');
      expect(sizes(all)).toEqual([
        [0, 5],
        [1, 5],
        [2, 2],
      ]);
      const numbers = all.flatMap(({ rows }) => rows.map(({ value }) => JSON.parse(String(value)).n));
      expect(numbers.toSorted((left, right) => left - right)).toEqual(Array.from({ length: 12 }, (_, n) => n));
    }
    expect(sizes(await shownBy(file, ...now, '--no-checkpoint', '--from', 'latest'))).toEqual([[0, 0]]);

    expect(sizes(await shownBy(file, ...now))).toEqual([
      [0, 5],
      [1, 5],
      [2, 2],
    ]);
    expect(await shownBy(file, ...now)).toEqual([]);
    await send('messages', [{ n: 12 }, { n: 13 }, { n: 14 }]);
    // The starting offsets have no effect now; one batch contains everything.
    expect(sizes(await shownBy(file, '--trigger', 'once', '--from', 'latest'))).toEqual([[3, 3]]);

    const listed = await bifold.json<{ name: string; lastBatch: number; interrupted: number | null }[]>(
      'checkpoint',
      'list',
    );
    expect(listed).toContainEqual(expect.objectContaining({ name: 'reading', lastBatch: 3, interrupted: null }));
    const { stdout } = await bifold.run('checkpoint', 'show', 'reading', '--batches', '1');
    expect(stdout).toMatch(/batch 3 .+\n {2}from .+\n {2}to .+\n {2}committed {2}3 rows in, 3 out/);
    expect((await bifold.run('checkpoint', 'reset', 'reading')).status).toBe(0);
    expect((await shownBy(file, '--trigger', 'once')).flatMap(({ rows }) => rows)).toHaveLength(15);
  });

  it.each([['films'], ['flights-weather']])('%s: prints what its page shows', async (name) => {
    const page = readFileSync(join(root, example(name), 'README.md'), 'utf8');
    if (name === 'flights-weather') await sendFlights(page);
    for (const [, command = ''] of page.matchAll(/^\$ npx bifold ((?:produce|lookup) .+)$/gm)) {
      const { status, stderr } = await bifold.run(...command.split(' '));
      expect({ command, status, stderr }).toMatchObject({ command, status: 0 });
    }
    const runs = [...page.matchAll(/\$ npx bifold (run .+)\n```\n\n```\n(-{43}\n[\s\S]+?)```/g)];
    expect(runs.length).toBe(page.match(/\$ npx bifold run/g)?.length);
    for (const [, command = '', printed] of runs) {
      const [, args = command, sql] = /^(.+) --sql '(.+)'$/.exec(command) ?? [];
      const { status, stdout } = await bifold.run(...args.split(' '), ...(sql === undefined ? [] : ['--sql', sql]));
      expect({ command, status, stdout: stdout.trimEnd() }).toEqual({ command, status: 0, stdout: printed?.trimEnd() });
    }
  });

  it('sinks: the same rows everywhere, of the types that were declared', async () => {
    const file = `${example('sinks')}/src/sinks.ts`;
    await createTopic('songs', 2);
    const refused = await bifold.run('run', file);
    expect(refused.status).toBe(3);
    const [, create = ''] = /as in (CREATE TABLE .+)\n/.exec(refused.stderr) ?? [];
    await cassandra.execute(
      `CREATE KEYSPACE music WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}`,
    );
    await cassandra.execute(create);

    // The batch that Cassandra refused runs again, under the same number.
    const { status, stdout } = await bifold.run('run', file, '--json', '--sql', 'SELECT count(*) AS songs FROM songs');
    expect(status).toBe(0);
    const [shown, answer] = linesOf(stdout);
    expect(answer).toEqual({ songs: 5 });
    expect(shown?.batch).toBe(0);
    const songs = shown?.rows ?? [];
    expect(songs[4]).toEqual({
      id: 6,
      title: 'Better Git It in Your Soul',
      artist: 'Charles Mingus',
      minutes: 7,
      released: '1959-09-14T00:00:00.000Z',
      long: true,
    });

    const stored = await cassandra.execute('SELECT JSON * FROM music.songs');
    const cells = stored.rows.map((row) => JSON.parse(row['[json]'])).toSorted((left, right) => left.id - right.id);
    expect(cells.map(({ released, ...rest }) => ({ ...rest, released: new Date(released).toISOString() }))).toEqual(
      songs,
    );
    const byTitle = (values: readonly unknown[]) => values.map((value) => JSON.stringify(value)).toSorted();
    const sent = await valuesIn('songs');
    expect(sent.map((value) => JSON.stringify(Object.entries(JSON.parse(value)))).toSorted()).toEqual(
      byTitle(songs.map((song) => Object.entries(song))),
    );
    const database = await openDuckDb();
    const parquet = await database.rows(
      `SELECT id, title, artist, minutes, typeof(minutes) AS type, released FROM read_parquet('${out}/parquet/*/*.parquet', hive_partitioning = true) ORDER BY id`,
    );
    database.close();
    expect(parquet[4]).toEqual({
      id: 6n,
      title: 'Better Git It in Your Soul',
      artist: 'Charles Mingus',
      minutes: 7,
      type: 'DOUBLE',
      released: '1959-09-14 00:00:00',
    });
    const [json = ''] = readdirSync(join(out, 'json')).filter((name) => name.endsWith('.json'));
    const lines = readFileSync(join(out, 'json', json), 'utf8')
      .trim()
      .split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual(songs);
    expect(lines[4]).toContain('"minutes":7.0');
    expect(readFileSync(join(out, 'batches.txt'), 'utf8')).toBe('batch 0: 5 songs\n');
    expect(readFileSync(join(out, 'titles.txt'), 'utf8').split('\n')[0]).toBe('So What (9.37)');

    const again = await bifold.run('checkpoint', 'show', 'sinks');
    expect(again.stdout).toMatch(/songs\.csv:6 {2}invalid: id/);
  });
});

describe('topics', () => {
  it('several, or those of a pattern, are one source; it begins where each of them is told to', async () => {
    for (const topic of ['north', 'south', 'northwest']) await createTopic(topic, 1);
    // Records of one request have one time: the first two, and later the others.
    for (const topic of ['north', 'south', 'northwest'])
      for (const some of [
        [{ n: 0 }, { n: 1 }],
        [{ n: 2 }, { n: 3 }],
      ])
        await send(topic, some);
    const file = join(folder, 'several.ts');
    const read = async (from: string): Promise<readonly string[]> => {
      writeFileSync(
        file,
        `import { availableNow, console, defineStream, kafka, union } from '@bifold/streams';
export default defineStream({ name: 'several', from: ${from}, trigger: availableNow(), sinks: [console()] });
`,
      );
      const shown = await shownBy(file, '--no-checkpoint');
      return shown.flatMap(({ rows }) => rows.map((row) => `${row.topic}/${row.offset}`)).toSorted();
    };
    const rowsOf = (topic: string, first = 0) => [0, 1, 2, 3].slice(first).map((offset) => `${topic}/${offset}`);
    expect(await read(`kafka({ topic: ['north', 'south'], startingOffsets: 'earliest' })`)).toEqual([
      ...rowsOf('north'),
      ...rowsOf('south'),
    ]);
    expect(await read(`kafka({ pattern: /north.*/, startingOffsets: 'earliest' })`)).toEqual([
      ...rowsOf('north'),
      ...rowsOf('northwest'),
    ]);
    // A pattern is one of whole names, and a topic that no offset is given for begins where its log
    // does.
    expect(await read(`kafka({ pattern: /.orth/, startingOffsets: { north: { 0: 2 } } })`)).toEqual(rowsOf('north', 2));
    expect(
      await read(`kafka({ topic: ['north', 'south'], startingOffsets: { south: { 0: 3 } }, maxOffsetsPerTrigger: 2 })`),
    ).toEqual([...rowsOf('north'), ...rowsOf('south', 3)]);
    const later = (await kafkaTimes('south'))[2] as number;
    expect(
      await read(`kafka({ topic: 'south', startingOffsets: { timestamp: '${new Date(later).toISOString()}' } })`),
    ).toEqual(rowsOf('south', 2));
    expect(
      await read(
        `union([kafka({ topic: 'south', startingOffsets: 'earliest' }), kafka({ topic: 'north', startingOffsets: { north: { 0: 1 } } })])`,
      ),
    ).toEqual([...rowsOf('north', 1), ...rowsOf('south')]);
  });
});

describe('files of S3', () => {
  it('are a source and a sink, an input and an output', async () => {
    const place = 's3://bifold-assets/orders';
    const csv = join(folder, 'orders.csv');
    writeFileSync(csv, 'day,n\nmon,1\ntue,2\ntue,none\n');
    expect((await bifold.run('convert', csv, `${place}/in/orders.csv`)).status).toBe(0);
    // A path that only shares a prefix is outside the folder.
    expect((await bifold.run('convert', csv, `${place}/in-not/orders.csv`)).status).toBe(0);
    const file = join(folder, 'orders.ts');
    writeFileSync(
      file,
      `import { availableNow, console, defineStream, files } from '@bifold/streams';
import * as z from 'zod';
const schema = z.object({ day: z.string(), n: z.int() });
export default defineStream({
  name: 'orders',
  from: files({ path: '${place}/in', format: 'csv', schema }),
  trigger: availableNow(),
  sinks: [files({ path: '${place}/out', format: 'parquet', partitionBy: ['day'] }), console()],
});
`,
    );
    const [batch, ...others] = await shownBy(file);
    expect([batch?.rows, others]).toEqual([
      [
        { day: 'mon', n: 1 },
        { day: 'tue', n: 2 },
      ],
      [],
    ]);
    expect(await shownBy(file)).toEqual([]);
    const sent = await bifold.run(...`produce bought --create --partitions 1 --file ${place}/in/orders.csv`.split(' '));
    expect(sent).toMatchObject({ status: 0, stdout: expect.stringContaining('sent 3 records') });
    const names = (await objectsBelow('orders/out/')).map((key) => key.replace(/[0-9a-f]{8}-00000000-\d+/, 'x'));
    expect(names).toEqual([
      expect.stringMatching(/^orders\/out\/_bifold\/orders-/),
      'orders/out/day=mon/orders-x.parquet',
      'orders/out/day=tue/orders-x.parquet',
    ]);
  });
});

describe('a stream that is killed', () => {
  it('gives every row once to Kafka, files and Cassandra, whatever batch it was in', async () => {
    const COPIED = 40;
    await createTopic('originals', 3);
    await createTopic('copies', 2);
    await send(
      'originals',
      Array.from({ length: COPIED }, (_, n) => ({ n, half: n / 2 })),
    );
    await cassandra.execute(
      `CREATE KEYSPACE IF NOT EXISTS copies WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}`,
    );
    await cassandra.execute('CREATE TABLE copies.copies (n int PRIMARY KEY, half double)');
    const file = join(folder, 'copying.ts');
    writeFileSync(
      file,
      `import { availableNow, cassandra, console, defineStream, files, foreachBatch, kafka } from '@bifold/streams';
import * as z from 'zod';
const dieAt = Number(process.env.DIE_AT ?? -1);
export default defineStream({
  name: 'copying',
  from: kafka({ topic: 'originals', schema: z.object({ n: z.int(), half: z.number() }), startingOffsets: 'earliest', maxOffsetsPerTrigger: 7 }),
  trigger: availableNow(),
  sinks: [
    files({ path: ${JSON.stringify(join(folder, 'copies'))}, format: 'json' }),
    kafka({ topic: 'copies' }),
    cassandra({ table: 'copies.copies' }),
    foreachBatch((_, { batch }) => { if (batch === dieAt) process.kill(process.pid, 'SIGKILL'); }),
    console(),
  ],
});
`,
    );
    const batches: Shown[] = [];
    for (const dieAt of [0, 1, 3, 3]) {
      const run = follow({ DIE_AT: String(dieAt) }, file, '--json');
      expect(await run.ended).toEqual({ status: null, signal: 'SIGKILL' });
      batches.push(...linesOf(run.stdout()));
    }
    batches.push(...(await shownBy(file)));
    expect(batches.map(({ batch }) => batch)).toEqual([0, 1, 2, 3, 4, 5]);

    const numbers = Array.from({ length: COPIED }, (_, n) => n);
    const inOrder = (values: readonly unknown[]) =>
      values.map((value) => Number((value as { n: number }).n)).toSorted((left, right) => left - right);
    expect(inOrder(batches.flatMap(({ rows }) => rows))).toEqual(numbers);
    expect(inOrder((await valuesIn('copies')).map((value) => JSON.parse(value)))).toEqual(numbers);
    const names = readdirSync(join(folder, 'copies')).filter((name) => name.endsWith('.json'));
    const lines = names.flatMap((name) =>
      readFileSync(join(folder, 'copies', name), 'utf8')
        .trim()
        .split('\n'),
    );
    expect(names).toHaveLength(6);
    expect(inOrder(lines.map((line) => JSON.parse(line)))).toEqual(numbers);
    expect(inOrder((await cassandra.execute('SELECT n FROM copies.copies')).rows)).toEqual(numbers);

    writeFileSync(file, readFileSync(file, 'utf8').replace("topic: 'copies'", "topic: 'others'"));
    const changed = await bifold.run('run', file);
    expect(changed.status).toBe(3);
    expect(changed.stderr).toMatch(/sinks\.1\.topic: "copies" -> "others"/);
  });

  it('joins two topics, and gives every pair and every row without a partner once', async () => {
    await createTopic('orders', 2);
    await createTopic('payments', 2);
    await createTopic('settled', 1);
    const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString();
    const ORDERS = 30;
    await send(
      'orders',
      Array.from({ length: ORDERS }, (_, id) => ({ id, at: at(id) })),
    );
    // Every third order is never paid, every fifth twice.
    const paid = Array.from({ length: ORDERS }, (_, id) => id).filter((id) => id % 3 !== 0);
    const payments = [...paid, ...paid.filter((id) => id % 5 === 0)];
    await send(
      'payments',
      payments.map((order) => ({ order, at: at(order + 2) })),
    );
    // Time goes on for both, so that all of these are decided on.
    await send('orders', [{ id: 1000, at: at(200) }]);
    await send('payments', [{ order: 2000, at: at(200) }]);
    const file = join(folder, 'settling.ts');
    writeFileSync(
      file,
      `import { dropLate } from '@bifold/core';
import { availableNow, defineStream, foreachBatch, join, kafka } from '@bifold/streams';
import * as z from 'zod';
const dieAt = Number(process.env.DIE_AT ?? -1);
const at = z.iso.datetime();
const read = { startingOffsets: 'earliest', maxOffsetsPerTrigger: 10 };
export default defineStream({
  name: 'settling',
  from: join({
    left: { from: kafka({ topic: 'orders', schema: z.object({ id: z.int(), at }), ...read }), eventTime: 'at', dropLate: dropLate('1h') },
    right: { from: kafka({ topic: 'payments', schema: z.object({ order: z.int(), at }), ...read }), eventTime: 'at', dropLate: dropLate('1h') },
    as: 'paid',
    type: 'left', on: { id: 'order' }, within: { after: '10m' },
  }),
  trigger: availableNow(),
  sinks: [kafka({ topic: 'settled' }), foreachBatch((_, { batch }) => { if (batch === dieAt) process.kill(process.pid, 'SIGKILL'); })],
});
`,
    );
    for (const dieAt of [0, 2, 3]) {
      const run = follow({ DIE_AT: String(dieAt) }, file);
      expect(await run.ended).toEqual({ status: null, signal: 'SIGKILL' });
    }
    expect((await bifold.run('run', file)).status).toBe(0);
    const settled = (await valuesIn('settled')).map((value) => JSON.parse(value));
    const inOrder = (pairs: readonly (readonly [number, number | null])[]) =>
      pairs.map((pair) => JSON.stringify(pair)).toSorted();
    const unpaid = Array.from({ length: ORDERS }, (_, id) => id).filter((id) => id % 3 === 0);
    expect(inOrder(settled.map(({ id, paid_order }) => [id, paid_order]))).toEqual(
      inOrder([...payments.map((id) => [id, id] as const), ...unpaid.map((id) => [id, null] as const)]),
    );
  });

  it('is alone with its checkpoint', async () => {
    const file = `${example('rate')}/src/rate.ts`;
    const first = follow({}, file, '--checkpoint', 'alone', '--json');
    await until(
      'a batch',
      async () => linesOf(first.stdout()).length,
      (batches) => batches > 0,
    );
    const second = await bifold.run('run', file, '--checkpoint', 'alone');
    expect([second.status, second.stderr]).toEqual([3, expect.stringMatching(/BIFOLD_CHECKPOINT_IN_USE/)]);
    expect((await bifold.run('checkpoint', 'reset', 'alone')).status).toBe(3);
    first.child.kill('SIGKILL');
    await first.ended;
    expect((await bifold.run('checkpoint', 'reset', 'alone')).status).toBe(0);
  });
});

describe('questions', () => {
  it('cql: keyspaces, tables, upserts, filters with the key and without', async () => {
    const asked = async (...args: string[]) => {
      const { status, stdout, stderr } = await bifold.run('cql', ...args);
      return status === 0 ? stdout : `${status} ${stderr}`;
    };
    const within = ['--keyspace', 'shop'];
    const schema = `
      CREATE KEYSPACE shop WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}; -- one; copy
      CREATE TABLE shop.customers (id int PRIMARY KEY, name text, city text, since timestamp, tags set<text>, total bigint);`;
    expect((await bifold.feed(schema, 'cql')).stdout).toBe('done\n\ndone\n');
    const values = "(1, 'Ada; of ''London''', 'London', '1843-01-01T00:00:00Z', {'a', 'b'}, 9007199254740993)";
    await asked(...within, `INSERT INTO customers (id, name, city, since, tags, total) VALUES ${values}`);
    await asked(
      ...within,
      "INSERT INTO customers (id, city) VALUES (2, 'Paris'); UPDATE customers SET city = 'Rome' WHERE id = 2",
    );
    expect(await asked(...within, 'SELECT id, name, since, tags, total FROM customers WHERE id = 1', '--json')).toBe(
      `{"id":1,"name":"Ada; of 'London'","since":"1843-01-01T00:00:00.000Z","tags":["a","b"],"total":"9007199254740993"}\n`,
    );
    expect(await asked(...within, 'SELECT id, name, city FROM customers')).toBe(
      "id  name              city\n1   Ada; of 'London'  London\n2   NULL              Rome\n",
    );
    expect(await asked(...within, "SELECT id FROM customers WHERE city = 'Rome'")).toMatch(/^3 [\s\S]+ALLOW FILTERING/);
    expect(await asked(...within, "SELECT id FROM customers WHERE city = 'Rome' ALLOW FILTERING")).toBe('id\n2\n');
    expect(await asked(...within, 'INSERT INTO customers (id) VALUES (2) IF NOT EXISTS', '--json')).toContain(
      '"[applied]":false',
    );
    expect(await asked('DESCRIBE TABLES', '--json')).toContain('"name":"customers"');
    expect(await asked('TRUNCATE bifold.fragments')).toMatch(/^2 [\s\S]+BIFOLD_OWN_TABLES/);
    expect(await asked('SELECT count(*) FROM bifold.fragments')).toContain('count');
  });

  it('sql: files here and on S3, folders of dates as a column', async () => {
    const file = join(folder, 'cities.csv');
    writeFileSync(file, 'day,city\nmon,Rome\ntue,Paris\n');
    const query = `SELECT city, sum(n) AS n FROM 's3://bifold-assets/orders/out' JOIN '${file}' USING (day) GROUP BY ALL ORDER BY 1`;
    expect((await bifold.run('sql', query)).stdout).toBe('city   n\nParis  2\nRome   1\n');
    const pattern = `SELECT count(*) AS n FROM read_csv('s3://bifold-assets/orders/in/*.csv')`;
    expect((await bifold.run('sql', pattern, '--json')).stdout).toBe('{"n":3}\n');
    const missing = await bifold.run('sql', "SELECT * FROM 's3://bifold-assets/nowhere'");
    expect([missing.status, missing.stderr]).toEqual([3, expect.stringContaining('BIFOLD_NO_FILES')]);
  });
});

describe('a pipeline', () => {
  it('shows its aggregation from the topic, and goes on with it', async () => {
    await createTopic('departures', 2);
    const departure = (n: number) => ({
      at: new Date(Date.UTC(2013, 0, 1, n % 5)).toISOString(),
      carrier: n % 3 === 0 ? 'UA' : 'AA',
      flight: n,
      tailnum: null,
      origin: 'EWR',
      dest: 'SFO',
      dep_time: n % 4 === 0 ? null : 600,
      dep_delay: n,
    });
    const departures = Array.from({ length: 30 }, (_, n) => departure(n));
    await send('departures', departures);
    const args = ['delays', '--mode', 'complete', '--trigger', 'available-now'];
    const wanted = (all: typeof departures) =>
      [...Map.groupBy(all, ({ carrier }) => carrier)]
        .map(([carrier, own]) => ({
          window: 'daily',
          start: '2013-01-01T00:00:00.000Z',
          end: '2013-01-02T00:00:00.000Z',
          carrier,
          flights: own.length,
          cancelled: own.filter(({ dep_time }) => dep_time === null).length,
          totalDelay: own.reduce((sum, { dep_delay }) => sum + dep_delay, 0),
        }))
        .toSorted((left, right) => (left.carrier < right.carrier ? -1 : 1));
    const daily = (shown: readonly Shown[]) => shown.at(-1)?.rows.filter(({ window }) => window === 'daily');
    expect(daily(await shownBy(...args))).toMatchObject(wanted(departures));
    const more = Array.from({ length: 5 }, (_, n) => departure(100 + n));
    await send('departures', more);
    const [batch, ...others] = await shownBy(...args);
    expect(others).toEqual([]);
    expect(daily([batch as Shown])).toMatchObject(wanted([...departures, ...more]));
  });
});
