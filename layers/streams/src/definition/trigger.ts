import type { Duration } from '@bifold/core';
import { described, durationMs, refuse } from '@bifold/core/engine';

/**
 * When the next batch begins, as plain data.
 *
 * @example
 * const trigger: Trigger = availableNow();
 */
export type Trigger =
  | { readonly kind: 'asSoonAsPossible' }
  | { readonly kind: 'processingTime'; readonly intervalMs: number }
  | { readonly kind: 'once' }
  | { readonly kind: 'availableNow' };

/**
 * Starts a batch as soon as the previous one is done and there are new rows. The default.
 *
 * @example
 * defineStream({ name: 'seconds', from: rate(), trigger: asSoonAsPossible(), sinks: [console()] });
 */
export function asSoonAsPossible(): Trigger {
  return Object.freeze({ kind: 'asSoonAsPossible' });
}

/**
 * Starts a batch at each multiple of an interval of the clock, if there are new rows. A batch that
 * takes longer than the interval is followed by the next one at once.
 *
 * @param interval - the time between the starts of two batches
 * @throws {DefinitionError} BIFOLD_BAD_DURATION if the interval cannot be read
 *
 * @example
 * defineStream({
 *   name: 'seconds',
 *   from: rate(),
 *   trigger: processingTime('10s'),
 *   sinks: [console()],
 * });
 */
export function processingTime(interval: Duration): Trigger {
  return Object.freeze({ kind: 'processingTime', intervalMs: durationMs(interval) });
}

/**
 * Runs one batch of all available rows, whatever the limits of the source, and ends.
 *
 * @example
 * defineStream({ name: 'seconds', from: rate(), trigger: once(), sinks: [console()] });
 */
export function once(): Trigger {
  return Object.freeze({ kind: 'once' });
}

/**
 * Runs batches within the limits of the source until all rows available at the start are done.
 *
 * @example
 * defineStream({ name: 'seconds', from: rate(), trigger: availableNow(), sinks: [console()] });
 */
export function availableNow(): Trigger {
  return Object.freeze({ kind: 'availableNow' });
}

const KINDS: Readonly<Record<Trigger['kind'], true>> = {
  asSoonAsPossible: true,
  processingTime: true,
  once: true,
  availableNow: true,
};

/** `where` names what has the trigger, as an error shows it. */
export function checkTrigger(where: string, trigger: Trigger): void {
  if (Object.hasOwn(KINDS, trigger?.kind)) return;
  refuse('BIFOLD_BAD_TRIGGER', {
    failed: `${where} has an unknown trigger`,
    received: described(trigger),
    allowed: "asSoonAsPossible(), processingTime('10s'), once(), availableNow()",
    remedy: "write trigger: processingTime('10s'), or leave it out",
  });
}
