import { readFileSync, writeFileSync } from 'node:fs';

/** Where copies, results and reports go: outside git. */
export const FOLDER = '.bifold/mutation';

/** What is used here of the file in which Stryker keeps results. */
interface Kept {
  readonly files: Readonly<
    Record<string, { mutants: readonly { readonly status: string; readonly static?: boolean }[] }>
  >;
}

/**
 * Of mutants of what runs while modules load, forgets those that no test saw: in a process where
 * modules were loaded already, or before there was another test. Which tests reach them is known of
 * none.
 */
export function forgetStaticSurvivors(resultsFile: string): void {
  const kept = JSON.parse(readFileSync(resultsFile, 'utf8')) as Kept;
  for (const file of Object.values(kept.files))
    file.mutants = file.mutants.filter(
      ({ status, static: isStatic = false }) =>
        status !== 'Ignored' && !(isStatic && (status === 'Survived' || status === 'NoCoverage')),
    );
  writeFileSync(resultsFile, JSON.stringify(kept));
}
