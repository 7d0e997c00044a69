/** Which events are repetitions, as plain data; made by `dropDuplicates`. */
export interface Duplicates<out Field extends string> {
  readonly by: readonly Field[];
  /** Only what lies so close in event time repeats; absent: whatever came before, at any time. */
  readonly withinMs?: number;
}

/** Which events come too late to take part, as plain data; made by `dropLate`. */
export interface AllowedLateness {
  readonly afterMs: number;
  readonly skewMs: number;
}
