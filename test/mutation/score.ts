import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { Stryker } from '@stryker-mutator/core';

export type Mutant = Awaited<ReturnType<Stryker['runMutationTest']>>[number];

/** The results of the mutants of one group, or of all. */
export interface Score {
  readonly mutants: number;
  readonly killed: number;
  readonly timedOut: number;
  readonly survived: number;
  /**
   * Mutants with which the tests do not even load. They count neither as detected nor as missed.
   */
  readonly broken: number;
  readonly percent: number;
}

export const isSurvivor = ({ status }: Mutant): boolean => status === 'Survived' || status === 'NoCoverage';

export function scoreOf(mutants: readonly Mutant[]): Score {
  const of = (...states: readonly Mutant['status'][]): number =>
    mutants.filter(({ status }) => states.includes(status)).length;
  const killed = of('Killed');
  const timedOut = of('Timeout');
  const survived = mutants.filter(isSurvivor).length;
  return {
    mutants: mutants.length,
    killed,
    timedOut,
    survived,
    broken: of('RuntimeError', 'CompileError'),
    percent: (100 * (killed + timedOut)) / (killed + timedOut + survived),
  };
}

/** One row of the table in docs/mutation.md. */
export function tableRow(name: string, score: Score): string {
  const { mutants, killed, timedOut, survived, broken, percent } = score;
  return `| ${[name, mutants, killed, timedOut, survived, broken, `${percent.toFixed(1)} %`].join(' | ')} |`;
}

export const TABLE_HEAD =
  '| group | mutants | killed | timed out | survived | broken | score |\n|---|---|---|---|---|---|---|';

/** The position of a mutant, and its replacement. */
export function descriptionOf({ fileName, location: { start, end }, replacement = '' }: Mutant): string {
  const lines = readFileSync(fileName, 'utf8')
    .split('\n')
    .slice(start.line - 1, end.line);
  lines.push((lines.pop() ?? '').slice(0, end.column - 1));
  const text = lines
    .join('\n')
    .slice(start.column - 1)
    .replaceAll(/\s+/g, ' ');
  return `${relative(process.cwd(), fileName)}:${start.line}:${start.column}  ${text}  →  ${replacement.replaceAll(/\s+/g, ' ')}`;
}
