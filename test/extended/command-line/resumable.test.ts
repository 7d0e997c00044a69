/**
 * Resumable sends on a real Kafka: after any kill, each record of the file is in the topic exactly
 * once.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { kafkaLog } from '@bifold/adapters/kafka';
import type { CloudAddresses } from '@bifold/cloud';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { type Bifold, deleteCloud, until } from '../../integration/local/bifold.ts';
import { cloudWithFolder } from '../../integration/local/cloud-folder.ts';
import { type Random, randomOf } from '../../simulation/random.ts';

const SEED = Number(process.env.RESUMABLE_SEED ?? 20131112);
const ROWS = 60_000;
const RATE = '1500';
const TOPIC = 'rows';
const root = join(import.meta.dirname, '..', '..', '..');

let bifold: Bifold;
let addresses: CloudAddresses;
let folder: string;

beforeAll(async () => {
  ({ bifold, addresses, folder } = await cloudWithFolder('resumable'));
});

afterAll(() => deleteCloud(bifold));

interface Found {
  readonly partition: number;
  readonly value: { readonly row?: number; readonly other?: number };
}

/** Every committed record of a topic. */
async function committed<T>(topic: string): Promise<readonly { readonly partition: number; readonly value: T }[]> {
  const log = kafkaLog({ brokers: [addresses.kafka.brokersInternal], topic });
  try {
    const found: { partition: number; value: T }[] = [];
    for (const partition of await log.partitions()) {
      const { start, end } = await log.bounds(partition);
      for (let at = start; at < end; ) {
        const read = await log.read(partition, at, end, 1024 * 1024);
        for (const { value } of read.records)
          found.push({ partition, value: JSON.parse(Buffer.from(value ?? '').toString('utf8')) });
        at = read.end;
      }
    }
    return found;
  } finally {
    await log.close();
  }
}

/** The number of rows that the transactions have committed so far. */
const rowsSent = async (source: string): Promise<number> => {
  const parts = await committed<{ source: string; records: number }>('bifold-sends');
  return parts.filter(({ value }) => value.source === source).at(-1)?.value.records ?? 0;
};

const linesFrom = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, index) => `${JSON.stringify({ row: from + index })}\n`).join('');

describe('a send that was begun', () => {
  const file = () => join(folder, 'few.jsonl');

  beforeAll(async () => {
    await bifold.json('topic', 'create', 'few', '--partitions', '2');
    writeFileSync(file(), linesFrom(0, 3));
  });

  const refused = async (...args: string[]): Promise<string> => {
    const { status, stderr } = await bifold.run('produce', ...args);
    expect(status).toBe(2);
    return stderr;
  };

  it('is refused with --resume where none was begun, also after one that cannot be resumed', async () => {
    expect(await refused('few', '--file', file(), '--resume')).toContain('BIFOLD_NOT_RESUMABLE');
    await bifold.json('topic', 'create', 'plain', '--partitions', '1');
    await bifold.json('produce', 'plain', '--file', file());
    expect(await refused('plain', '--file', file(), '--resume')).toContain('one without --resumable leaves none');
  });

  it('is refused from standard input', async () => {
    const { status, stderr } = await bifold.feed('{"row":0}\n', 'produce', 'few', '--resumable');
    expect([status, stderr]).toEqual([2, expect.stringContaining('standard input cannot be sent resumably')]);
  });

  it('says that all was sent before, into a topic that other producers write as well', async () => {
    await bifold.feed('{"other":1}\n', 'produce', 'few');
    expect(await bifold.json('produce', 'few', '--file', file(), '--resumable')).toMatchObject({ sent: 3, skipped: 0 });
    await bifold.feed('{"other":2}\n', 'produce', 'few');
    expect(await bifold.json('produce', 'few', '--file', file(), '--resume')).toMatchObject({ sent: 0, skipped: 3 });
    const { stdout } = await bifold.run('produce', 'few', '--file', file(), '--resumable');
    expect(stdout).toContain('sent nothing: all 3 records were sent before');
  });

  it('sends what was appended since, and a folder file by file', async () => {
    appendFileSync(file(), linesFrom(3, 5));
    writeFileSync(join(folder, 'a-new-one.jsonl'), linesFrom(100, 102));
    expect(await bifold.json('produce', 'few', '--file', folder, '--resume')).toMatchObject({ sent: 4, skipped: 3 });
    const rows = (await committed<Found['value']>('few')).flatMap(({ value }) => value.row ?? []);
    expect(rows.sort((left, right) => left - right)).toEqual([0, 1, 2, 3, 4, 100, 101]);
    rmSync(join(folder, 'a-new-one.jsonl'));
  });

  it('is refused with other options, and names them', async () => {
    const stderr = await refused('few', '--file', file(), '--resume', '--key', 'row');
    expect(stderr).toMatch(/got {7}--key row\n {2}expected {2}as it was begun: --key \(left out\)/);
  });

  it('is refused when the part that was sent changed, and names the file', async () => {
    for (const [text, received] of [
      [linesFrom(1, 6), 'they differ'],
      [linesFrom(0, 4), 'only 4 records are in it now'],
    ] as const) {
      writeFileSync(file(), text);
      const stderr = await refused('few', '--file', file(), '--resume');
      expect(stderr).toContain(file());
      expect(stderr).toContain(`5 records of it were sent, and ${received}`);
    }
    // A refused command changed nothing.
    writeFileSync(file(), linesFrom(0, 5));
    expect(await bifold.json('produce', 'few', '--file', file(), '--resume')).toMatchObject({ sent: 0, skipped: 5 });
  });

  it('is refused when the topic was created anew: nothing was sent there', async () => {
    await bifold.json('topic', 'delete', 'few');
    await bifold.json('topic', 'create', 'few', '--partitions', '2');
    const stderr = await refused('few', '--file', file(), '--resume');
    expect(stderr).toMatch(/created anew as [0-9a-f-]{36}, and nothing of the source was sent there/);
    expect(await bifold.json('produce', 'few', '--file', file(), '--resumable')).toMatchObject({ sent: 5, skipped: 0 });
  });
});

interface Sending {
  readonly child: ChildProcess;
  stderr(): string;
  readonly ended: Promise<number | string>;
}

function sending(option: '--resumable' | '--resume', file: string): Sending {
  const program = join(root, 'infra', 'cli', 'bin', 'bifold.js');
  const args = ['produce', TOPIC, '--file', file, '--key', 'row', '--rate', RATE, '--json', option];
  const child = spawn(process.execPath, [program, ...args], {
    cwd: root,
    env: bifold.env,
  });
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const ended = new Promise<number | string>((resolve) => {
    child.once('close', (status, signal) => resolve(status ?? signal ?? 'unknown'));
  });
  return { child, stderr: () => stderr, ended };
}

const isAlive = ({ child }: Sending): boolean => child.exitCode === null && child.signalCode === null;

async function pidsOf(names: readonly string[]): Promise<readonly number[]> {
  const { services } = await bifold.status();
  return services.flatMap(({ name, pid }) => (names.length === 0 || names.includes(name) ? (pid ?? []) : []));
}

/**
 * Writes to the same topic all the while. Records that an unavailable broker did not accept are not
 * counted.
 */
function otherProducer(): { end(): Promise<number> } {
  const kafka = new Kafka({
    brokers: [addresses.kafka.brokersInternal],
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 100, maxRetryTime: 500, retries: 3 },
  });
  let isEnding = false;
  let written = 0;
  const run = async () => {
    while (!isEnding) {
      const producer = kafka.producer({ idempotent: true, createPartitioner: Partitioners.DefaultPartitioner });
      try {
        await producer.connect();
        while (!isEnding) {
          const messages = [0, 1, 2].map((partition) => ({ partition, value: `{"other":${written}}` }));
          await producer.send({ topic: TOPIC, messages });
          written += messages.length;
          await sleep(5);
        }
      } catch {
        await sleep(100);
      } finally {
        await producer.disconnect().catch(() => undefined);
      }
    }
  };
  const running = run();
  return {
    async end() {
      isEnding = true;
      await running;
      return written;
    },
  };
}

type Victim = 'producer' | 'broker' | 'cloud';

describe('kill -9 at random moments', () => {
  const VICTIMS: readonly Victim[] = ['producer', 'broker', 'producer', 'cloud', 'producer', 'broker', 'producer'];
  const SENT_BETWEEN = 1_500;

  /** Kills it in the middle of the file. @returns the rows that were committed when it hit */
  async function strike(victim: Victim, running: Sending, file: string, random: Random): Promise<number> {
    // Looked up first: between the condition below and the kill, the producer must not reach its
    // end.
    const pids = victim === 'producer' ? [] : await pidsOf(victim === 'broker' ? ['kafka'] : []);
    const before = await rowsSent(file);
    await until(
      'the send to go on',
      () => rowsSent(file),
      (rows) => rows >= before + SENT_BETWEEN,
    );
    await sleep(random.below(700));
    expect(isAlive(running)).toBe(true);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    if (victim !== 'broker') {
      running.child.kill('SIGKILL');
      expect(await running.ended).toBe('SIGKILL');
    }
    if (victim !== 'producer') {
      expect(pids.length).toBeGreaterThan(0);
      const repaired = await bifold.run('up');
      expect({ status: repaired.status, stderr: repaired.stderr }).toMatchObject({ status: 0 });
    }
    return rowsSent(file);
  }

  it(`leaves each row exactly once, in order, beside another producer (seed ${SEED})`, async () => {
    const random = randomOf(SEED, 'kills');
    const file = join(folder, 'many.jsonl');
    writeFileSync(file, linesFrom(0, ROWS));
    await bifold.json('topic', 'create', TOPIC, '--partitions', '3');
    const other = otherProducer();
    let running = sending('--resumable', file);
    const hits: (readonly [Victim, number])[] = [];
    let others = 0;
    try {
      for (const victim of random.shuffled(VICTIMS)) {
        hits.push([victim, await strike(victim, running, file, random)]);
        if (!isAlive(running)) running = sending('--resume', file);
      }
      const status = await running.ended;
      expect({ status, stderr: running.stderr() }).toEqual({ status: 0, stderr: '' });
    } finally {
      running.child.kill('SIGKILL');
      others = await other.end();
    }
    console.log(`committed rows at each kill: ${hits.map(([victim, rows]) => `${victim} ${rows}`).join(', ')}`);
    // Each kill hit in the middle: some rows were there, and some were not.
    for (const [, rows] of hits) expect(rows > 0 && rows < ROWS).toBe(true);
    const found = await committed<Found['value']>(TOPIC);
    const rows = found.flatMap(({ partition, value }) =>
      value.row === undefined ? [] : [{ partition, row: value.row }],
    );
    const once = rows.map(({ row }) => row).sort((left, right) => left - right);
    expect(once.filter((row, index) => row !== index).slice(0, 3)).toEqual([]);
    expect(once).toHaveLength(ROWS);
    for (const own of Map.groupBy(rows, ({ partition }) => partition).values())
      expect(own.every(({ row }, index) => index === 0 || row > (own[index - 1]?.row ?? 0))).toBe(true);
    expect(others).toBeGreaterThan(1_000);
    expect(found.length - rows.length).toBeGreaterThanOrEqual(others);
  });
});
