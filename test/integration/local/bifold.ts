import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { processIdentity } from '@bifold/cloud';
import { PATIENCE_MS } from '../../patience.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
/** A folder for each cloud of the tests. */
export const CLOUDS_FOLDER = join(root, '.bifold', 'test');
/** Says which process runs the integration tests. */
export const RUN_FILE = join(CLOUDS_FOLDER, 'run.json');

export interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * The command line of this checkout, with a separate local cloud under `.bifold/test`. It shares
 * the software with the checkout's cloud.
 */
export interface Bifold {
  readonly stateDir: string;
  /** The environment that directs any command of this checkout to this cloud. */
  readonly env: NodeJS.ProcessEnv;
  /** Runs a command to its end, with any exit status. */
  run(...args: string[]): Promise<Ran>;
  /** Runs a command that must succeed. @returns its standard output */
  done(...args: string[]): Promise<string>;
  /** Like `done`, with --json: returns the parsed output. */
  json<T>(...args: string[]): Promise<T>;
  /** The records that `consume` reads to the end, for a topic and options. */
  consumed<T>(...args: string[]): Promise<readonly T[]>;
  /** Runs a command with this text as its standard input. */
  feed(input: string, ...args: string[]): Promise<Ran>;
  /** Starts a command that goes on by itself. */
  start(...args: string[]): ChildProcess;
  status(): Promise<Status>;
  /** Waits until the lag of a pipeline's answers is at most this number of offsets. */
  waitForLag(pipeline: string, most: number): Promise<void>;
}

/** The part of `bifold status --json` that the tests ask for. */
export interface Status {
  readonly services: readonly {
    readonly name: string;
    readonly state: 'up' | 'down' | 'unhealthy';
    readonly pid?: number | null;
  }[];
  readonly pipelines: readonly {
    readonly pipeline: string;
    readonly topic: string;
    readonly topicId: string;
    readonly lag: number | null;
    readonly ends: Readonly<Record<string, number>> | null;
    readonly quarantined: Readonly<Record<string, number>> | null;
    readonly warnings: readonly string[];
    readonly unknown: readonly string[];
  }[];
}

const OUTPUT_BYTES_MAX = 512 * 1024 * 1024;

/**
 * The cloud of the tests that only add to it. It is up when this returns, and is stopped after all
 * tests (`end.ts`). Each test has its own topics, keyspace and pipeline.
 */
export async function sharedBifold(): Promise<Bifold> {
  const bifold = bifoldIn(SHARED);
  await bifold.done('up');
  return bifold;
}

const SHARED = 'shared';

/** Ends the shared cloud, if any test started it. */
export async function endShared(): Promise<void> {
  const bifold = bifoldIn(SHARED);
  if (existsSync(bifold.stateDir)) await deleteCloud(bifold);
}

/** Stops a cloud with all that belongs to it, and deletes its data. */
export async function deleteCloud(bifold: Bifold): Promise<void> {
  await bifold.done('down', '--delete');
}

/** The process of a running integration test in this checkout. Null if there is none. */
export function runningTests(): number | null {
  if (!existsSync(RUN_FILE)) return null;
  const { pid, identity } = JSON.parse(readFileSync(RUN_FILE, 'utf8'));
  return processIdentity(pid) === identity ? pid : null;
}

/**
 * The command line over a cloud of this name; that of another checkout where its folder is given.
 */
export function bifoldIn(name: string, checkout: string = root): Bifold {
  const stateDir = join(CLOUDS_FOLDER, name);
  const program = join(checkout, 'infra', 'cli', 'bin', 'bifold.js');
  const env = {
    ...process.env,
    BIFOLD_STATE_DIR: stateDir,
    BIFOLD_SOFTWARE_DIR: join(root, '.bifold', 'software'),
    NO_COLOR: '1',
  };
  const feed = (input: string | null, args: readonly string[]): Promise<Ran> =>
    new Promise((resolve) => {
      const child = execFile(
        process.execPath,
        [program, ...args],
        { cwd: checkout, env, maxBuffer: OUTPUT_BYTES_MAX },
        (error, stdout, stderr) => {
          const status = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
          resolve({ status, stdout, stderr });
        },
      );
      child.stdin?.end(input ?? '');
    });
  const run = (...args: string[]): Promise<Ran> => feed(null, args);
  const done = async (...args: string[]): Promise<string> => {
    const { status, stdout, stderr } = await run(...args);
    if (status !== 0) throw new Error(`bifold ${args.join(' ')} ended with ${status}\n${stdout}\n${stderr}`);
    return stdout;
  };
  const json = async <T>(...args: string[]): Promise<T> => JSON.parse(await done(...args, '--json')) as T;
  const status = (): Promise<Status> => json<Status>('status');
  return {
    stateDir,
    env,
    run,
    feed: (input, ...args) => feed(input, args),
    done,
    json,
    consumed: async <T>(...args: string[]) => jsonLines<T>(await done('consume', ...args, '--until', 'end', '--json')),
    status,
    async waitForLag(pipeline, most) {
      await json('wait', pipeline, '--lag', String(most));
    },
    start: (...args) => spawn(process.execPath, [program, ...args], { cwd: checkout, env, stdio: 'ignore' }),
  };
}

/** The JSON values of a text, one a line. */
export function jsonLines<T>(text: string): readonly T[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}

/** Asks until the answer holds. @throws when the patience of tests is over, with the last answer */
export async function until<T>(what: string, ask: () => Promise<T> | T, holds: (answer: T) => boolean): Promise<T> {
  const giveUpAtMs = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask();
    if (holds(answer)) return answer;
    if (Date.now() > giveUpAtMs)
      throw new Error(`${what}: not within ${PATIENCE_MS} ms; last seen: ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
