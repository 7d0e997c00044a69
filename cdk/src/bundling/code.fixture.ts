import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { BUNDLED_ROLES, type BundledRole } from '../names.ts';
import type { Bundles } from './bundle.ts';

export interface CodeOptions {
  /** Size of each function's code. */
  readonly codeSizeBytes?: number;
  /** Functions whose bundles import DuckDB. */
  readonly native?: readonly BundledRole[];
}

/** Bundles that do nothing. */
export function writeBundles(
  root: string,
  { codeSizeBytes = 100, native = ['archive', 'recompute', 'train'] }: CodeOptions = {},
): Bundles {
  const bundles = BUNDLED_ROLES.map((role) => {
    const folder = join(root, 'bundles', role);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'index.mjs'), `// ${role}`.padEnd(codeSizeBytes));
    return [role, { folder, native: native.includes(role) }];
  });
  return Object.fromEntries(bundles);
}

/** The rest of a checkout: native packages, and the sources and libraries of the learner. */
export function writePackages(root: string): string {
  for (const name of ['node-bindings', 'node-bindings-linux-x64']) {
    const folder = join(root, 'node_modules/@duckdb', name);
    mkdirSync(folder, { recursive: true });
    const optionalDependencies = { '@duckdb/node-bindings-linux-x64': '1.0.0' };
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ version: '1.0.0', optionalDependencies }));
  }
  for (const name of ['learner/handler.py', 'learner/notes.txt', 'packaging/requirements.txt']) {
    const file = join(root, 'functions/src/train', name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `# ${basename(name)}`);
  }
  const libraries = join(root, 'cdk.out/training');
  mkdirSync(libraries, { recursive: true });
  const lock = createHash('sha256').update('# requirements.txt').digest('hex').slice(0, 12);
  writeFileSync(join(libraries, `libraries-x86_64-${lock}.zip`), 'libraries');
  return root;
}
