import type { Pipeline } from '@bifold/core';
import {
  airframes,
  airlines,
  delays,
  delaysExpected,
  departureDelayModel,
  legsOnce,
  planes,
  weatherDelays,
} from '@bifold/example-flights';
import { people, salary, salaryModel } from '@bifold/example-salary';
import { throughput } from '@bifold/example-throughput';
import { alcoholModel, wine, wineDrift, wineModel } from '@bifold/example-wine';
import type { ModelDefinition } from '@bifold/models';

/** Every pipeline that this checkout deploys. Add yours here. */
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
