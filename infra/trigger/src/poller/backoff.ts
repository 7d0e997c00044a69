/**
 * The delay between attempts. It doubles up to a limit, so that a recovered function is used again
 * soon.
 */
export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
}

/**
 * The delay before attempt `failures + 1`: between half and all of the exponential delay. The
 * jitter prevents all partitions from retrying at the same time.
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
