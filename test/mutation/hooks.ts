import { registerHooks } from 'node:module';
import fc from 'fast-check';

/**
 * Loaded into the process of the tests before them. Imports of workspaces lead to the mutated copy, which this file is a part of: node_modules is
 * a link to the checkout's, and would lead back to the code as it is.
 */
const SUBSTITUTES: Readonly<Record<string, URL>> = {
  '@jest/globals': new URL('globals.ts', import.meta.url),
  '@bifold/core': new URL('../../layers/core/src/index.ts', import.meta.url),
  '@bifold/pipelines': new URL('../../layers/pipelines/src/index.ts', import.meta.url),
};

registerHooks({
  resolve: (specifier, context, next) => next(SUBSTITUTES[specifier]?.href ?? specifier, context),
});

// One seed, so that a score can be compared with the last; and the first counterexample is enough to tell a mutant.
fc.configureGlobal({ seed: 1, endOnFailure: true });
