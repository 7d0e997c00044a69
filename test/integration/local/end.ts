import { rmSync } from 'node:fs';
import { endShared, RUN_FILE, runningTests } from './bifold.ts';

/** When all integration tests have ended. */
export default async function end(): Promise<void> {
  if (runningTests() !== process.pid) return;
  await endShared();
  rmSync(RUN_FILE);
}
