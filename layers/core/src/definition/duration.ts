import { DefinitionError } from '../errors.ts';

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/**
 * A length of time: a whole number above zero and a unit, `ms`, `s`, `m`, `h` or `d`. A day always
 * has 24 hours.
 *
 * @throws {DefinitionError} BIFOLD_BAD_DURATION if it has another form, such as `1.5h` or `0s`
 * @example
 * const gap: Duration = '90s';
 * const pipeline = definePipeline({ ...revenue, windows: { visit: session(gap) } });
 */
export type Duration = `${number}${keyof typeof UNIT_MS}`;

/** Whole milliseconds, above zero. */
export function durationMs(duration: Duration): number {
  const match = /^([0-9]{1,12})(ms|s|m|h|d)$/.exec(duration);
  const sizeMs = match ? Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS] : 0;
  if (sizeMs > 0 && Number.isSafeInteger(sizeMs)) return sizeMs;
  throw new DefinitionError('BIFOLD_BAD_DURATION', {
    failed: 'a duration cannot be read',
    received: JSON.stringify(duration) ?? String(duration),
    allowed: 'a whole number above zero and a unit of ms, s, m, h or d, as in "90s" or "1h"',
    remedy: 'write it in that form',
  });
}
