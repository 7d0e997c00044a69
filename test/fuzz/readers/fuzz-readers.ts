import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Attempt } from './attempt.ts';

export interface Found {
  readonly index: number;
  readonly violation: string;
}

export interface Fuzzed {
  readonly attempts: number;
  /** The exit codes by reader, with how often each came. */
  readonly statuses: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly residentBytesMax: number;
  readonly found: readonly Found[];
}

export interface FuzzOptions {
  readonly seed: number;
  /** The numbers of the attempts, in order. */
  readonly indexes: Iterable<number>;
  /** The program that tries one file after another. */
  readonly child?: string;
  readonly patienceMs?: number;
  readonly residentBytesLimit?: number;
  readonly onProgress?: (attempts: number, found: readonly Found[]) => void;
}

type Answer = Attempt & { readonly residentBytes: number };

const CHILD = fileURLToPath(new URL('./child.ts', import.meta.url));
const PATIENCE_MS = 60_000;
const RESIDENT_BYTES_LIMIT = 1.5 * 1024 ** 3;
/** More of them would hardly tell more. */
const FOUND_MAX = 10;

/** Tries mutated files in a process of its own. A crash, a hang and much memory are violations. */
export async function fuzzReaders(options: FuzzOptions): Promise<Fuzzed> {
  const { seed, indexes, child = CHILD, patienceMs = PATIENCE_MS, onProgress } = options;
  const { residentBytesLimit = RESIDENT_BYTES_LIMIT } = options;
  const statuses: Record<string, Readonly<Record<string, number>>> = {};
  const found: Found[] = [];
  let [attempts, residentBytesMax] = [0, 0];
  let running: ChildProcess | null = null;
  try {
    for (const index of indexes) {
      running ??= fork(child, { execArgv: ['--no-warnings'], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
      const answer = await answerOf(running, { seed, index }, patienceMs);
      attempts++;
      let violation: string | null;
      if (typeof answer === 'string') {
        running.kill('SIGKILL');
        running = null;
        violation = answer;
      } else {
        const { reader, status, residentBytes } = answer;
        statuses[reader] = { ...statuses[reader], [status]: (statuses[reader]?.[status] ?? 0) + 1 };
        residentBytesMax = Math.max(residentBytesMax, residentBytes);
        const isLarge = residentBytes > residentBytesLimit;
        violation = answer.violation ?? (isLarge ? `the process holds ${residentBytes} bytes` : null);
      }
      if (violation !== null) found.push({ index, violation });
      onProgress?.(attempts, found);
      if (found.length === FOUND_MAX) break;
    }
  } finally {
    running?.kill();
  }
  return { attempts, statuses, residentBytesMax, found };
}

/** The answer of the process, or the text of what became of it. */
function answerOf(running: ChildProcess, question: object, patienceMs: number): Promise<Answer | string> {
  return new Promise((resolve) => {
    const settle = (answer: Answer | string): void => {
      clearTimeout(watchdog);
      running.off('message', settle).off('exit', onExit);
      resolve(answer);
    };
    const onExit = (code: number | null, signal: string | null): void =>
      settle(`the process ended with ${signal ?? code}`);
    const watchdog = setTimeout(() => settle(`no end within ${patienceMs} ms`), patienceMs);
    running.on('message', settle).on('exit', onExit);
    running.send(question);
  });
}
