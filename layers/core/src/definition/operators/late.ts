import type { AllowedLateness } from '../../plan/stateful.ts';
import { type Duration, durationMs } from '../duration.ts';
import { type ColumnScope, refuse, refuseUnknownOptions } from '../scope.ts';

interface LateOptions {
  /** An event moves the watermark at most so far beyond the broker's time; `1h` by default. */
  readonly skew?: Duration;
}

/**
 * Drops events that happened more than `after` before the watermark of their partition. The
 * watermark is the latest event time at the offsets before the event. Without `dropLate` late
 * events are always counted.
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
export function dropLate(after: Duration, { skew = '1h', ...others }: LateOptions = {}): AllowedLateness {
  refuseUnknownOptions('dropLate', others, ['skew']);
  return Object.freeze({ afterMs: durationMs(after), skewMs: durationMs(skew) });
}

export function planLate(late: AllowedLateness, scope: ColumnScope): AllowedLateness {
  const { afterMs, skewMs } = late ?? {};
  if ([afterMs, skewMs].every((ms) => Number.isSafeInteger(ms) && (ms as number) > 0)) return { afterMs, skewMs };
  return refuse('BIFOLD_BAD_LATE', {
    failed: `${scope.where} does not say when an event is late`,
    received: JSON.stringify(late) ?? 'nothing',
    allowed: 'dropLate(after, { skew }) with durations such as 2h',
    remedy: "write dropLate: dropLate('2h')",
  });
}
