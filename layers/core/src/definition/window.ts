import { type Duration, durationMs } from './duration.ts';

/** How event time is cut. Every window is an interval `[start, end)` in epoch milliseconds, UTC. */
export type Window = TumblingWindow;

export interface TumblingWindow {
  readonly kind: 'tumbling';
  readonly sizeMs: number;
}

/** Windows of one size, side by side, aligned to the epoch: each event falls into exactly one. */
export function tumbling(size: Duration): TumblingWindow {
  return Object.freeze({ kind: 'tumbling', sizeMs: durationMs(size) });
}
