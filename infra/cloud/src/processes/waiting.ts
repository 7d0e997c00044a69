import { setTimeout as delay } from 'node:timers/promises';

/**
 * Polls until there is a result, or the time is over (undefined). The pause only limits the cost of
 * polling.
 */
export const until = async <T>(
  ask: () => Promise<T | undefined> | T | undefined,
  options: { withinMs: number; everyMs?: number },
): Promise<T | undefined> => {
  const deadlineMs = performance.now() + options.withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() >= deadlineMs) return undefined;
    await delay(options.everyMs ?? 50);
  }
};
