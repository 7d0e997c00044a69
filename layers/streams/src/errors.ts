import { BifoldError } from '@bifold/core';

/**
 * A stream that cannot continue, because its checkpoint, source or sink refused. No batch was
 * committed that a sink lacks.
 */
export class RunnerError extends BifoldError {}
