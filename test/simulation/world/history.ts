import type { LogRecord, ResolveLookup } from '@bifold/core/engine';

/**
 * All records that a topic ever had, per partition and offset; null is a hole. Records that
 * retention deleted are still here.
 */
export type History = readonly (readonly (LogRecord | null)[])[];

/** The lookup rows and models of a record, by its position in the log. */
export type Lookups = (partition: number, offset: number) => ResolveLookup;
