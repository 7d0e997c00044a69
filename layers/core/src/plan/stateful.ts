/** The fields that identify duplicate events, as plain data; made by `dropDuplicates`. */
export interface Duplicates<out Field extends string> {
  readonly by: readonly Field[];
  /** Only what lies so close in event time repeats; absent: whatever came before, at any time. */
  readonly withinMs?: number;
}

/** The rule for late events, as plain data; made by `dropLate`. */
export interface AllowedLateness {
  readonly afterMs: number;
  readonly skewMs: number;
}
