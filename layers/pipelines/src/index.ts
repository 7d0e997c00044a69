import type { Pipeline } from '@bifold/core';
import { airframes } from './airframes.ts';
import { airlines, delays, planes } from './delays.ts';

export { airframes, legs } from './airframes.ts';
export { airlines, delays, departures, planes } from './delays.ts';

/** Every pipeline that can be deployed. Add yours here. */
export const pipelines: readonly Pipeline[] = [delays, airframes];

/** Every lookup table that the pipelines join. */
export const lookupTables = [airlines, planes] as const;
