import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

const run = promisify(execFile);
const definitions = pathToFileURL(join(import.meta.dirname, 'definitions.ts')).href;

describe('definitions that cannot be loaded', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'bifold-definitions-'));
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    writeFileSync(join(folder, 'other.ts'), 'export const when = 1;\n');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  // Loads the file with Node's loader, since Jest has its own.
  it.each([
    ['that are no TypeScript', 'const a: number = 1;\nexport const b = {;\n', 'tills.ts:2', /;/],
    ['that import what is not there', "import { wen } from './other.ts';\nwen;\n", 'tills.ts:1', /'wen'/],
    ['that throw', "const a: number = 1;\nthrow new Error('my own bug');\n", 'tills.ts:2:7', /my own bug/],
  ])('say where, of modules %s', async (_, source, place, told) => {
    writeFileSync(join(folder, 'tills.ts'), source);
    const load = `const { loadDefinitions } = await import('${definitions}');
      await loadDefinitions(() => import('${pathToFileURL(join(folder, 'tills.ts')).href}')).catch(({ message }) => console.log(message));`;
    const { stdout } = await run(process.execPath, ['--no-warnings', '--input-type=module', '--eval', load], {
      cwd: folder,
    });
    expect(stdout).toContain(`the definitions of pipelines cannot be loaded: ${place}`);
    expect(stdout).toMatch(told);
  });
});

it('are not loaded with the commands that report an error in them', async () => {
  const commands = ['pipeline/deploy', 'pipeline/check', 'cloud/doctor', 'cloud/status'].map(
    (name) => pathToFileURL(join(import.meta.dirname, '..', 'commands', `${name}.ts`)).href,
  );
  const load = `const { registerHooks } = await import('node:module');
    const loaded = [];
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
    for (const command of ${JSON.stringify(commands)}) await import(command);
    console.log(loaded.filter((url) => url.includes('/commands/')).length);
    console.log(loaded.filter((url) => url.includes('/layers/pipelines/')).join());`;
  const { stdout } = await run(process.execPath, ['--no-warnings', '--input-type=module', '--eval', load]);
  const [commandModules, definitionModules] = stdout.split('\n');
  expect(Number(commandModules)).toBeGreaterThanOrEqual(commands.length);
  expect(definitionModules).toBe('');
});
