import { EXIT } from '../errors.ts';

/**
 * Signals within this time count as one. A terminal sends Ctrl-C to a whole group of processes, and
 * a parent may pass it on as well.
 */
const SAME_MS = 500;

/**
 * Runs work until it is interrupted. The first Ctrl-C (or SIGTERM) aborts the signal, and the work
 * finishes its current step. A second one ends the process at once.
 */
export async function untilInterrupted<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  let firstAtMs: number | null = null;
  const onSignal = (): void => {
    if (firstAtMs !== null && performance.now() - firstAtMs > SAME_MS) process.exit(EXIT.failed);
    firstAtMs ??= performance.now();
    controller.abort();
  };
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const signal of signals) process.on(signal, onSignal);
  try {
    return await work(controller.signal);
  } finally {
    for (const signal of signals) process.off(signal, onSignal);
  }
}
