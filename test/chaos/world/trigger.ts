import { setTimeout as sleep } from 'node:timers/promises';
import type { MappingState, TriggerState } from '@bifold/trigger';

/** The mappings as a trigger shows them now; none when it does not answer. */
export async function mappingsAt(url: string): Promise<readonly MappingState[]> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    return ((await response.json()) as TriggerState).mappings;
  } catch {
    return [];
  }
}

const LOOK_EVERY_MS = 200;

/**
 * Adds up what the trigger counts, over all the triggers that this run sees: each counts from its
 * own start.
 */
export class TriggerWatch {
  readonly totals = { invocations: 0, failures: 0, recordsRedelivered: 0, assignments: 0 };
  private readonly last = new Map<string, MappingState>();
  private readonly url: () => string;

  constructor(url: () => string) {
    this.url = url;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      for (const mapping of await mappingsAt(this.url())) this.add(mapping);
      await sleep(LOOK_EVERY_MS);
    }
  }

  private add(mapping: MappingState): void {
    const known = this.last.get(mapping.uuid);
    const isSame = known !== undefined && mapping.invocations >= known.invocations;
    for (const name of ['invocations', 'failures', 'recordsRedelivered', 'assignments'] as const)
      this.totals[name] += mapping[name] - (isSame ? known[name] : 0);
    this.last.set(mapping.uuid, mapping);
  }
}

export function recordsInFlight(mapping: MappingState): number {
  return Object.values(mapping.partitions).reduce((sum, { inFlight }) => sum + inFlight, 0);
}
