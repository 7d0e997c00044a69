import { readFileSync, writeFileSync } from 'node:fs';

/** The folder of copies, results and reports, outside git. */
export const FOLDER = '.bifold/mutation';

/** The used part of the file in which Stryker keeps results. */
interface Kept {
  readonly files: Readonly<
    Record<string, { mutants: readonly { readonly status: string; readonly static?: boolean }[] }>
  >;
}

/**
 * Forgets the surviving mutants of code that runs while modules load. They may not have been
 * tested: modules were already loaded, or another test came first. It is unknown which tests reach
 * them.
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
