import { setTimeout as delay } from 'node:timers/promises';

/**
 * Asks until the answer is there or the time is over; undefined means the time is over. The pause
 * only keeps the asking cheap: what ends the wait is always the condition.
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
