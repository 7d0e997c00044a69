import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { processIdentity } from '@bifold/cloud';
import { bifoldIn, CLOUDS_FOLDER, deleteCloud, RUN_FILE, runningTests } from './bifold.ts';

/**
 * Before any integration test. A run that was killed leaves its clouds behind: they are deleted, so
 * that no test meets their topics, tables and models. The clouds of a run that still goes on are
 * left alone.
 */
export default async function begin(): Promise<void> {
  if (runningTests() !== null) return;
  if (existsSync(CLOUDS_FOLDER))
    for (const entry of readdirSync(CLOUDS_FOLDER, { withFileTypes: true }))
      if (entry.isDirectory()) {
        const left = bifoldIn(entry.name);
        await deleteCloud(left);
        rmSync(left.stateDir, { recursive: true, force: true });
      }
  mkdirSync(dirname(RUN_FILE), { recursive: true });
  writeFileSync(RUN_FILE, JSON.stringify({ pid: process.pid, identity: processIdentity(process.pid) }));
}
