import { BifoldError } from '@bifold/core';

/**
 * A stream that cannot go on: its checkpoint, its source or a sink said no. Nothing was committed
 * that was not taken by every sink.
 */
export class RunnerError extends BifoldError {}
