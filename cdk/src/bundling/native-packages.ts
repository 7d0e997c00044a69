import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DeploymentError } from '../errors.ts';

/** A folder laid out as a Lambda layer, and a name for its content. */
export interface NativePackages {
  readonly folder: string;
  readonly hash: string;
}

/**
 * The packages that cannot be bundled: DuckDB's binding and library, in npm's installation for the
 * platform of the functions. The rest of DuckDB is bundled JavaScript.
 * @throws {DeploymentError} if that platform's package is not installed, with the command that
 *   installs it.
 */
export function findNativePackages(root: string, platform: string): NativePackages {
  const name = `@duckdb/node-bindings-${platform}`;
  const installed = join(root, 'node_modules', name);
  if (!existsSync(join(installed, 'package.json'))) {
    const bindings = JSON.parse(readFileSync(join(root, 'node_modules/@duckdb/node-bindings/package.json'), 'utf8'));
    const [os, cpu] = platform.split('-');
    throw new DeploymentError('BIFOLD_NATIVE_MISSING', {
      failed: `the functions of platform "${platform}" need a native package that is not installed`,
      received: `no folder ${installed}`,
      allowed: Object.keys(bindings.optionalDependencies).join(', '),
      remedy: `npm install --no-save --os=${os} --cpu=${cpu} ${name}@${bindings.version}, or give -c architecture and -c nativePlatform`,
    });
  }
  const { version } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  // Links to the installed packages. They are the same for every synthesis, so the folder is
  // reused.
  const folder = join(root, 'cdk.out', 'native', platform);
  const link = join(folder, 'nodejs/node_modules', name);
  mkdirSync(dirname(link), { recursive: true });
  try {
    symlinkSync(installed, link);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return { folder, hash: `${name.replaceAll(/[^a-z0-9]+/g, '-').slice(1)}-${version}` };
}
