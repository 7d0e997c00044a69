import { BifoldError } from '@bifold/core';

/**
 * A store, log or service that could not do what was asked: a retry or the operator can cure it.
 * Nothing is known of a write that threw it. InputError is the exception: no retry cures it.
 */
export class AdapterError extends BifoldError {}

/** A statement, file or name that a caller gave and that fails on every attempt. */
export class InputError extends AdapterError {}
