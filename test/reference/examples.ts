import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withCompiled } from '../gates/compile.ts';
import { type Ended, root, run } from '../gates/run.ts';
import type { ApiName, Example } from './api.ts';
import { SHARED_DECLARATIONS } from './page.ts';

const SHARED_NAMES = ['Ride', 'rides', 'showers', 'drivers', 'perCity', 'revenue', 'fares'];

/**
 * Compiles the examples of all names in one program, and loads those that compile, so that a
 * refused definition fails too. Each line of the result begins with the place of an example.
 */
export async function brokenExamples(names: readonly ApiName[]): Promise<readonly string[]> {
  const examples = new Map<string, Example>();
  const files = new Map<string, string>();
  for (const { package: from, examples: own } of names)
    for (const example of own) {
      const file = `example-${examples.size}.ts`;
      examples.set(file, example);
      files.set(file, `${imports(names, from)}\n${example.code}\nexport {};\n`);
    }
  return withCompiled(files, async (compiled, folder) => {
    if (compiled.status !== 0) return placed(compiled, examples);
    return placed(await load(folder, [...examples.keys()]), examples);
  });
}

/** Its names, such as `console` and `once`, would hide globals and constants of other examples. */
const IMPORTED_BY_ITSELF_ALONE = '@bifold/streams';

/** All names on one line, so that an example begins on the second. A package's own names win. */
function imports(names: readonly ApiName[], own: string): string {
  const first = names.filter((each) => each.package === own);
  const others = names.filter(
    (each) =>
      each.package !== own &&
      each.package !== IMPORTED_BY_ITSELF_ALONE &&
      !first.some(({ name }) => name === each.name),
  );
  const byPackage = Map.groupBy([...first, ...others], (each) => each.package);
  const lines = [...byPackage].map(([from, all]) => {
    const list = all.map(({ name, kind }) => (kind === 'type' ? `type ${name}` : name));
    return `import { ${list.join(', ')} } from '${from}';`;
  });
  const shared = `import { ${SHARED_NAMES.join(', ')} } from '../../../${SHARED_DECLARATIONS}';`;
  return [...lines, shared, "import * as z from 'zod';"].join(' ');
}

/** Imports each example. A failure is printed as the compiler prints its own. */
function load(folder: string, files: readonly string[]): Promise<Ended> {
  const program = `
    process.exitCode = 0;
    for (const file of ${JSON.stringify(files)})
      await import('./' + file).catch((error) => {
        process.exitCode = 1;
        console.log(file + '(2,1): ' + error.message);
      });`;
  writeFileSync(join(folder, 'load.js'), program);
  return run(join('..', folder.slice(root.length + 1), 'load.js'), [], root);
}

/** Failures with the place of the example instead of that of the file which was compiled. */
function placed({ status, output }: Ended, examples: ReadonlyMap<string, Example>): readonly string[] {
  const failures = [...output.matchAll(/([\w-]+\.ts)\((\d+),\d+\): (.*)/g)].map(([line, name = '', row, message]) => {
    const example = examples.get(name);
    return example === undefined ? line : `${example.file}:${example.line + Number(row) - 2}: ${message}`;
  });
  return status !== 0 && failures.length === 0 ? [output] : failures;
}
