import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf, partsOf, UsageError } from '../errors.ts';

type Definitions = typeof import('@bifold/pipelines');

/** The lists of layers/pipelines. */
export const definitions = (): Promise<Definitions> => loadDefinitions(() => import('@bifold/pipelines'));

/**
 * Loads a module of definitions. Errors of a definition are thrown unchanged.
 * @throws {UsageError} with file and line, if the module cannot be loaded
 */
export async function loadDefinitions<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    throw partsOf(cause) === null ? unloadable(cause) : cause;
  }
}

function unloadable(cause: unknown): UsageError {
  return new UsageError(
    'BIFOLD_DEFINITIONS_BROKEN',
    {
      failed: `the definitions of pipelines cannot be loaded: ${placeOf(cause)}`,
      received: cause instanceof Error ? messageOf(cause) : String(cause),
      allowed: 'modules that load without an error',
      remedy: 'correct it there; npx tsc -p . tells of more',
    },
    { cause },
  );
}

/**
 * The place of an error in a module that is being loaded, such as
 * `examples/tills/src/tills.ts:12:7`. It is the top of the error's stack.
 */
function placeOf(error: unknown): string {
  const [, url, place] = /(file:\/\/[^\s)]+?)(:\d+(?::\d+)?)/.exec((error as Error | null)?.stack ?? '') ?? [];
  return url === undefined ? 'somewhere below layers/pipelines' : relative(process.cwd(), fileURLToPath(url)) + place;
}
