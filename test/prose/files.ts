import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { root } from '../gates/run.ts';

const CODE = ['cdk', 'examples', 'functions', 'infra', 'layers', 'test'];
const LEFT_OUT = /node_modules|cdk\.out|test\/planted|bench\/results/;

/** The pages of the project. Those of the reference are generated from comments. */
export function pages(): readonly string[] {
  const top = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md'];
  return [...top, ...filesBelow('docs', '.md'), ...filesBelow('examples', '.md')];
}

/** The source files of the project. */
export function sources(): readonly string[] {
  return CODE.flatMap((folder) => filesBelow(folder, '.ts'));
}

function filesBelow(folder: string, ending: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((file) => !LEFT_OUT.test(file))
    .toSorted();
}
