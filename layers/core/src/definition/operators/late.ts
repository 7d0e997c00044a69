import type { AllowedLateness } from '../../plan/stateful.ts';
import { type Duration, durationMs } from '../duration.ts';
import { refuse, refuseUnknownOptions } from '../scope.ts';

/** The rule for late events, as a definition has it; made by `dropLate`. */
export interface Lateness {
  readonly afterMs: number;
  /** The clock skew in milliseconds; one hour if absent. */
  readonly skewMs?: number;
}

const SKEW_DEFAULT_MS = 3_600_000;

interface LateOptions {
  /**
   * The most by which an event may move the watermark beyond its Kafka timestamp; `1h` by default.
   */
  readonly skew?: Duration;
}

/**
 * Drops events that happened more than `after` before the watermark of their partition. The
 * watermark is the highest event time at lower offsets, with no delay subtracted. Without
 * `dropLate` late events are always counted.
 *
 * @param after - the allowed lateness
 * @param options - the clock skew that producers may have
 * @throws {DefinitionError} BIFOLD_BAD_DURATION if a duration cannot be read
 * @throws {DefinitionError} BIFOLD_UNKNOWN_OPTION if an option does not exist
 * @example
 * const final = definePipeline({
 *   ...perCity,
 *   dropLate: dropLate('2h', { skew: '5m' }),
 *   aggregates: { rides: count() },
 * });
 */
export function dropLate(after: Duration, { skew, ...others }: LateOptions = {}): Lateness {
  refuseUnknownOptions('dropLate', others, ['skew']);
  return Object.freeze({
    afterMs: durationMs(after),
    ...(skew === undefined ? {} : { skewMs: durationMs(skew) }),
  });
}

/** `where` is the option's owner, for error messages. */
export function planLate(where: string, late: Lateness): AllowedLateness {
  const { afterMs, skewMs = SKEW_DEFAULT_MS } = late ?? {};
  if ([afterMs, skewMs].every((ms) => Number.isSafeInteger(ms) && (ms as number) > 0)) return { afterMs, skewMs };
  return refuse('BIFOLD_BAD_LATE', {
    failed: `${where} does not say when an event is late`,
    received: JSON.stringify(late) ?? 'nothing',
    allowed: 'dropLate(after, { skew }) with durations such as 2h',
    remedy: "write dropLate: dropLate('2h')",
  });
}
