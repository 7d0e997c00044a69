import type { Pipeline } from '@bifold/core';
import type { ModelDefinition } from '@bifold/models';
import {
  App,
  type AppProps,
  CliCredentialsStackSynthesizer,
  DefaultStackSynthesizer,
  type Environment,
  type IStackSynthesizer,
} from 'aws-cdk-lib';
import type { Bundles } from '../bundling/bundle.ts';
import { functionCode } from '../bundling/function-code.ts';
import { DeploymentError } from '../errors.ts';
import { stackName } from '../names.ts';
import { PipelineStack } from './pipeline-stack.ts';
import { readSettings, readSources, readTopicId, type Settings } from './settings.ts';

export interface BifoldAppProps extends AppProps {
  readonly pipelines: readonly Pipeline[];
  /** Models that may be trained on a schedule. */
  readonly models: readonly ModelDefinition[];
  readonly bundles: Bundles;
  /** The root of the checkout, where `node_modules` is. */
  readonly root: string;
}

/**
 * The account and region of the caller's credentials, which the CDK command line finds out. With
 * them the bucket's name is a literal, and CloudFormation adopts an existing resource only if its
 * name is a literal. Without credentials, the template works in any account.
 */
function callersEnvironment(): { env?: Environment } {
  const { CDK_DEFAULT_ACCOUNT: account, CDK_DEFAULT_REGION: region } = process.env;
  return account && region ? { env: { account, region } } : {};
}

/** One stack for each pipeline, or for each that the context value `pipelines` names. */
export class BifoldApp extends App {
  readonly stacks: readonly PipelineStack[];

  constructor({ pipelines, models, bundles, root, ...props }: BifoldAppProps) {
    super(props);
    const settings = readSettings(this.node);
    const code = functionCode(bundles, { ...settings, root });
    this.stacks = chosen(pipelines, settings.pipelines).map((pipeline) => {
      const { plan } = pipeline;
      return new PipelineStack(this, stackName(plan.name), {
        pipeline,
        topicId: readTopicId(this.node, plan.name, plan.topic),
        sourceTopicIds: readSources(this.node, plan),
        models,
        code,
        settings,
        ...callersEnvironment(),
        synthesizer: synthesizerOf(settings),
      });
    });
  }
}

/**
 * Code is published to the bucket of `cdk bootstrap`, with its roles; or to a given bucket, with
 * the caller's own rights.
 */
function synthesizerOf({ assetsBucket }: Settings): IStackSynthesizer {
  const synthesizer =
    assetsBucket === null
      ? new DefaultStackSynthesizer()
      : new CliCredentialsStackSynthesizer({ fileAssetsBucketName: assetsBucket });
  return synthesizer as IStackSynthesizer;
}

function chosen(pipelines: readonly Pipeline[], names: readonly string[] | null): readonly Pipeline[] {
  if (names === null) return pipelines;
  return names.map((name) => {
    const pipeline = pipelines.find(({ plan }) => plan.name === name);
    if (pipeline) return pipeline;
    throw new DeploymentError('BIFOLD_UNKNOWN_PIPELINE', {
      failed: 'a pipeline that is to be deployed does not exist',
      received: `"${name}"`,
      allowed: pipelines.map(({ plan }) => plan.name).join(', ') || 'none: layers/pipelines lists no pipeline',
      remedy: 'correct the context value "pipelines", or add the pipeline to the list in layers/pipelines/src/index.ts',
    });
  });
}
