import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { type BuildFailure, build, type Metafile } from 'esbuild';
import { DeploymentError } from './errors.ts';
import { FUNCTION_ROLES, type FunctionRole } from './names.ts';

/** One bundled function: a folder with `index.mjs`, and whether it expects the native packages in a layer. */
interface Bundle {
  readonly folder: string;
  readonly native: boolean;
}

export type Bundles = Readonly<Record<FunctionRole, Bundle>>;

/** Native packages stay outside the bundles; a function that reads them gets the layer that holds them. */
const NATIVE = '@duckdb/node-bindings-*';

/**
 * Dependencies in CommonJS, and the native binding, are reached through `require`, which an ES module does not have. This `require` also looks
 * where NODE_PATH says, and there Lambda lists the layers (`/opt/nodejs/node_modules`); an `import` never does.
 */
const BANNER = "import{createRequire as bifoldRequire}from'node:module';const require=bifoldRequire(import.meta.url);";

/**
 * Bundles every handler once. Pipelines share the bundles, since each function learns its pipeline from the environment; so their stacks share assets.
 *
 * Source maps lie beside the code: inline they would be read and parsed at every cold start, and nobody needs them before the first error.
 */
export async function bundleFunctions(root: string): Promise<Bundles> {
  // Nothing is written there: paths in source maps are relative to it, so that assets are the same in every checkout.
  const outputFolder = join(root, 'cdk.out', 'bundles');
  const result = await build({
    absWorkingDir: root,
    entryPoints: Object.fromEntries(
      FUNCTION_ROLES.map((role) => [`${role}/index`, `functions/src/${role}/handler.ts`]),
    ),
    outdir: outputFolder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    mainFields: ['module', 'main'],
    external: [NATIVE],
    // The Kafka client's checksums: its usual entry reads a file beside itself, which a bundle has not; this entry carries it inside.
    alias: { '@platformatic/wasm-utils': '@platformatic/wasm-utils/bundled' },
    banner: { js: BANNER },
    minify: true,
    keepNames: true,
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'none',
    logLevel: 'silent',
  }).catch((error: BuildFailure) => {
    throw new DeploymentError(
      'BIFOLD_BUNDLE_FAILED',
      {
        failed: 'bundling the functions',
        received: (error.errors ?? [])
          .map(({ text, location }) => `${text} (${location?.file}:${location?.line})`)
          .join('; '),
        allowed: 'handlers at functions/src/<role>/handler.ts that resolve all that they import',
        remedy: 'mend the imports; `npm run typecheck` shows the same',
      },
      { cause: error },
    );
  });
  const folder = mkdtempSync(join(tmpdir(), 'bifold-bundles-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const file of result.outputFiles) {
    const target = join(folder, basename(dirname(file.path)), basename(file.path));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, file.contents);
  }
  const bundles = FUNCTION_ROLES.map((role) => [
    role,
    { folder: join(folder, role), native: importsNative(result.metafile, role) },
  ]);
  return Object.fromEntries(bundles) as Bundles;
}

function importsNative(metafile: Metafile, role: FunctionRole): boolean {
  const output = Object.entries(metafile.outputs).find(([path]) => path.endsWith(`/${role}/index.mjs`))?.[1];
  return (output?.imports ?? []).some(({ path, external }) => external && path.startsWith(NATIVE.slice(0, -1)));
}
