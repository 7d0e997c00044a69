import { readFileSync, writeFileSync } from 'node:fs';

/** Where copies, results and the report go: outside git. */
export const FOLDER = '.bifold/mutation';
export const RESULTS_FILE = `${FOLDER}/results.json`;

/** What is used here of the file in which Stryker keeps results. */
interface Kept {
  readonly files: Readonly<
    Record<string, { mutants: readonly { readonly status: string; readonly static?: boolean }[] }>
  >;
}

/** Of mutants of what runs while modules load, forgets those that no test saw in a process where modules were loaded already. */
export function forgetStaticSurvivors(): void {
  const kept = JSON.parse(readFileSync(RESULTS_FILE, 'utf8')) as Kept;
  for (const file of Object.values(kept.files))
    file.mutants = file.mutants.filter(
      (mutant) => mutant.status !== 'Ignored' && !(mutant.static === true && mutant.status === 'Survived'),
    );
  writeFileSync(RESULTS_FILE, JSON.stringify(kept));
}
