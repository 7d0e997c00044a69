import type { Case } from '../case.ts';
import type { StreamCase } from '../streams.ts';
import { computationCases } from './computations.ts';
import { expressionCases } from './expressions.ts';
import { inputCases } from './input.ts';
import { lookupCases } from './lookups.ts';
import { numberCases } from './numbers.ts';
import { sessionCases } from './sessions.ts';
import { streamCases } from './streams.ts';
import { timeCases } from './times.ts';
import { windowCases } from './windows.ts';

export function allCases(seed: number): readonly (Case | StreamCase)[] {
  const kinds = [
    windowCases,
    sessionCases,
    timeCases,
    expressionCases,
    computationCases,
    lookupCases,
    numberCases,
    inputCases,
  ];
  return [...kinds.flatMap((casesOf) => casesOf(seed)), ...streamCases(seed)];
}
