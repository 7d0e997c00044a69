import type { Duration } from '@bifold/core';
import { durationMs } from '@bifold/core/engine';

/** When the next batch begins. */
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
 * A batch at each multiple of an interval of the clock, if there is something to read; at once when
 * the one before it took longer.
 */
export const every = (interval: Duration): Trigger =>
  Object.freeze({ kind: 'every', intervalMs: durationMs(interval) });

/** One batch of all there is, whatever the limits of the source say, then the end. */
export const once = (): Trigger => Object.freeze({ kind: 'once' });

/** All there was at the start, in batches as the source's limits cut them, then the end. */
export const availableNow = (): Trigger => Object.freeze({ kind: 'availableNow' });
