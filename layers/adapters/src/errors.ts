import { BifoldError } from '@bifold/core';

/**
 * A store, log or service that could not do what was asked: always what a retry or the operator can
 * cure. Nothing is known of a write that threw it.
 */
export class AdapterError extends BifoldError {}
