import type { Pipeline } from '@bifold/core';
import type { ModelDefinition } from '@bifold/models';
import { airframes } from './airframes.ts';
import { airlines, delays, planes } from './delays.ts';
import { delaysExpected, departureDelayModel } from './delays-expected.ts';
import { legsOnce } from './legs-once.ts';
import { people, salary, salaryModel } from './salary.ts';
import { throughput } from './throughput.ts';
import { weatherDelays } from './weather-delays.ts';
import { alcoholModel, wine, wineDrift, wineModel } from './wine.ts';

export { airframes, legs } from './airframes.ts';
export { airlines, delays, departures, planes } from './delays.ts';
export { delaysExpected, departureDelayModel } from './delays-expected.ts';
export { range } from './range.ts';
export { jobInformation, people, salary, salaryModel } from './salary.ts';
export { readings, throughput } from './throughput.ts';
export { weather, weatherDelays } from './weather-delays.ts';
export { alcoholModel, wine, wineDrift, wineModel, wines } from './wine.ts';

/** Every pipeline that can be deployed. Add yours here. */
export const pipelines: readonly Pipeline[] = [
  delays,
  delaysExpected,
  airframes,
  legsOnce,
  weatherDelays,
  throughput,
  wine,
  wineDrift,
  salary,
];

/** Every model that can be trained: `npx bifold train <name>`. */
export const models: readonly ModelDefinition[] = [wineModel, alcoholModel, salaryModel, departureDelayModel];

/** Every lookup table that the pipelines join. */
export const lookupTables = [airlines, planes, people] as const;
