import { join } from 'node:path';
import { BifoldError } from '@bifold/core';
import { models, pipelines } from '@bifold/pipelines';
import { bundleHandlers } from '../bundling/bundle.ts';
import { BifoldApp } from './bifold-app.ts';

const root = join(import.meta.dirname, '..', '..', '..');

try {
  new BifoldApp({ pipelines, models, bundles: await bundleHandlers(root), root }).synth();
} catch (error) {
  // Our own errors are complete without a stack trace.
  if (!(error instanceof BifoldError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
