/** The fields that identify duplicate events, as plain data; made by `dropDuplicates`. */
export interface Duplicates<out Field extends string> {
  readonly by: readonly Field[];
  /** The greatest distance in event time between duplicates. Absent: any distance. */
  readonly withinMs?: number;
}

/** The rule for late events, as plain data; made by `dropLate`. */
export interface AllowedLateness {
  readonly allowedLatenessMs: number;
  readonly maxClockSkewMs: number;
}
