import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../simulation/random.ts';
import type { Stream } from '../stream/driver.ts';
import type { Met, Trouble } from '../world/proxy.ts';
import { LINKS, type World } from '../world/world.ts';
import { type Fault, hit, missed, plural } from './fault.ts';

const TROUBLES: Readonly<
  Record<Trouble['kind'], { readonly verb: string; readonly draw: (random: Random) => Trouble }>
> = {
  cut: { verb: 'cut', draw: () => ({ kind: 'cut' }) },
  blackhole: { verb: 'silence', draw: () => ({ kind: 'blackhole' }) },
  slow: { verb: 'slow down', draw: (random) => ({ kind: 'slow', delayMs: 20 + random.below(180) }) },
  tear: { verb: 'tear answers of', draw: (random) => ({ kind: 'tear', answerBytes: random.below(3_000) }) },
};

/** The time for which an unused link stays broken until it is used. */
const USED_WITHIN_MS = 5_000;

/** A job that lost an answer may wait long for it; the system need not be waited for. */
const JOBS_WITHIN_MS = 8_000;

const isNothing = (met: Met): boolean => Object.values(met).every((count) => count === 0);

function metText({ connections, bytesSwallowed, chunksDelayed, answersTorn }: Met): string {
  return [
    ...(bytesSwallowed > 0 ? [`${plural(bytesSwallowed, 'byte')} swallowed`] : []),
    ...(chunksDelayed > 0 ? [`${plural(chunksDelayed, 'chunk')} delayed`] : []),
    ...(answersTorn > 0 ? [`${plural(answersTorn, 'answer')} torn`] : []),
    ...(connections > 0 ? [`${plural(connections, 'connection')} reset`] : []),
  ].join(', ');
}

/** Breaks each link in each way for one or more seconds while it is used. */
export const networks: readonly Fault[] = LINKS.flatMap((link) =>
  Object.values(TROUBLES).map(
    ({ verb, draw }): Fault => ({
      kind: `${verb} ${link}`,
      holds: [link, ...(link === 'functions-emulator' ? (['batch'] as const) : [])],
      async strike(world, stream, random) {
        // The functions ask the emulator for S3's objects only, and only batch jobs do.
        const jobs = link === 'functions-emulator' ? archiveAndRecompute(world, stream) : null;
        const proxy = world.links[link];
        await sleep(random.below(300));
        proxy.begin(draw(random));
        let met: Met;
        try {
          await sleep(400 + random.below(1_600));
          for (const giveUpAtMs = Date.now() + USED_WITHIN_MS; isNothing(proxy.met()) && Date.now() < giveUpAtMs; )
            await sleep(20);
        } finally {
          met = proxy.end();
        }
        await Promise.race([jobs, sleep(JOBS_WITHIN_MS)]);
        const what = metText(met);
        return what === '' ? missed('nobody used it') : hit(what);
      },
    }),
  ),
);

/** Work on S3 under way, however it ends. */
async function archiveAndRecompute(world: World, stream: Stream): Promise<void> {
  await world.runJob(stream, 'archive');
  await world.runJob(stream, 'recompute');
}
