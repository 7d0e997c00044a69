import { BifoldError } from '@bifold/core';

/**
 * A stream that cannot go on, because of its checkpoint, its source or a sink. Every sink has
 * written every committed batch.
 */
export class StreamError extends BifoldError {}
