import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { CloudPaths } from '@bifold/cloud';
import { UsageError } from '../errors.ts';

/** The names of checkpoints, which become folders. */
const NAME = /^[A-Za-z][A-Za-z0-9._-]{0,62}$/;

export function checkpointFolder({ stateDir }: CloudPaths, name: string): string {
  if (NAME.test(name)) return join(stateDir, 'checkpoints', name);
  throw new UsageError('BIFOLD_BAD_NAME', {
    failed: 'a checkpoint has a name that cannot be used',
    received: `"${name}"`,
    allowed: 'a letter, then letters, digits, underscores, dots and dashes, at most 63 in all',
    remedy: 'choose another name',
  });
}

export function checkpointNames({ stateDir }: CloudPaths): readonly string[] {
  const folder = join(stateDir, 'checkpoints');
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

/**
 * The folder of an existing checkpoint.
 * @throws {UsageError} if there is no checkpoint of that name
 */
export function knownCheckpoint(paths: CloudPaths, name: string): string {
  const folder = checkpointFolder(paths, name);
  if (existsSync(folder)) return folder;
  throw new UsageError('BIFOLD_UNKNOWN_CHECKPOINT', {
    failed: `there is no checkpoint "${name}"`,
    received: `"${name}"`,
    allowed: checkpointNames(paths).join(', ') || 'none yet: bifold run makes them',
    remedy: 'name one of them; without --checkpoint a run calls its checkpoint as the stream is called',
  });
}

/** Deletes all checkpoints. Without their topics they have no meaning. */
export function forgetAllCheckpoints({ stateDir }: CloudPaths): void {
  rmSync(join(stateDir, 'checkpoints'), { recursive: true, force: true });
}
