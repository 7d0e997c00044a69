import type { Duration } from '@bifold/core';
import { durationMs } from '@bifold/core/engine';

/** The rule for the start of the next batch. */
export type Trigger =
  | { readonly kind: 'asItComes' }
  | { readonly kind: 'every'; readonly intervalMs: number }
  | { readonly kind: 'once' }
  | { readonly kind: 'availableNow' };

/**
 * Starts a batch as soon as the previous one is done and there is something to read. The default.
 */
export const asItComes = (): Trigger => Object.freeze({ kind: 'asItComes' });

/**
 * Starts a batch at each multiple of the interval, if there are new rows. If the previous batch
 * took longer, the next one starts at once.
 */
export const every = (interval: Duration): Trigger =>
  Object.freeze({ kind: 'every', intervalMs: durationMs(interval) });

/** Runs one batch with all available rows, ignoring the limits of the source, then ends. */
export const once = (): Trigger => Object.freeze({ kind: 'once' });

/**
 * Processes all rows that were available at the start, in batches within the source's limits, then
 * ends.
 */
export const availableNow = (): Trigger => Object.freeze({ kind: 'availableNow' });
