import type { Case } from '../case.ts';
import { expressionCases } from './expressions.ts';
import { lookupCases } from './lookups.ts';
import { sessionCases } from './sessions.ts';
import { windowCases } from './windows.ts';

export function allCases(seed: number): readonly Case[] {
  return [...windowCases(seed), ...sessionCases(seed), ...expressionCases(seed), ...lookupCases(seed)];
}
