import type { Case } from '../case.ts';
import { expressionCases } from './expressions.ts';
import { inputCases } from './input.ts';
import { lookupCases } from './lookups.ts';
import { numberCases } from './numbers.ts';
import { sessionCases } from './sessions.ts';
import { timeCases } from './times.ts';
import { windowCases } from './windows.ts';

export function allCases(seed: number): readonly Case[] {
  const kinds = [windowCases, sessionCases, timeCases, expressionCases, lookupCases, numberCases, inputCases];
  return kinds.flatMap((casesOf) => casesOf(seed));
}
