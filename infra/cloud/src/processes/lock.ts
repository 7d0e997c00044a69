import { rmSync } from 'node:fs';
import { CloudError } from '../errors.ts';
import { readJson, writeOnce } from '../files.ts';
import { processIdentity } from './processes.ts';
import { until } from './waiting.ts';

interface Holder {
  readonly pid: number;
  readonly identity: string;
}

/**
 * Serializes work on a folder. The lock file of a dead process is removed, so a crashed `up` does
 * not block the next one.
 */
export const withLock = async <T>(
  lockFile: string,
  work: () => Promise<T>,
  options: { withinMs?: number; onWait?: (holderPid: number) => void } = {},
): Promise<T> => {
  const withinMs = options.withinMs ?? 300_000;
  const self: Holder = { pid: process.pid, identity: processIdentity(process.pid) ?? '' };
  let hasReportedWait = false;
  let holderPid = 0;
  const taken = await until(
    () => {
      if (writeOnce(lockFile, JSON.stringify(self))) return true;
      const holder = readJson<Holder>(lockFile);
      if (holder === undefined) return undefined;
      if (processIdentity(holder.pid) !== holder.identity) {
        rmSync(lockFile, { force: true });
        return undefined;
      }
      holderPid = holder.pid;
      if (!hasReportedWait) options.onWait?.(holder.pid);
      hasReportedWait = true;
      return undefined;
    },
    { withinMs, everyMs: 100 },
  );
  if (taken === undefined)
    throw new CloudError('BIFOLD_LOCK_HELD', {
      failed: `taking ${lockFile}`,
      received: `process ${holderPid} has held it for over ${Math.round(withinMs / 1000)} s`,
      allowed: 'one command at a time that starts or stops this cloud',
      remedy: `wait for that command, or stop it: kill ${holderPid}`,
    });
  try {
    return await work();
  } finally {
    rmSync(lockFile, { force: true });
  }
};
