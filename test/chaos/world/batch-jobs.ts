import { setTimeout as sleep } from 'node:timers/promises';
import { JOBS, type Job, type World } from './world.ts';

const PAUSE_MS = 5_000;
const SWEEP_EVERY = 4;

/**
 * The batch layer, more often than its schedule allows: archive and recompute of each view in turn,
 * and now and then a sweep.
 */
export class BatchJobs {
  readonly counts: Record<Job, { succeeded: number; failed: number }> = {
    archive: { succeeded: 0, failed: 0 },
    recompute: { succeeded: 0, failed: 0 },
    sweep: { succeeded: 0, failed: 0 },
  };

  async run(world: World, signal: AbortSignal): Promise<void> {
    for (let turn = 1; !signal.aborted; turn++) {
      for (const stream of world.streams) {
        for (const job of JOBS) {
          if (signal.aborted || (job === 'sweep' && turn % SWEEP_EVERY !== 0)) continue;
          const { kind } = await world.runJob(stream, job);
          this.counts[job][kind] += 1;
        }
      }
      await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}
