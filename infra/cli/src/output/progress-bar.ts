import { type Options, SingleBar } from 'cli-progress';
import { number } from './terminal.ts';

export interface ProgressBar {
  /** @param lag records that the log holds and the views lack; null while unknown */
  update(done: number, eventsPerSecond: number, lag: number | null): void;
  stop(): void;
}

/** One bar on standard error; a line every two seconds where that is no terminal. */
export function progressBar(label: string, total: number, shownAtAll = true): ProgressBar {
  if (!shownAtAll) return { update: () => {}, stop: () => {} };
  const options: Options = {
    format: ({ barCompleteString = '', barIncompleteString = '' }, { progress, value }, payload) => {
      const size = Math.round(progress * 24);
      const bar = `${barCompleteString.slice(0, size)}${barIncompleteString.slice(size, 24)}`;
      const lag = payload.lag === null ? '' : `  lag ${number(payload.lag)}`;
      const percent = `${Math.floor(progress * 100)}%`.padStart(4);
      return `${label}  ${bar} ${percent}  ${number(value)} of ${number(total)}  ${number(payload.rate ?? 0)} events/s${lag}`;
    },
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 24,
    hideCursor: true,
    noTTYOutput: true,
    notTTYSchedule: 2_000,
    stream: process.stderr,
    clearOnComplete: false,
    fps: 10,
  };
  const bar = new SingleBar(options);
  bar.start(Math.max(total, 1), 0, { rate: 0, lag: null });
  return {
    update: (done, eventsPerSecond, lag) => bar.update(done, { rate: Math.round(eventsPerSecond), lag }),
    stop: () => bar.stop(),
  };
}
