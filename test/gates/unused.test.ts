import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { root, run } from './run.ts';

/** The project's knip.json over a small tree of the same shape, with something unused in it. */
const FILES: Readonly<Record<string, string>> = {
  'layers/core/src/index.ts': "export { used } from './used.ts';",
  'layers/core/src/used.ts': 'export const used = 1;\nexport const plantedExport = 2;\nexport type PlantedType = 3;',
  'layers/core/src/planted-file.ts': 'export const nobody = 1;',
  'layers/core/src/used.test.ts':
    "import { expect, it } from '@jest/globals';\nimport { used } from './used.ts';\nit('is', () => expect(used).toBe(1));",
  'layers/core/src/unlisted.test.ts': "import 'csv-parse';",
  'functions/src/training.ts': 'export {};',
  'functions/src/query/http.ts': 'export {};',
  'functions/src/speed/handler.ts': "import { used } from '@bifold/core';\nexport const handler = () => used;",
  'infra/cli/src/index.ts': 'export {};',
  'infra/cli/bin/bifold.js': "import '../src/main.ts';",
  'infra/cli/src/main.ts': 'console.log(1);',
  'test/laws/some.test.ts': "import { meaning } from './meaning.ts';\nmeaning();",
  'test/laws/meaning.ts': 'export function meaning() {}\nexport function plantedMeaning() {}',
};

interface Issues {
  readonly file: string;
  readonly exports: readonly { readonly name: string }[];
  readonly types: readonly { readonly name: string }[];
  readonly dependencies: readonly { readonly name: string }[];
  readonly unlisted: readonly { readonly name: string }[];
  readonly files?: readonly { readonly name: string }[];
}

let tree: string;
let status: number;
let issues: readonly Issues[];
let unusedFiles: string;
beforeAll(async () => {
  tree = mkdtempSync(join(tmpdir(), 'bifold-unused-'));
  const write = (file: string, text: string): void => {
    mkdirSync(dirname(join(tree, file)), { recursive: true });
    writeFileSync(join(tree, file), `${text}\n`);
  };
  for (const file of ['knip.json', 'package.json', 'jest.config.js', '.dependency-cruiser.cjs', 'biome.json'])
    cpSync(join(root, file), join(tree, file));
  mkdirSync(join(tree, 'node_modules/@bifold'), { recursive: true });
  for (const workspace of ['layers/core', 'functions', 'infra/cli', 'test']) {
    const manifest = JSON.parse(readFileSync(join(root, workspace, 'package.json'), 'utf8'));
    const dependencies = workspace === 'layers/core' ? { zod: '4.6.7' } : {};
    write(`${workspace}/package.json`, JSON.stringify({ ...manifest, dependencies, devDependencies: {}, scripts: {} }));
    symlinkSync(join(tree, workspace), join(tree, 'node_modules', manifest.name));
  }
  for (const [file, text] of Object.entries(FILES)) write(file, text);
  const ended = await run('knip/bin/knip.js', ['--reporter', 'json'], tree);
  status = ended.status;
  const report = JSON.parse(ended.stdout);
  issues = report.issues;
  unusedFiles = JSON.stringify([report.files, issues.map(({ files }) => files)]);
});
afterAll(() => rmSync(tree, { recursive: true, force: true }));

const namesOf = (kind: 'exports' | 'types' | 'dependencies' | 'unlisted', file: string): readonly string[] =>
  issues.filter((each) => each.file === file).flatMap((each) => each[kind].map(({ name }) => name));

describe('what nobody uses is refused', () => {
  it('fails the check', () => {
    expect(status).not.toBe(0);
  });
  it('an export', () => {
    expect(namesOf('exports', 'layers/core/src/used.ts')).toEqual(['plantedExport']);
    expect(namesOf('exports', 'test/laws/meaning.ts')).toEqual(['plantedMeaning']);
  });
  it('a type', () => {
    expect(namesOf('types', 'layers/core/src/used.ts')).toEqual(['PlantedType']);
  });
  it('a dependency, and one that is used but not listed', () => {
    expect(namesOf('dependencies', 'layers/core/package.json')).toEqual(['zod']);
    expect(namesOf('unlisted', 'layers/core/src/unlisted.test.ts')).toEqual(['csv-parse']);
  });
  it('a file, and only that one: handlers, commands and tests are where use begins', () => {
    for (const file of Object.keys(FILES))
      expect([file, unusedFiles.includes(file)]).toEqual([file, file.includes('planted-file')]);
  });
});
