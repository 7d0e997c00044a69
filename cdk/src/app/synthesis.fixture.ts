import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pipeline } from '@bifold/core';
import { models, pipelines } from '@bifold/pipelines';
import { Template } from 'aws-cdk-lib/assertions';
import { type CodeOptions, writeBundles, writePackages } from '../bundling/code.fixture.ts';
import { BifoldApp } from './bifold-app.ts';
import type { PipelineStack } from './pipeline-stack.ts';

export const EXAMPLE_ID = '6ba7b810-9dad-41d1-80b4-00c04fd430c8';

/**
 * Everything that a deployment may have and adds rights for: the document of permissions lists the
 * most that a function ever gets.
 */
export const EXAMPLE_NETWORK = {
  vpcId: 'vpc-0123456789abcdef0',
  subnetIds: 'subnet-0123456789abcdef0,subnet-0123456789abcdef1',
  securityGroupIds: 'sg-0123456789abcdef0',
  cassandraSecretName: 'bifold/cassandra',
} as const;

/** A pipeline under another name: constructs must not care which one it is. */
export function examplePipeline(name: string): Pipeline {
  const [any] = pipelines;
  if (!any) throw new Error('layers/pipelines lists no pipeline to take an example from');
  return { ...any, plan: { ...any.plan, name, version: `${name}-0123456789ab` } };
}

export interface Synthesis {
  readonly stacks: readonly PipelineStack[];
  readonly templates: readonly Template[];
}

export interface SynthesisOptions extends CodeOptions {
  readonly context?: Readonly<Record<string, unknown>>;
  readonly pipelines?: readonly Pipeline[];
  /** Changes a stack before it is synthesized: what a test plants. */
  readonly plant?: (stack: PipelineStack) => void;
}

/**
 * Synthesizes with code that does nothing, so that a test takes no longer than the constructs do.
 */
export function synthesize(options: SynthesisOptions = {}): Synthesis {
  const { context = {}, pipelines: chosen = [examplePipeline('example')], plant } = options;
  const root = mkdtempSync(join(tmpdir(), 'bifold-cdk-test-'));
  try {
    const app = new BifoldApp({
      pipelines: chosen,
      models,
      bundles: writeBundles(root, options),
      root: writePackages(root),
      outdir: join(root, 'cdk.out'),
      context: {
        topicId: Object.fromEntries(chosen.map(({ plan }) => [plan.name, EXAMPLE_ID])),
        sources: Object.fromEntries(
          chosen.map(({ plan }) => [
            plan.name,
            Object.fromEntries((plan.relay?.sources ?? []).map(({ topic }) => [topic, EXAMPLE_ID])),
          ]),
        ),
        architecture: 'x86_64',
        ...context,
      },
    });
    for (const stack of app.stacks) plant?.(stack);
    app.synth();
    return { stacks: app.stacks, templates: app.stacks.map((stack) => Template.fromStack(stack)) };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
