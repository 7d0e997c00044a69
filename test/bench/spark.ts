/** The peer: Spark Structured Streaming, `local[2]`, installed from committed locks. */
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import {
  type Cloud,
  type CloudPaths,
  cleanEnvironment,
  ensureSoftware,
  fetchJars,
  type OnProgress,
} from '@bifold/cloud';
import cassandra from 'cassandra-driver';
import type { ResultRow } from './oracle.ts';

const sources = join(import.meta.dirname, 'spark');
const run = promisify(execFile);
const INSTALL_WITHIN_MS = 900_000;
const KEYSPACE = 'peer';
/** The first query of a JVM, and one that finds it warm. */
const TABLES = ['view_first', 'view_warm'] as const;

export interface SparkSoftware {
  readonly python: string;
  readonly java: string;
  readonly jars: string;
}

export interface SparkPass {
  /** The time from the start of the query to the end of its last batch. */
  readonly seconds: number;
  /** The part of these that Spark calls query planning. */
  readonly planningSeconds: number;
  /** The JVM's start, before the clock. */
  readonly sessionSeconds: number;
  readonly batches: number;
}

export interface SparkRun {
  readonly first: SparkPass;
  readonly warm: SparkPass;
}

/**
 * Installs what is missing, verified against `spark/requirements.txt` and `spark/maven.lock.json`.
 * It lies in the bench's own folder, named by the digest of the locks: the cloud clears its
 * software folder of everything that is not its own.
 */
export async function ensureSpark(paths: CloudPaths, onProgress: OnProgress): Promise<SparkSoftware> {
  const { python: cloudPython, java } = await ensureSoftware(paths, onProgress);
  const [requirements, lock] = [join(sources, 'requirements.txt'), join(sources, 'maven.lock.json')];
  const digest = createHash('sha256').update(readFileSync(requirements)).update(readFileSync(lock)).digest('hex');
  const folder = join(paths.stateDir, 'software');
  const home = join(folder, `spark-${digest.slice(0, 12)}`);
  const software = { python: join(home, 'venv', 'bin', 'python'), java, jars: join(home, 'jars', 'spark') };
  const stamp = join(home, 'complete');
  if (existsSync(stamp)) return software;

  rmSync(folder, { recursive: true, force: true });
  mkdirSync(home, { recursive: true });
  const step = 'Spark: Python package and connectors';
  const startedAtMs = performance.now();
  onProgress({ kind: 'started', step });
  await run(cloudPython, ['-m', 'venv', join(home, 'venv')], { timeout: INSTALL_WITHIN_MS });
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input', '--no-deps'];
  const install = (file: string, ...options: string[]) =>
    run(software.python, [...pip, '--require-hashes', ...options, '-r', file], {
      timeout: INSTALL_WITHIN_MS,
      maxBuffer: 1 << 26,
    });
  // pyspark is source only. Its build tool is locked too, so it must be installed before, and no
  // build environment is made.
  const buildTool = /^setuptools==[^\n]*\\\n[^\n]*\n?/m.exec(readFileSync(requirements, 'utf8'))?.[0] ?? '';
  const buildRequirements = join(home, 'build-requirements.txt');
  writeFileSync(buildRequirements, buildTool);
  await install(buildRequirements, '--only-binary', ':all:');
  await install(requirements, '--no-build-isolation');
  await fetchJars(cloudPython, lock, join(home, 'jars'));
  writeFileSync(stamp, '');
  onProgress({ kind: 'done', step, ms: Math.round(performance.now() - startedAtMs) });
  return software;
}

/** One JVM, the query twice over the whole topic: once as its first query, once warm. */
export async function measureSpark(
  { addresses, paths }: Pick<Cloud, 'addresses' | 'paths'>,
  software: SparkSoftware,
  topic: string,
  signal: AbortSignal,
): Promise<SparkRun> {
  const database = peerDatabase(addresses);
  try {
    await database.connect();
    await database.execute(
      `CREATE KEYSPACE IF NOT EXISTS ${KEYSPACE} WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}`,
    );
    for (const table of TABLES) {
      await database.execute(`DROP TABLE IF EXISTS ${KEYSPACE}.${table}`);
      await database.execute(
        `CREATE TABLE ${KEYSPACE}.${table} (key text, w timestamp, n bigint, s double, mx double, PRIMARY KEY (key, w))`,
      );
    }
  } finally {
    await database.shutdown();
  }
  mkdirSync(paths.tmpDir, { recursive: true });
  const scratch = mkdtempSync(join(paths.tmpDir, 'spark-'));
  const task = {
    jars: software.jars,
    scratch,
    topic,
    brokers: addresses.kafka.brokersInternal,
    cassandra: {
      host: addresses.cassandra.contactPoints[0],
      port: String(addresses.cassandra.port),
      keyspace: KEYSPACE,
      tables: TABLES,
    },
  };
  try {
    const passes: SparkPass[] = [];
    const script = join(sources, 'spark_peer.py');
    for await (const line of runSparkScript(software, script, JSON.stringify(task), paths.stateDir, scratch, signal))
      passes.push(JSON.parse(line) as SparkPass);
    const [first, warm] = passes;
    if (first === undefined || warm === undefined) throw new Error(`Spark made ${passes.length} passes, not two`);
    return { first, warm };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/**
 * Runs a Python script of Spark's with one argument, in a scratch folder, and gives each line of
 * its output that is a JSON object, as it comes.
 *
 * @throws with the end of what it said, when it fails
 */
export async function* runSparkScript(
  { python, java }: SparkSoftware,
  script: string,
  argument: string,
  stateDir: string,
  scratch: string,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const child = spawn(python, [script, argument], {
    cwd: scratch,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: cleanEnvironment({
      PATH: [dirname(python), process.env.PATH ?? ''].join(delimiter),
      ...(isAbsolute(java) ? { JAVA_HOME: dirname(dirname(java)) } : {}),
      TMPDIR: scratch,
      SPARK_LOCAL_IP: '127.0.0.1',
      PYSPARK_PYTHON: python,
      // Found and ended with the cloud, should this process be gone by then.
      BIFOLD_STATE: stateDir,
      BIFOLD_SERVICE: 'spark',
    }),
    signal,
  });
  const said: string[] = [];
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  // An interrupted child fails while its output is still read; the error is reported below, where
  // it is awaited.
  ended.catch(() => undefined);
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk.toString()));
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      if (line.startsWith('{')) yield line;
      else said.push(`${line}\n`);
    }
  } finally {
    // A reader that stops early ends the child; after the child's end this does nothing.
    if (child.exitCode === null && child.stdout.readable) child.kill();
  }
  const status = await ended;
  if (status !== 0)
    throw new Error(`Spark ended with status ${status}:\n${said.join('').split('\n').slice(-30).join('\n')}`);
}

/** The rows that Spark wrote in both passes, by pass. */
export async function sparkRows(addresses: Cloud['addresses']): Promise<Readonly<Record<keyof SparkRun, ResultRow[]>>> {
  const database = peerDatabase(addresses);
  const read = async (table: string) => {
    const rows: ResultRow[] = [];
    const query = `SELECT key, w, n, s, mx FROM ${KEYSPACE}.${table}`;
    for await (const row of await database.execute(query, [], { prepare: true, fetchSize: 5_000 }))
      rows.push({ key: row.key, startMs: row.w.getTime(), n: Number(row.n), s: row.s, mx: row.mx });
    return rows;
  };
  try {
    await database.connect();
    const [first, warm] = TABLES;
    return { first: await read(first), warm: await read(warm) };
  } finally {
    await database.shutdown();
  }
}

function peerDatabase({ cassandra: { contactPoints, port, localDataCenter } }: Cloud['addresses']): cassandra.Client {
  return new cassandra.Client({
    contactPoints: contactPoints.map((host) => `${host}:${port}`),
    localDataCenter,
    socketOptions: { readTimeout: 60_000 },
  });
}
