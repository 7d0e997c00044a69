import { join, relative } from 'node:path';
import { type BuildFailure, type BuildOptions, type BuildResult, build, type Metafile } from 'esbuild';
import { DeploymentError } from '../errors.ts';
import { BUNDLED_ROLES, type BundledRole } from '../names.ts';
import { type Built, cacheBuild, cachedBuild } from './cached-build.ts';

/**
 * One bundled function: a folder with `index.mjs`, and whether it expects the native packages in a
 * layer.
 */
interface Bundle {
  readonly folder: string;
  readonly native: boolean;
}

export type Bundles = Readonly<Record<BundledRole, Bundle>>;

/**
 * Native packages are not bundled. A function that imports them gets the layer that contains them.
 */
const NATIVE = '@duckdb/node-bindings-*';

/**
 * CommonJS dependencies and the native binding are loaded with `require`, which ES modules lack.
 * This `require` also searches NODE_PATH, where Lambda lists the layers
 * (`/opt/nodejs/node_modules`). `import` never does.
 */
const BANNER = "import{createRequire as bifoldRequire}from'node:module';const require=bifoldRequire(import.meta.url);";

const OPTIONS = {
  entryPoints: Object.fromEntries(BUNDLED_ROLES.map((role) => [`${role}/index`, `functions/src/${role}/handler.ts`])),
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  mainFields: ['module', 'main'],
  external: [NATIVE],
  // The Kafka client's checksums. The default entry reads a file next to itself, which is not in
  // the bundle. This entry embeds the file.
  alias: { '@platformatic/wasm-utils': '@platformatic/wasm-utils/bundled' },
  banner: { js: BANNER },
  minify: true,
  keepNames: true,
  sourcemap: 'linked',
  sourcesContent: false,
  legalComments: 'none',
  logLevel: 'silent',
} satisfies BuildOptions;

/** Files that influence how imports are resolved, besides the sources. */
const RESOLUTION = [
  'package-lock.json',
  'tsconfig.json',
  'functions/package.json',
  'layers/*/package.json',
  'examples/*/package.json',
];

/**
 * Bundles every handler, and does so again only if an input has changed. All pipelines share the
 * bundles, because a function reads the name of its pipeline from the environment. So their stacks
 * share assets.
 *
 * Source maps are separate files. Inline ones would be read and parsed at every cold start,
 * although they are needed only for errors.
 */
export async function bundleHandlers(root: string): Promise<Bundles> {
  const home = join(root, 'cdk.out', 'bundles');
  const recipe = { root, options: OPTIONS, resolution: RESOLUTION };
  const { folder, notes: native } =
    cachedBuild<BundledRole[]>(home, recipe) ?? cacheBuild(home, recipe, await built(root));
  return Object.fromEntries(
    BUNDLED_ROLES.map((role) => [role, { folder: join(folder, role), native: native.includes(role) }]),
  ) as Bundles;
}

async function built(root: string): Promise<Built<BundledRole[]>> {
  // Nothing is written there. Paths in source maps are relative to it, so assets are the same in
  // every checkout.
  const outdir = join(root, 'cdk.out', 'bundles');
  const options = { ...OPTIONS, absWorkingDir: root, outdir, write: false, metafile: true } as const;
  const result: BuildResult<typeof options> = await build(options).catch((error: BuildFailure) => {
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
  return {
    inputs: Object.keys(result.metafile.inputs),
    files: result.outputFiles.map(({ path, contents }) => ({ path: relative(outdir, path), contents })),
    notes: BUNDLED_ROLES.filter((role) => importsNative(result.metafile, role)),
  };
}

function importsNative(metafile: Metafile, role: BundledRole): boolean {
  const output = Object.entries(metafile.outputs).find(([path]) => path.endsWith(`/${role}/index.mjs`))?.[1];
  return (output?.imports ?? []).some(({ path, external }) => external && path.startsWith(NATIVE.slice(0, -1)));
}
