import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const SOURCES = [
  'cdk',
  'cdk.json',
  'examples',
  'functions',
  'infra',
  'layers',
  'package-lock.json',
  'package.json',
  'tsconfig.json',
];
/** Links that lead from `node_modules` back into the checkout. */
const OWN_SCOPE = '@bifold';

export interface Edit {
  /** Below the checkout, such as `examples/flights/src/airframes.ts`. */
  readonly file: string;
  /** Stands there exactly once. */
  readonly replace: string;
  readonly by: string;
}

/**
 * A separate checkout whose sources differ, as after a user's edit. It shares the installed
 * packages with this one.
 * @throws if the text that an edit replaces is not there exactly once
 */
export function otherCheckout(folder: string, edits: readonly Edit[]): string {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const name of SOURCES)
    cpSync(join(root, name), join(folder, name), { recursive: true, filter: (path) => !path.endsWith('.test.ts') });
  mkdirSync(join(folder, 'node_modules', OWN_SCOPE), { recursive: true });
  for (const name of readdirSync(join(root, 'node_modules')))
    if (name !== OWN_SCOPE && name !== '.cache')
      symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  const own = join('node_modules', OWN_SCOPE);
  for (const name of readdirSync(join(root, own)))
    cpSync(join(root, own, name), join(folder, own, name), { verbatimSymlinks: true, recursive: true });
  for (const { file, replace, by } of edits) {
    const path = join(folder, file);
    const [before, after, ...more] = readFileSync(path, 'utf8').split(replace);
    if (before === undefined || after === undefined || more.length > 0)
      throw new Error(`${file}: ${JSON.stringify(replace)} does not stand there exactly once`);
    writeFileSync(path, `${before}${by}${after}`);
  }
  return folder;
}
