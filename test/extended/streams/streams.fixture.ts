import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type CloudAddresses, openCloud } from '@bifold/cloud';
import { afterAll, beforeAll } from '@jest/globals';
import { Client } from 'cassandra-driver';
import { Kafka, logLevel } from 'kafkajs';
import { type Bifold, sharedBifold } from '../../integration/local/bifold.ts';

export const root = join(import.meta.dirname, '../../..');
const program = join(root, 'infra', 'cli', 'bin', 'bifold.js');

/** A batch as the console sink prints it with --json. */
export interface Shown {
  readonly stream: string;
  readonly batch: number;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

/** A stream that goes on by itself. */
export interface Following {
  readonly child: ChildProcess;
  stdout(): string;
  readonly ended: Promise<{ readonly status: number | null; readonly signal: NodeJS.Signals | null }>;
}

/** The shared cloud, and an empty folder for the streams of a file. */
export interface Streams {
  readonly bifold: Bifold;
  readonly addresses: CloudAddresses;
  readonly cassandra: Client;
  readonly folder: string;
  /** Runs a stream to its end. @returns what its console was given */
  shownBy(...args: string[]): Promise<Shown[]>;
  follow(env: Readonly<Record<string, string>>, ...args: string[]): Following;
  createTopic(topic: string, numPartitions: number): Promise<void>;
  send(topic: string, values: readonly object[]): Promise<void>;
  /** All committed records of a topic. */
  recordsIn(topic: string): Promise<readonly ConsumedRecord[]>;
}

export interface ConsumedRecord {
  readonly value: Readonly<Record<string, unknown>>;
  readonly timestamp: string;
}

export const linesOf = (text: string): Shown[] => jsonLines(text);

export function streamsWhileTesting(name: string): () => Streams {
  let streams: Streams;
  beforeAll(async () => {
    streams = await openStreams(name);
  });
  afterAll(() => streams?.cassandra.shutdown());
  return () => streams;
}

async function openStreams(name: string): Promise<Streams> {
  const bifold = await sharedBifold();
  const { addresses } = await openCloud({ root, stateDir: bifold.stateDir });
  const kafka = new Kafka({ brokers: [addresses.kafka.brokersInternal], logLevel: logLevel.NOTHING });
  const { contactPoints, port, localDataCenter } = addresses.cassandra;
  const folder = join(bifold.stateDir, 'streams', name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return {
    bifold,
    addresses,
    cassandra: new Client({ contactPoints: [...contactPoints], localDataCenter, protocolOptions: { port } }),
    folder,
    async shownBy(...args) {
      const { status, stdout, stderr } = await bifold.run('run', ...args, '--json');
      if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}\n${stderr}`);
      return linesOf(stdout);
    },
    follow: (env, ...args) => follow({ ...bifold.env, ...env }, args),
    async createTopic(topic, numPartitions) {
      const admin = kafka.admin();
      await admin.connect();
      await admin.createTopics({ topics: [{ topic, numPartitions }], waitForLeaders: true });
      await admin.disconnect();
    },
    async send(topic, values) {
      const producer = kafka.producer();
      await producer.connect();
      await producer.send({ topic, messages: values.map((value) => ({ value: JSON.stringify(value) })) });
      await producer.disconnect();
    },
    async recordsIn(topic) {
      const { stdout } = await bifold.run('consume', topic, '--from', 'earliest', '--until', 'end', '--json');
      return jsonLines(stdout);
    },
  };
}

function follow(env: NodeJS.ProcessEnv, args: readonly string[]): Following {
  const child = spawn(process.execPath, [program, 'run', ...args], {
    cwd: root,
    env,
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

function jsonLines<T>(text: string): T[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}
