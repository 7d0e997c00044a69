import { setTimeout as sleep } from 'node:timers/promises';

const frozen = new Set<number>();

/** Whether the process was there to be hit. */
export function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

export function freeze(pid: number): boolean {
  frozen.add(pid);
  return send(pid, 'SIGSTOP');
}

/** Whether it lived until then. */
export function thaw(pid: number): boolean {
  frozen.delete(pid);
  return send(pid, 'SIGCONT');
}

/** Nothing that this run froze stays frozen, however it ends. */
export function thawAll(): void {
  for (const pid of [...frozen]) thaw(pid);
}

export function lives(pid: number): boolean {
  return send(pid, 0 as unknown as NodeJS.Signals);
}

export async function gone(pid: number, withinMs: number): Promise<boolean> {
  for (const giveUpAtMs = Date.now() + withinMs; lives(pid); await sleep(5)) if (Date.now() > giveUpAtMs) return false;
  return true;
}
