import { once } from 'node:events';
import { stripVTControlCharacters, styleText } from 'node:util';
import type { OnProgress, ProgressEvent } from '@bifold/cloud';

/** Results go to standard output, progress goes to standard error. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Like `print`, for large output: it waits for a slow reader of standard output. */
export async function write(text: string): Promise<void> {
  if (text !== '' && !process.stdout.write(text)) await once(process.stdout, 'drain');
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

export function tell(text: string): void {
  process.stderr.write(`${text}\n`);
}

type Style = Parameters<typeof styleText>[0];

export function styled(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout });
}

export const bold = (text: string): string => styled('bold', text);
export const dim = (text: string): string => styled('dim', text);

export function warn(text: string): void {
  tell(`${styleText('yellow', '!', { stream: process.stderr })} ${text}`);
}

export function seconds(ms: number): string {
  return ms < 60_000
    ? `${(ms / 1000).toFixed(1)} s`
    : `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

/** `3 min`, `2 h`: how long ago, in one unit. */
export function age(ms: number): string {
  if (ms < 90_000) return `${Math.max(0, Math.round(ms / 1000))} s`;
  if (ms < 5_400_000) return `${Math.round(ms / 60_000)} min`;
  return ms < 172_800_000 ? `${Math.round(ms / 3_600_000)} h` : `${Math.round(ms / 86_400_000)} d`;
}

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const decimal = new Intl.NumberFormat('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });

export function number(value: number): string {
  return Number.isInteger(value) ? whole.format(value) : decimal.format(value);
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${number(count)} ${count === 1 ? one : many}`;
}

/** `61.2 MiB`: a size in the unit that leaves one to three digits before the point. */
export function sizeText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  return `${power === 0 ? bytes : (bytes / 1024 ** power).toFixed(1)} ${units[power]}`;
}

/** Escapes control characters of external text, so that a record cannot control the terminal. */
export function harmless(text: string): string {
  return stripVTControlCharacters(text.replaceAll('\t', '  ')).replaceAll(
    /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\u2028\u2029]/gu,
    (character) => `\\u{${(character.codePointAt(0) as number).toString(16)}}`,
  );
}

/** The least time between two updates of a step, on a terminal and elsewhere. */
const ADVANCE_MS = 200;
const ADVANCE_LINE_MS = 10_000;

/** Shows each step as a line. On a terminal, the line is updated while the step runs. */
export function stepLines(): OnProgress {
  const isTerminal = process.stderr.isTTY === true;
  const green = (text: string) => styleText('green', text, { stream: process.stderr });
  const red = (text: string) => styleText('red', text, { stream: process.stderr });
  const grey = (text: string) => styleText('dim', text, { stream: process.stderr });
  /** Steps that run, and how far they are. */
  const running = new Map<string, string>();
  let advancedAtMs = performance.now();
  const erase = () => {
    if (isTerminal) process.stderr.write('\r\x1b[2K');
  };
  const draw = () => {
    if (isTerminal && running.size > 0) {
      const text = `… ${[...running].map(([name, far]) => (far === '' ? name : `${name}  ${far}`)).join(', ')}`;
      process.stderr.write(grey(text.slice(0, (process.stderr.columns ?? 80) - 1)));
    }
  };
  return (event: ProgressEvent) => {
    if (event.kind === 'advanced') {
      if (performance.now() - advancedAtMs < (isTerminal ? ADVANCE_MS : ADVANCE_LINE_MS)) return;
      advancedAtMs = performance.now();
      if (!isTerminal) tell(`… ${event.step}  ${event.text}`);
    }
    erase();
    switch (event.kind) {
      case 'started':
        running.set(event.step, '');
        break;
      case 'advanced':
        running.set(event.step, event.text);
        break;
      case 'done':
        running.delete(event.step);
        // Steps that were already complete are not reported.
        if (event.ms >= 250) tell(`${green('✓')} ${event.step}  ${grey(seconds(event.ms))}`);
        break;
      case 'failed':
        running.delete(event.step);
        tell(`${red('✖')} ${event.step}  ${grey(seconds(event.ms))}`);
        break;
    }
    draw();
  };
}

/** Runs a step with its line. */
export async function step<T>(onProgress: OnProgress, name: string, work: () => Promise<T>): Promise<T> {
  const startedAtMs = performance.now();
  const ms = () => Math.round(performance.now() - startedAtMs);
  onProgress({ kind: 'started', step: name });
  try {
    const result = await work();
    onProgress({ kind: 'done', step: name, ms: ms() });
    return result;
  } catch (error) {
    onProgress({ kind: 'failed', step: name, ms: ms(), reason: String(error) });
    throw error;
  }
}
