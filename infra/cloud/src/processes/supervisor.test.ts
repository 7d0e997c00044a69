import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type CloudPaths, cloudPaths } from '../paths.ts';
import type { ServiceSpec } from '../services/services.ts';
import { markedProcesses, processIdentity, signal } from './processes.ts';
import { ensureDown, ensureUp, livingRecord, statusOf } from './supervisor.ts';
import { until } from './waiting.ts';

let paths: CloudPaths;
beforeEach(() => {
  const root = mkdtempSync(join(tmpdir(), 'bifold-supervisor-'));
  paths = cloudPaths({ root, stateDir: root });
});
afterEach(() => {
  for (const pid of markedProcesses(paths.stateDir)) signal(pid, 'SIGKILL');
  rmSync(paths.root, { recursive: true, force: true });
});

/** A service that is healthy once its file says so. */
const service = (script: string, more: Partial<ServiceSpec> = {}): ServiceSpec => ({
  name: 'sample',
  command: process.execPath,
  args: ['-e', script],
  env: {},
  health: async () => {
    try {
      return { healthy: readFileSync(join(paths.stateDir, 'ready'), 'utf8') === 'yes', detail: 'file' };
    } catch {
      return { healthy: false, detail: 'no file' };
    }
  },
  ...more,
});
const ready = `require('node:fs').writeFileSync('ready', 'yes'); setInterval(() => {}, 1000);`;
const pidNow = () => livingRecord(paths, 'sample')?.pid;
const gone = (pid: number) =>
  until(() => (processIdentity(pid) === undefined ? true : undefined), { withinMs: Number.POSITIVE_INFINITY });

describe('a supervised service', () => {
  it('is started once, and stopped without a trace', async () => {
    const spec = service(ready);
    expect(await ensureUp(paths, spec)).toBe('started');
    const pid = pidNow();
    expect(await ensureUp(paths, spec)).toBe('kept');
    expect(pidNow()).toBe(pid);
    expect(await statusOf(paths, spec)).toMatchObject({ state: 'up', pid });
    await ensureDown(paths, spec);
    expect(markedProcesses(paths.stateDir)).toEqual([]);
    expect(await statusOf(paths, spec)).toMatchObject({ state: 'down', detail: 'not started' });
  });

  it('is repaired after a kill, and the status tells of it', async () => {
    const spec = service(ready);
    await ensureUp(paths, spec);
    const killed = pidNow() ?? 0;
    signal(killed, 'SIGKILL');
    await gone(killed);
    expect(await statusOf(paths, spec)).toMatchObject({ state: 'down', detail: expect.stringContaining(`${killed}`) });
    expect(await ensureUp(paths, spec)).toBe('started');
    expect(pidNow()).not.toBe(killed);
    await ensureDown(paths, spec);
  });

  it('is started anew when it was started from something else', async () => {
    await ensureUp(paths, service(ready, { revision: 'one' }));
    const before = pidNow();
    expect(await ensureUp(paths, service(ready, { revision: 'two' }))).toBe('started');
    expect(pidNow()).not.toBe(before);
    await ensureDown(paths, service(ready));
  });

  it('leaves no child behind, although it was killed itself', async () => {
    const parent = `require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']).once('spawn', () => { ${ready} });`;
    const spec = service(parent);
    await ensureUp(paths, spec);
    const killed = pidNow() ?? 0;
    signal(killed, 'SIGKILL');
    await gone(killed);
    await ensureDown(paths, spec);
    expect(markedProcesses(paths.stateDir)).toEqual([]);
  });

  it('that does not obey is killed', async () => {
    const spec = service(`process.on('SIGTERM', () => {}); ${ready}`, { stopWithinMs: 100 });
    await ensureUp(paths, spec);
    const pid = pidNow() ?? 0;
    await ensureDown(paths, spec);
    expect(processIdentity(pid)).toBeUndefined();
  });

  it('that fails to start shows the end of its log', async () => {
    const spec = service(`console.error('the reason'); process.exit(1)`);
    await expect(ensureUp(paths, spec)).rejects.toMatchObject({
      code: 'BIFOLD_SERVICE_START_FAILED',
      message: expect.stringContaining('the reason'),
    });
    expect(markedProcesses(paths.stateDir)).toEqual([]);
  });

  it('whose pid was given to a stranger spares the stranger', async () => {
    const stranger = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {
      detached: true,
      stdio: 'ignore',
    });
    await new Promise((resolve) => stranger.once('spawn', resolve));
    const pid = stranger.pid ?? 0;
    try {
      await ensureUp(paths, service(ready));
      await ensureDown(paths, service(ready));
      const record = { name: 'sample', pid, identity: 'of a process long ago', startedAtMs: 0, revision: '' };
      writeFileSync(join(paths.runDir, 'sample.json'), JSON.stringify(record));
      expect(await statusOf(paths, service(ready))).toMatchObject({ state: 'down' });
      await ensureDown(paths, service(ready));
      expect(processIdentity(pid)).toBeDefined();
    } finally {
      signal(pid, 'SIGKILL');
    }
  });
});
