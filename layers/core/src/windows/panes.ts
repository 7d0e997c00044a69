import type { Window } from '../plan/window.ts';
import { calendarPaneOf } from './calendar.ts';

/**
 * The stored parts of a window. Every event is folded into one **pane** of each kind of window.
 * Panes never overlap, so they are folded, stored, recomputed and swept as if they were windows.
 * Reads assemble windows from panes (`windows.ts`).
 *
 * - tumbling: a window is a pane. - calendar: a window is a pane, of any length. - sliding: panes
 * are as long as the greatest common divisor of size and slide; a window is the panes that it
 * contains. - session: panes are as long as the gap. Two events of one pane are less than a gap
 * apart, so they belong to one session. A pane keeps the times of its first and last event. A
 * session is a run of panes whose events are at most a gap apart (rule 11). - running: one pane.
 */
export interface Panes {
  /** Start of the pane that holds a time, epoch milliseconds; null where no window holds it. */
  readonly paneOf: (timeMs: number) => number | null;
  /** Whether panes store the times of their first and last event beside their aggregates. */
  readonly tracksEventTimeBounds: boolean;
}

export function panesOf(window: Window): Panes {
  switch (window.kind) {
    case 'tumbling': {
      const { sizeMs, offsetMs = 0 } = window;
      return { paneOf: (timeMs) => floorTo(timeMs, sizeMs, offsetMs), tracksEventTimeBounds: false };
    }
    case 'sliding': {
      const { sizeMs, slideMs, offsetMs = 0 } = window;
      const paneMs = paneSizeMs(window);
      const holds = (timeMs: number): boolean => timeMs - floorTo(timeMs, slideMs, offsetMs) < sizeMs;
      const paneOf = (timeMs: number): number => floorTo(timeMs, paneMs, offsetMs);
      return {
        paneOf: sizeMs >= slideMs ? paneOf : (timeMs) => (holds(timeMs) ? paneOf(timeMs) : null),
        tracksEventTimeBounds: false,
      };
    }
    case 'calendar':
      return { paneOf: calendarPaneOf(window), tracksEventTimeBounds: false };
    case 'session': {
      const { gapMs } = window;
      return { paneOf: (timeMs) => floorTo(timeMs, gapMs, 0), tracksEventTimeBounds: true };
    }
    case 'running':
      return { paneOf: () => 0, tracksEventTimeBounds: false };
  }
}

/**
 * True for windows that queries assemble from several panes. Other windows are stored as one pane.
 */
export function isAssembledFromPanes({ kind }: Window): boolean {
  return kind === 'sliding' || kind === 'session';
}

/** Length of the panes of a sliding window. */
export function paneSizeMs({ sizeMs, slideMs }: { readonly sizeMs: number; readonly slideMs: number }): number {
  let [larger, smaller] = [sizeMs, slideMs];
  while (smaller > 0) [larger, smaller] = [smaller, larger % smaller];
  return larger;
}

/**
 * The last multiple of `stepMs`, counted from the offset, that is not after a time. It rounds
 * towards minus infinity, so that times before 1970 are correct.
 */
export function floorTo(timeMs: number, stepMs: number, offsetMs: number): number {
  return Math.floor((timeMs - offsetMs) / stepMs) * stepMs + offsetMs;
}
