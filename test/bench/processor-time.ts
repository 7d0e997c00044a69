import { existsSync, readdirSync, readFileSync } from 'node:fs';

/**
 * The processor time of a cloud's processes: services by name, and functions apart from the
 * emulator that starts them.
 */
export type ProcessorSeconds = Readonly<Record<string, number>>;

const TICKS_PER_SECOND = 100;

/**
 * Processor time so far of every process that carries the mark of this cloud. Empty where there is
 * no /proc.
 */
export function processorSeconds(stateDir: string): ProcessorSeconds {
  if (!existsSync('/proc/self/stat')) return {};
  const seconds: Record<string, number> = {};
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const variables = readFileSync(`/proc/${entry}/environ`, 'utf8').split('\0');
      if (!variables.includes(`BIFOLD_STATE=${stateDir}`)) continue;
      const service = variables.find((variable) => variable.startsWith('BIFOLD_SERVICE='))?.slice(15) ?? 'other';
      const isFunction = variables.some((variable) => variable.startsWith('AWS_LAMBDA_FUNCTION_NAME='));
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const name = isFunction ? 'functions' : service;
      seconds[name] = (seconds[name] ?? 0) + (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
    } catch {} // gone meanwhile
  }
  return seconds;
}

export function spent(before: ProcessorSeconds, after: ProcessorSeconds): ProcessorSeconds {
  return Object.fromEntries(
    Object.entries(after)
      .map(([name, seconds]) => [name, Math.round((seconds - (before[name] ?? 0)) * 100) / 100] as const)
      .sort(([, left], [, right]) => right - left),
  );
}
