/**
 * Any window, as frozen plain data. It is an interval `[start, end)` in epoch milliseconds, UTC.
 * `tumbling`, `sliding`, `calendar`, `session` and `running` make one.
 * @example
 * const windows: Record<string, Window> = { hourly: tumbling('1h'), ever: running() };
 * const pipeline = definePipeline({ ...revenue, windows });
 */
export type Window = TumblingWindow | SlidingWindow | CalendarWindow | SessionWindow | RunningWindow;

export interface TumblingWindow {
  readonly kind: 'tumbling';
  readonly sizeMs: number;
  /** The offset of the windows from the epoch; 0 if absent. */
  readonly offsetMs?: number;
}

export interface SlidingWindow {
  readonly kind: 'sliding';
  readonly sizeMs: number;
  readonly slideMs: number;
  readonly offsetMs?: number;
}

export type CalendarUnit = 'day' | 'week' | 'month' | 'year';

export interface CalendarWindow {
  readonly kind: 'calendar';
  readonly unit: CalendarUnit;
  readonly zone: string;
  /**
   * The clock changes of the zone, in the order of time. They are part of the plan, so that every
   * engine computes the same windows.
   */
  readonly clock: readonly ClockChange[];
}

export interface SessionWindow {
  readonly kind: 'session';
  readonly gapMs: number;
}

export interface RunningWindow {
  readonly kind: 'running';
}

/** A clock change: the UTC offset of a zone from a time on. Both in milliseconds. */
export type ClockChange = readonly [fromMs: number, aheadMs: number];

export type WindowPlan = { readonly name: string } & Window;
