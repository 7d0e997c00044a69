import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

const linux = existsSync('/proc/self/stat');

/**
 * Reads `/proc/PID/stat`. The command in brackets may contain spaces and brackets. A killed program
 * is a zombie as soon as its first thread is gone, while other threads still hold its ports and
 * files. It is dead only when these are gone too.
 */
const linuxStat = (pid: number): { dead: boolean; group: number; startTicks: string } | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, threads] = [fields[0], Number(fields[17])];
    return {
      dead: state === 'X' || (state === 'Z' && threads <= 1),
      group: Number(fields[2]),
      startTicks: fields[19] ?? '',
    };
  } catch {
    return undefined;
  }
};

let bootId: string | undefined;
const linuxBootId = () => {
  bootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return bootId;
};

/**
 * The identity of a pid: the start time of its process. The system reuses pids, but not the pair.
 * So an outdated record never leads to another process. Undefined if the process does not exist, or
 * is a zombie.
 */
export const processIdentity = (pid: number): string | undefined => {
  if (linux) {
    const stat = linuxStat(pid);
    return stat === undefined || stat.dead ? undefined : `${linuxBootId()}/${stat.startTicks}`;
  }
  try {
    const [state, ...started] = execFileSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], { encoding: 'utf8' })
      .trim()
      .split(/\s+/);
    return state === undefined || state.startsWith('Z') || started.length === 0 ? undefined : started.join(' ');
  } catch {
    return undefined;
  }
};

/**
 * Environment variables that mark every process of a cloud. Children inherit them, including those
 * of the emulator.
 */
export const stateMark = 'BIFOLD_STATE';
export const serviceMark = 'BIFOLD_SERVICE';

/**
 * Processes that carry the marks of this cloud, whatever their parent: workers of a killed
 * emulator, and children that a killed `up` did not record. Only Linux shows environments;
 * elsewhere process groups must suffice.
 */
export const markedProcesses = (stateDir: string, service?: string): readonly number[] => {
  if (!linux) return [];
  const wanted = [`${stateMark}=${stateDir}`, ...(service === undefined ? [] : [`${serviceMark}=${service}`])];
  const pids: number[] = [];
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid || processIdentity(pid) === undefined) continue;
    try {
      const variables = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
      if (wanted.every((variable) => variables.includes(variable))) pids.push(pid);
    } catch {} // gone meanwhile, or another user's: not ours
  }
  return pids;
};

/** Members of the process group that a service led. */
export const groupMembers = (group: number): readonly number[] => {
  if (linux)
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => {
        const stat = Number.isInteger(pid) ? linuxStat(pid) : undefined;
        return stat !== undefined && stat.group === group && !stat.dead;
      });
  try {
    return execFileSync('ps', ['-A', '-o', 'pid=,pgid=,state='], { encoding: 'utf8' })
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, pgid, state]) => Number(pgid) === group && !state?.startsWith('Z'))
      .map(([pid]) => Number(pid));
  } catch {
    return [];
  }
};

/** Sends a signal. Returns false if the process is gone already. */
export const signal = (pid: number, name: NodeJS.Signals): boolean => {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
};
