import { describe, expect, it } from '@jest/globals';
import type { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import type { PipelineStack } from '../app/pipeline-stack.ts';
import { synthesize } from '../app/synthesis.fixture.ts';
import { LAMBDA_LIMITS } from './lambda-limits.ts';

const queryOf = (stack: PipelineStack) => stack.bifold.serving.query.lambda;

describe("Lambda's limits", () => {
  it('refuse code that starts slowly', () => {
    expect(() => synthesize({ codeSizeBytes: 4 * 1024 * 1024 })).toThrow(
      /4194304 bytes of code.*BIFOLD_BUNDLE_TOO_LARGE/,
    );
  });

  it('refuse code and layers that are too large together', () => {
    const limits = LAMBDA_LIMITS as { unzippedSizeBytes: number };
    const { unzippedSizeBytes } = limits;
    try {
      // Smaller limits instead of 250 MB of files: more than any function alone, less than one with
      // its layer.
      limits.unzippedSizeBytes = 150;
      expect(() => synthesize()).toThrow(/bifold-example-archive.*BIFOLD_FUNCTION_TOO_LARGE/);
    } finally {
      limits.unzippedSizeBytes = unzippedSizeBytes;
    }
  });

  it('refuse an environment of more than 4 KB', () => {
    const plant = (stack: PipelineStack) => queryOf(stack).addEnvironment('PLANTED', 'x'.repeat(4096));
    expect(() => synthesize({ plant })).toThrow(
      /bifold-example-query.*bytes of environment.*4096.*BIFOLD_ENVIRONMENT_TOO_LARGE/,
    );
  });

  it('refuse a timeout of more than 15 minutes', () => {
    const plant = (stack: PipelineStack) => {
      (queryOf(stack).node.defaultChild as CfnFunction).timeout = 901;
    };
    expect(() => synthesize({ plant })).toThrow(/a timeout of 901 s.*BIFOLD_TIMEOUT_TOO_LONG/);
  });
});
