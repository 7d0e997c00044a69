import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { lives } from '../world/signals.ts';
import type { Volume } from '../world/volumes.ts';
import type { Job } from '../world/world.ts';
import { type Fault, hit, missed } from './fault.ts';

const run = promisify(execFile);
const TRIES = 4;

/**
 * A job that finds no room must say so, with a code to search for, and do its work once there is
 * some.
 */
function noRoom(volume: Volume, kind: string, job: Job): Fault {
  return {
    kind,
    // The errors must come from the full volume, and from no other fault.
    holds: ['batch', 'services', 'functions-kafka', 'functions-emulator'],
    async strike(world, stream) {
      if (!world.volumes.isMounted) return missed('this user may not mount a volume of a size');
      for (let tries = 1; tries <= TRIES; tries++) {
        await world.volumes.fill(volume);
        const { status, stderr } = await world.cloud
          .run(job, stream.view.name)
          .finally(() => world.volumes.makeRoom(volume));
        // Without new data to write, the job needs no room.
        if (status === 0) {
          await sleep(1_000);
          continue;
        }
        const [code] = /BIFOLD_\w+/.exec(stderr) ?? [];
        const [reason] = /no space left[\w ]*/i.exec(stderr) ?? [];
        if (code === undefined || reason === undefined)
          throw new Error(`bifold ${job} ${stream.view.name} does not say what is wrong:\n${stderr}`);
        await world.cloud.json(job, stream.view.name);
        return hit(`${stream.view.name}: "${reason}" [${code}]; then there was room, and it went on`);
      }
      return missed('it had nothing to write');
    },
  };
}

/**
 * Kafka may write no more: RLIMIT_FSIZE lets a file of its process grow no further, which to the
 * broker is a full volume in all but the error's name. It gives up its log folder and ends.
 */
const kafka: Fault = {
  kind: 'no room for kafka',
  holds: ['services'],
  async strike(world) {
    const pid = world.pidOf('kafka');
    if (pid === null) return missed('it had no process');
    try {
      await run('prlimit', ['--pid', String(pid), '--fsize=1:unlimited']);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return missed('this machine has no prlimit, of util-linux');
    }
    try {
      for (const giveUpAtMs = Date.now() + 10_000; lives(pid) && Date.now() < giveUpAtMs; ) await sleep(50);
    } finally {
      if (lives(pid))
        await run('prlimit', ['--pid', String(pid), '--fsize=unlimited:unlimited']).catch(() => undefined);
    }
    const ended = !lives(pid);
    const waitedMs = Math.max(...world.streams.map((stream) => stream.waitingMs()));
    await world.up();
    const what = `process ${pid} ${ended ? 'ended' : 'lived on'}, a request waited ${Math.round(waitedMs)} ms`;
    return ended || waitedMs > 500 ? hit(what) : missed(what);
  },
};

export const rooms: readonly Fault[] = [
  noRoom('s3', 'no room in S3', 'archive'),
  noRoom('scratch', 'no room in scratch', 'archive'),
  kafka,
];
