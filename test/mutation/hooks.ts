import { registerHooks } from 'node:module';
import { basename } from 'node:path';

/**
 * Loaded into the process of the tests before them. Imports of workspaces lead to the mutated copy,
 * which this file is a part of: node_modules is a link to the checkout's, and would lead back to
 * the code as it is.
 */
const HERE = new URL('./', import.meta.url).href;
const SUBSTITUTES: Readonly<Record<string, URL>> = {
  '@jest/globals': new URL('globals.ts', import.meta.url),
  'fast-check': new URL('fast-check.ts', import.meta.url),
  '@bifold/core': new URL('../../layers/core/src/index.ts', import.meta.url),
  '@bifold/core/engine': new URL('../../layers/core/src/engine.ts', import.meta.url),
  '@bifold/models': new URL('../../layers/models/src/index.ts', import.meta.url),
  '@bifold/models/engine': new URL('../../layers/models/src/engine.ts', import.meta.url),
  '@bifold/pipelines': new URL('../../layers/pipelines/src/index.ts', import.meta.url),
  '@bifold/example-flights': new URL('../../examples/flights/src/index.ts', import.meta.url),
  '@bifold/example-range': new URL('../../examples/range/src/index.ts', import.meta.url),
};

/**
 * A mutant that keeps a test file from loading is seen: so it is a test of each file that it loads.
 */
const guarded = (url: string): string => `
  import { it, startFile } from '@jest/globals';
  startFile();
  let failure = null;
  try { await import(${JSON.stringify(`${url}?guarded`)}); } catch (error) { failure = { error }; }
  it(${JSON.stringify(`${basename(url)} loads`)}, () => { if (failure) throw failure.error; });
`;

registerHooks({
  resolve: (specifier, context, next) =>
    // The substitutes themselves import the real thing.
    next((!context.parentURL?.startsWith(HERE) && SUBSTITUTES[specifier]?.href) || specifier, context),
  load: (url, context, next) =>
    url.endsWith('.test.ts') ? { format: 'module', source: guarded(url), shortCircuit: true } : next(url, context),
});
