import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CloudError } from '../errors.ts';
import { readJson, writeWhole } from '../files.ts';
import { type CloudPaths, serviceTmpDir } from '../paths.ts';
import type { ServiceSpec } from '../services/services.ts';
import { assertFree } from './ports.ts';
import type { HealthReport } from './probes.ts';
import { groupMembers, markedProcesses, processIdentity, serviceMark, signal, stateMark } from './processes.ts';
import { until } from './waiting.ts';

/**
 * The record of a started process; `identity` distinguishes it from a later process with the same
 * pid.
 */
export interface ProcessRecord {
  readonly name: string;
  readonly pid: number;
  readonly identity: string;
  readonly startedAtMs: number;
  /** Whether it was healthy once. Then it gets no more time to start. */
  readonly wasHealthy?: boolean;
  /** The revision of its program; `up` restarts it if that has changed. */
  readonly revision: string;
}

export interface ServiceStatus {
  readonly name: string;
  readonly state: 'up' | 'down' | 'unhealthy';
  readonly pid: number | undefined;
  readonly ports: Readonly<Record<string, number>>;
  readonly uptimeMs: number | undefined;
  readonly logFile: string;
  readonly detail: string;
}

// A loaded machine is slow, not broken: these limits only end the wait for a hanging process. A
// process that exits is noticed at once.
const startWithinMs = 600_000;
const stopWithinMs = 60_000;
const settleWithinMs = 30_000;
const orphansStopWithinMs = 10_000;
const killedWithinMs = 60_000;
const logBytesMax = 20 * 1024 * 1024;

const recordFile = (paths: CloudPaths, name: string) => join(paths.runDir, `${name}.json`);
const logFile = (paths: CloudPaths, name: string) => join(paths.logsDir, `${name}.log`);

const writeRecord = (paths: CloudPaths, record: ProcessRecord): void =>
  writeWhole(recordFile(paths, record.name), `${JSON.stringify(record)}\n`);

/** The record of a process, if that process still lives. */
export const livingRecord = (paths: CloudPaths, name: string): ProcessRecord | undefined => {
  const record = readJson<ProcessRecord>(recordFile(paths, name));
  return record !== undefined && processIdentity(record.pid) === record.identity ? record : undefined;
};

const lastLines = (file: string, count: number): string => {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count).join('\n');
  } catch {
    return '';
  }
};

/** One older log is kept, so that a service that restarts for months cannot fill the disk. */
const rotate = (file: string) => {
  if (existsSync(file) && statSync(file).size > logBytesMax) renameSync(file, `${file}.1`);
};

/**
 * Every living process of a service: the recorded one, its group, and all processes with its marks.
 */
const processesOf = (paths: CloudPaths, name: string): readonly number[] => {
  const record = readJson<ProcessRecord>(recordFile(paths, name));
  const alive = record !== undefined && processIdentity(record.pid) === record.identity;
  // While a member of a group lives, the system does not reuse the id of its leader. So the group
  // is still ours, unless a process with that pid exists: then that process belongs to someone
  // else.
  const ours = record !== undefined && (alive || processIdentity(record.pid) === undefined);
  return [...new Set([...(ours ? groupMembers(record.pid) : []), ...markedProcesses(paths.stateDir, name)])];
};

/**
 * The revision of a service. It ignores the environment, so that a command from another shell does
 * not restart services.
 */
const revisionOf = ({ command, args, revision = '' }: ServiceSpec): string =>
  createHash('sha256')
    .update(JSON.stringify([command, args, revision]))
    .digest('hex');

const started = (paths: CloudPaths, spec: ServiceSpec): Promise<ProcessRecord> =>
  new Promise((resolve, reject) => {
    const file = logFile(paths, spec.name);
    mkdirSync(paths.logsDir, { recursive: true });
    rotate(file);
    const log = openSync(file, 'a');
    const child = spawn(spec.command, spec.args, {
      cwd: spec.cwd ?? paths.stateDir,
      detached: true,
      stdio: ['ignore', log, log],
      env: { ...spec.env, [stateMark]: paths.stateDir, [serviceMark]: spec.name },
    });
    closeSync(log);
    child.once('error', (cause) =>
      reject(
        new CloudError(
          'BIFOLD_SERVICE_START_FAILED',
          {
            failed: `starting ${spec.name}`,
            received: cause.message,
            allowed: `a program at ${spec.command}`,
            remedy: 'delete the software folder of this cloud to have it installed anew, then run the command again',
          },
          { cause },
        ),
      ),
    );
    child.once('spawn', () => {
      const pid = child.pid ?? 0;
      const record = {
        name: spec.name,
        pid,
        identity: processIdentity(pid) ?? '',
        startedAtMs: Date.now(),
        revision: revisionOf(spec),
      };
      writeRecord(paths, record);
      child.unref();
      resolve(record);
    });
  });

const startFailed = (paths: CloudPaths, spec: ServiceSpec, received: string) =>
  new CloudError('BIFOLD_SERVICE_START_FAILED', {
    failed: `starting ${spec.name}`,
    received: `${received}. The end of ${logFile(paths, spec.name)}:\n${lastLines(logFile(paths, spec.name), 20)}\n`,
    allowed: `a healthy ${spec.name} within ${(spec.startWithinMs ?? startWithinMs) / 1000} s`,
    remedy: 'cure what the log names, then run the command again',
  });

/** Probes until the service is healthy. Undefined if the process ended or the time is over. */
const healthy = async (paths: CloudPaths, spec: ServiceSpec, withinMs: number) => {
  let last: HealthReport = { healthy: false, detail: 'not asked yet' };
  const verdict = await until(
    async () => {
      if (livingRecord(paths, spec.name) === undefined) return 'ended';
      last = await spec.health();
      return last.healthy ? 'healthy' : undefined;
    },
    { withinMs, everyMs: 50 },
  );
  return { verdict: verdict ?? 'late', detail: last.detail } as const;
};

/**
 * Leaves a healthy service alone, and waits for a starting one. It replaces a service that is dead,
 * hangs, or has another revision.
 * @returns whether a process was started.
 */
export const ensureUp = async (paths: CloudPaths, spec: ServiceSpec): Promise<'kept' | 'started'> => {
  const living = livingRecord(paths, spec.name);
  const withinMs = spec.startWithinMs ?? startWithinMs;
  if (living !== undefined && living.revision === revisionOf(spec)) {
    const startingMs = living.wasHealthy ? 0 : living.startedAtMs + withinMs - Date.now();
    const remainingMs = Math.max(settleWithinMs, startingMs);
    if ((await healthy(paths, spec, remainingMs)).verdict === 'healthy') return 'kept';
  }
  await ensureDown(paths, spec);
  await assertFree(spec.name, spec.ports ?? {}, paths.portsFile);
  // Remove the temporary files of a killed service: unpacked functions, native libraries.
  rmSync(serviceTmpDir(paths, spec.name), { recursive: true, force: true });
  mkdirSync(serviceTmpDir(paths, spec.name), { recursive: true });
  await spec.prepare?.();
  const record = await started(paths, spec);
  const { verdict, detail } = await healthy(paths, spec, withinMs);
  if (verdict === 'healthy') {
    writeRecord(paths, { ...record, wasHealthy: true });
    return 'started';
  }
  const error = startFailed(paths, spec, verdict === 'ended' ? 'its process ended' : `no health in time: ${detail}`);
  await ensureDown(paths, spec);
  throw error;
};

/**
 * Sends SIGTERM to the service, then to its remaining processes, and SIGKILL to those that do not
 * end in time.
 */
export const ensureDown = async (
  paths: CloudPaths,
  spec: Pick<ServiceSpec, 'name' | 'stopWithinMs'>,
): Promise<void> => {
  const { name } = spec;
  const gone = (pids: () => readonly number[], withinMs: number) =>
    until(() => (pids().length === 0 ? true : undefined), { withinMs, everyMs: 25 });
  const main = livingRecord(paths, name);
  if (main !== undefined) {
    // Stop the leader first: the emulator stores its state and stops its own workers.
    signal(main.pid, 'SIGTERM');
    await gone(() => (livingRecord(paths, name) === undefined ? [] : [main.pid]), spec.stopWithinMs ?? stopWithinMs);
  }
  const rest = () => processesOf(paths, name);
  const obeyed = livingRecord(paths, name) === undefined;
  for (const step of [
    { signalName: 'SIGTERM', withinMs: obeyed ? orphansStopWithinMs : 0 },
    { signalName: 'SIGKILL', withinMs: killedWithinMs },
  ] as const) {
    for (const pid of rest()) signal(pid, step.signalName);
    await gone(rest, step.withinMs);
  }
  const left = rest();
  if (left.length > 0)
    throw new CloudError('BIFOLD_SERVICE_NOT_STOPPED', {
      failed: `stopping ${name}`,
      received: `processes ${left.join(', ')} live on after SIGKILL`,
      allowed: 'no process',
      remedy: `look at them with \`ps -o pid,state,wchan,command -p ${left.join(',')}\`: state D waits for a disk`,
    });
  rmSync(recordFile(paths, name), { force: true });
};

export const statusOf = async (paths: CloudPaths, spec: ServiceSpec): Promise<ServiceStatus> => {
  const base = { name: spec.name, ports: spec.ports ?? {}, logFile: logFile(paths, spec.name) };
  const record = livingRecord(paths, spec.name);
  if (record === undefined) {
    const dead = readJson<ProcessRecord>(recordFile(paths, spec.name));
    const detail = dead === undefined ? 'not started' : `its process ${dead.pid} ended without being stopped`;
    return { ...base, state: 'down', pid: undefined, uptimeMs: undefined, detail };
  }
  const report = await spec.health();
  return {
    ...base,
    state: report.healthy ? 'up' : 'unhealthy',
    pid: record.pid,
    uptimeMs: Date.now() - record.startedAtMs,
    detail: report.detail,
  };
};
