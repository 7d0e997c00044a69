import { BifoldError } from '@bifold/core';

/**
 * A stream that cannot go on, because of its checkpoint, its source or a sink. Every committed batch
 * was written by every sink.
 */
export class StreamError extends BifoldError {}
