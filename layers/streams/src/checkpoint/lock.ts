import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StreamError } from '../errors.ts';

/**
 * Locks a checkpoint, because two processes would read the same rows twice. It uses an open SQLite
 * transaction. The operating system releases its lock when the process ends, even after a crash.
 *
 * @throws {StreamError} when another process has it
 */
export function lockFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true });
  const database = new DatabaseSync(join(folder, 'lock'), { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    database.close();
    throw new StreamError(
      'BIFOLD_CHECKPOINT_IN_USE',
      {
        failed: `the checkpoint ${folder} is in use`,
        received: 'another process runs a stream with it',
        allowed: 'one process at a time',
        remedy: 'end that one (Ctrl-C), or give this run a checkpoint of its own: --checkpoint NAME',
      },
      { cause },
    );
  }
  return () => database.close();
}
