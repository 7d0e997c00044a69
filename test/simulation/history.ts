import type { LogRecord } from '@bifold/core';

/** All that a topic ever held, per partition and offset; null is a hole. What retention took is still here. */
export type History = readonly (readonly (LogRecord | null)[])[];
