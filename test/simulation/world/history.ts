import type { LogRecord, ResolveLookup } from '@bifold/core/engine';

/**
 * All that a topic ever held, per partition and offset; null is a hole. What retention took is
 * still here.
 */
export type History = readonly (readonly (LogRecord | null)[])[];

/** What a record of some place in the log is joined and scored with. */
export type Lookups = (partition: number, offset: number) => ResolveLookup;
