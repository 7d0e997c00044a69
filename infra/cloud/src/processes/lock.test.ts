import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { withLock } from './lock.ts';
import { processIdentity } from './processes.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'bifold-lock-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('the lock of a cloud', () => {
  it('lets one work after the other, and is gone afterwards', async () => {
    const file = join(dir, 'lock');
    let inside = 0;
    let most = 0;
    const work = () =>
      withLock(file, async () => {
        inside += 1;
        most = Math.max(most, inside);
        await new Promise((resolve) => setImmediate(resolve));
        inside -= 1;
      });
    await Promise.all([work(), work(), work()]);
    expect(most).toBe(1);
    expect(existsSync(file)).toBe(false);
  });

  it('of a dead holder is nobody’s', async () => {
    const file = join(dir, 'lock');
    writeFileSync(file, JSON.stringify({ pid: process.pid, identity: 'of a process long ago' }));
    expect(await withLock(file, async () => 'done', { withinMs: Number.POSITIVE_INFINITY })).toBe('done');
  });

  it('of a living holder is waited for, then named', async () => {
    const file = join(dir, 'lock');
    writeFileSync(file, JSON.stringify({ pid: process.ppid, identity: processIdentity(process.ppid) }));
    const waited: number[] = [];
    await expect(
      withLock(file, async () => {}, { withinMs: 0, onWait: (pid) => waited.push(pid) }),
    ).rejects.toMatchObject({ code: 'BIFOLD_LOCK_HELD', message: expect.stringContaining(`kill ${process.ppid}`) });
    expect(waited).toEqual([process.ppid]);
  });
});
