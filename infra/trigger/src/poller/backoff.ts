/**
 * Delay between attempts: it doubles up to a bound, so that a function that is away for minutes is
 * found again soon.
 */
export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
}

/**
 * The delay before attempt `failures + 1`: between half of the exponential delay and all of it. The
 * jitter keeps the partitions of a mapping from returning to a throttled function in step.
 */
export function delayMs(backoff: Backoff, failures: number, random: () => number): number {
  const exponential = Math.min(backoff.maxMs, backoff.firstMs * 2 ** Math.min(failures - 1, 30));
  return Math.round(exponential * (0.5 + random() / 2));
}

/** Resolves after `ms`, or at once when `signal` aborts: the caller checks the signal. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
