import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MappingState, TriggerState } from '@bifold/trigger';
import { until } from '../../integration/local/bifold.ts';

const root = join(import.meta.dirname, '../../..');

/** The trigger as a process, and the state that it serves. */
export class TriggerProcess {
  #child: ChildProcess;
  #output = '';

  constructor(endpoint: string, options: readonly string[]) {
    this.#child = spawn(
      process.execPath,
      [join(root, 'infra/trigger/src/main.ts'), '--endpoint', endpoint, '--region', 'eu-central-1', ...options],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#output += chunk.toString();
      });
    }
  }

  residentBytes(): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) * 1024;
  }

  get output(): string {
    return this.#output;
  }

  async #get<T>(path: string): Promise<T | null> {
    const port = /"statePort":(\d+)/.exec(this.#output)?.[1];
    if (port === undefined) return null;
    const answer = await fetch(`http://127.0.0.1:${port}${path}`).catch(() => null);
    return answer === null ? null : ((await answer.json()) as T);
  }

  async mapping(what: string, holds: (state: MappingState) => boolean): Promise<MappingState> {
    const seen = await until(
      what,
      async () => (await this.#get<TriggerState>('/state'))?.mappings[0] ?? null,
      (state) => state !== null && holds(state),
    );
    return seen as MappingState;
  }

  async mappingsGone(): Promise<void> {
    await until(
      'no mapping left',
      async () => (await this.#get<TriggerState>('/state'))?.mappings.length,
      (count) => count === 0,
    );
  }

  async end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return this.#child.exitCode;
    const exited = new Promise<number | null>((resolve) => this.#child.once('exit', resolve));
    this.#child.kill(signal);
    return exited;
  }
}
