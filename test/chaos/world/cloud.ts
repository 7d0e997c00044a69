import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Cloud, type CloudAddresses, openCloud } from '@bifold/cloud';
import { type Edit, otherCheckout } from '../../other-checkout.ts';

export const root = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');

export const SERVICES = ['kafka', 'cassandra', 'emulator', 'trigger'] as const;
export type Service = (typeof SERVICES)[number];

export interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A local cloud of this run's own, handled as a user handles his: with the command line. */
export interface ChaosCloud {
  readonly stateDir: string;
  readonly softwareDir: string;
  readonly addresses: CloudAddresses;
  /** From now on, commands run in a checkout with these edits, in addition to earlier ones. */
  edit(edit: Edit): void;
  /** Runs a command of `bifold` to its end, with any exit status. */
  run(...args: string[]): Promise<Ran>;
  /**
   * Runs a command that must succeed, with --json. @throws with what it printed when it does not
   */
  json<T>(...args: string[]): Promise<T>;
  /** Starts a command that goes on by itself; what it says on standard error is kept. */
  start(...args: string[]): Running;
  /** The main process of a service; null when it has none that lives. */
  pidOf(service: Service): number | null;
  /** Processes that run a function. */
  workersOf(functionName: string): readonly number[];
  /** The URL of the trigger's state. */
  triggerUrl(): string;
  /** Settings of the functions beside their deployment survive a kill of the emulator. */
  checkpoint(): Promise<void>;
}

export interface Running {
  readonly child: ChildProcess;
  stderr(): string;
  /** Its exit status; null when it was killed. */
  readonly ended: Promise<number | null>;
}

const OUTPUT_BYTES_MAX = 512 * 1024 * 1024;

export async function openChaosCloud(stateDir: string, softwareDir: string): Promise<ChaosCloud> {
  mkdirSync(stateDir, { recursive: true });
  return new CommandedCloud(await openCloud({ root, stateDir, softwareDir }), stateDir, softwareDir);
}

class CommandedCloud implements ChaosCloud {
  readonly stateDir: string;
  readonly softwareDir: string;
  readonly #cloud: Cloud;
  readonly #env: NodeJS.ProcessEnv;
  readonly #edits: Edit[] = [];
  #checkout = root;

  constructor(cloud: Cloud, stateDir: string, softwareDir: string) {
    this.#cloud = cloud;
    this.stateDir = stateDir;
    this.softwareDir = softwareDir;
    this.#env = { ...process.env, BIFOLD_STATE_DIR: stateDir, BIFOLD_SOFTWARE_DIR: softwareDir, NO_COLOR: '1' };
  }

  get addresses(): CloudAddresses {
    return this.#cloud.addresses;
  }

  get #program(): string {
    return join(this.#checkout, 'infra', 'cli', 'bin', 'bifold.js');
  }

  edit(edit: Edit): void {
    this.#edits.push(edit);
    // The folder before it stays: commands of it may be running.
    this.#checkout = otherCheckout(join(this.stateDir, 'checkouts', String(this.#edits.length)), this.#edits);
  }

  run(...args: string[]): Promise<Ran> {
    const options = { cwd: this.#checkout, env: this.#env, maxBuffer: OUTPUT_BYTES_MAX };
    return new Promise((resolve) => {
      execFile(process.execPath, [this.#program, ...args], options, (error, stdout, stderr) => {
        const status = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
        resolve({ status, stdout, stderr });
      });
    });
  }

  async json<T>(...args: string[]): Promise<T> {
    const { status, stdout, stderr } = await this.run(...args, '--json');
    if (status !== 0) throw new Error(`bifold ${args.join(' ')} ended with ${status}\n${stdout}\n${stderr}`);
    return JSON.parse(stdout) as T;
  }

  start(...args: string[]): Running {
    const child = spawn(process.execPath, [this.#program, ...args], {
      cwd: this.#checkout,
      env: this.#env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr?.on('data', (chunk) => {
      stderr += chunk;
    });
    const end = () => child.kill('SIGKILL');
    process.once('exit', end);
    const ended = new Promise<number | null>((resolve) => {
      child.once('close', (status) => {
        process.off('exit', end);
        resolve(status);
      });
    });
    return { child, stderr: () => stderr, ended };
  }

  pidOf(service: Service): number | null {
    const { pid } = readJson<{ pid: number }>(join(this.stateDir, 'run', `${service}.json`)) ?? { pid: 0 };
    return this.#isOwn(environmentOf(pid)) ? pid : null;
  }

  workersOf(functionName: string): readonly number[] {
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => Number.isInteger(pid) && pid > 0)
      .filter((pid) => {
        const environment = environmentOf(pid);
        return this.#isOwn(environment) && environment.includes(`AWS_LAMBDA_FUNCTION_NAME=${functionName}`);
      });
  }

  /** Whether a process with this environment belongs to this cloud. */
  #isOwn(environment: readonly string[]): boolean {
    return environment.includes(`BIFOLD_STATE=${this.stateDir}`);
  }

  triggerUrl(): string {
    const { statePort } = readJson<{ statePort: number }>(join(this.stateDir, 'trigger.json')) ?? { statePort: 0 };
    return `http://127.0.0.1:${statePort}/state`;
  }

  checkpoint(): Promise<void> {
    return this.#cloud.checkpoint();
  }
}

/** Empty if there is no such process, or it is a zombie. */
function environmentOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

export function readJson<T>(file: string): T | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch {
    return null;
  }
}
