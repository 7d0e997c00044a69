import { execFile } from 'node:child_process';
import { mkdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const SIZE = '600m';

/** Folders that can run out of room. */
export type Volume = 's3' | 'scratch';

/**
 * The folders of S3's objects and of the functions' scratch files. Each is a separate memory file
 * system if this user may mount one, so that it can be filled. Otherwise they are plain folders,
 * and are never filled.
 */
export interface Volumes {
  readonly isMounted: boolean;
  readonly scratchDir: string;
  /** Shrinks a volume to what it holds: the next write finds no room. */
  fill(volume: Volume): Promise<void>;
  makeRoom(volume: Volume): Promise<void>;
}

export async function openVolumes(stateDir: string): Promise<Volumes> {
  const folders = foldersOf(stateDir);
  let isMounted = true;
  for (const folder of Object.values(folders)) {
    mkdirSync(folder, { recursive: true });
    const mounted = run('mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'bifold-chaos', folder]);
    isMounted &&= await mounted.then(
      () => true,
      () => false,
    );
  }
  const resize = (volume: Volume, size: string) => run('mount', ['-o', `remount,size=${size}`, folders[volume]]);
  return {
    isMounted,
    scratchDir: folders.scratch,
    async fill(volume) {
      for (;;) {
        const { blocks, bfree, bsize } = statfsSync(folders[volume]);
        // Refused when something was written meanwhile.
        const shrunk = await resize(volume, String(Math.max(1, blocks - bfree) * bsize)).catch(() => null);
        if (shrunk !== null) return;
      }
    },
    makeRoom: async (volume) => {
      await resize(volume, SIZE);
    },
  };
}

/** Before data is deleted: a mounted folder cannot be. Of a run that was killed, too. */
export async function closeVolumes(stateDir: string): Promise<void> {
  for (const folder of Object.values(foldersOf(stateDir)))
    await run('umount', ['--lazy', folder]).catch(() => undefined);
}

function foldersOf(stateDir: string): Readonly<Record<Volume, string>> {
  return { s3: join(stateDir, 'data', 'emulator', 's3'), scratch: join(stateDir, 'scratch') };
}
