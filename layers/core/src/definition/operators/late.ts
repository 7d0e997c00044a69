import type { AllowedLateness } from '../../plan/stateful.ts';
import { type Duration, durationMs } from '../duration.ts';
import { refuse, refuseUnknownOptions } from '../scope.ts';

/** The rule for late events, as a definition has it; made by `dropLate`. */
export interface Lateness {
  readonly allowedLatenessMs: number;
  /** The clock skew in milliseconds; one hour if absent. */
  readonly maxClockSkewMs?: number;
}

const MAX_CLOCK_SKEW_DEFAULT_MS = 3_600_000;

interface LateOptions {
  /**
   * The most by which an event may move the watermark beyond its Kafka timestamp; `1h` by default.
   */
  readonly maxClockSkew?: Duration;
}

/**
 * Drops events that happened more than `after` before the watermark of their partition. The
 * watermark is the highest event time at lower offsets, with no delay subtracted. Without
 * `dropLate` late events are always counted.
 *
 * @param after - the allowed lateness
 * @param options - how far the clocks of producers may be ahead
 * @throws {DefinitionError} BIFOLD_BAD_DURATION if a duration cannot be read
 * @throws {DefinitionError} BIFOLD_UNKNOWN_OPTION if an option does not exist
 * @example
 * const final = definePipeline({
 *   ...perCity,
 *   dropLate: dropLate('2h', { maxClockSkew: '5m' }),
 *   aggregates: { rides: count() },
 * });
 */
export function dropLate(after: Duration, { maxClockSkew, ...others }: LateOptions = {}): Lateness {
  refuseUnknownOptions('dropLate', others, ['maxClockSkew']);
  return Object.freeze({
    allowedLatenessMs: durationMs(after),
    ...(maxClockSkew === undefined ? {} : { maxClockSkewMs: durationMs(maxClockSkew) }),
  });
}

/** `where` is the option's owner, for error messages. */
export function planLate(where: string, late: Lateness): AllowedLateness {
  const { allowedLatenessMs, maxClockSkewMs = MAX_CLOCK_SKEW_DEFAULT_MS } = late ?? {};
  if ([allowedLatenessMs, maxClockSkewMs].every((ms) => Number.isSafeInteger(ms) && (ms as number) > 0))
    return { allowedLatenessMs, maxClockSkewMs };
  return refuse('BIFOLD_BAD_LATE', {
    failed: `${where} has no valid dropLate`,
    received: JSON.stringify(late) ?? 'nothing',
    allowed: 'dropLate(after, { maxClockSkew }) with durations such as 2h',
    remedy: "write dropLate: dropLate('2h')",
  });
}
