import type { AllowedLateness } from '../plan/stateful.ts';
import { type Duration, durationMs } from './duration.ts';
import { type ColumnScope, refuse, refuseUnknownOptions } from './scope.ts';

/**
 * Events that happened more than `after` before the latest one that came before them in their
 * partition take no part. An event from the future moves the watermark no further than to the
 * broker's time and `skew`, so that one wrong one does not make all others late.
 *
 * Without this option late events are always counted.
 */
export function dropLate(
  after: Duration,
  { skew = '1h', ...others }: { readonly skew?: Duration } = {},
): AllowedLateness {
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
