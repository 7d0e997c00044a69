import { Duration, RemovalPolicy, Size } from 'aws-cdk-lib';
import { PolicyDocument, type PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Code,
  type FunctionProps,
  type ILayerVersion,
  Function as LambdaFunction,
  LoggingFormat,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { DeploymentError } from '../errors.ts';
import { type BundledRole, functionName } from '../names.ts';
import { readSecret, sendTo, useNetwork, writeLogs } from '../permissions/statements.ts';
import { type NativeLayer, RUNTIME } from './native-layer.ts';
import type { PipelineProps } from './pipeline-props.ts';
import { type Service, secretsOf, serviceEnvironment } from './service-environment.ts';

/** The Node options of every function, unless its own `environment` has others. */
export const NODE_OPTIONS = '--enable-source-maps';

export interface PipelineFunctionProps extends PipelineProps {
  readonly role: BundledRole;
  readonly description: string;
  readonly memorySizeMiB: number;
  readonly timeout: Duration;
  readonly scratchSizeMiB?: number;
  readonly calls: readonly Service[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly statements?: readonly PolicyStatement[];
  readonly nativeLayer?: NativeLayer;
  readonly deadLetterQueue?: IQueue;
}

/**
 * A function of a pipeline, with a role that has only the listed rights, and a log group with a
 * retention period.
 */
export class PipelineFunction extends Construct {
  readonly lambda: LambdaFunction;

  constructor(scope: Construct, id: string, props: PipelineFunctionProps) {
    super(scope, id);
    const { code, role, deadLetterQueue, nativeLayer, network } = props;
    const { plan } = props.pipeline;
    const name = functionName(plan.name, role);
    const bundle = code.bundles[role];
    if (bundle.native && nativeLayer === undefined) {
      throw new DeploymentError('BIFOLD_NATIVE_MISPLACED', {
        failed: `function "${role}" cannot find DuckDB`,
        received: 'a bundle that imports it, and no layer that holds it',
        allowed: 'functions with the native layer: archive, recompute, train',
        remedy: `look for the import below functions/src/${role}/handler.ts: it also costs every cold start`,
      });
    }

    this.lambda = new LambdaFunction(this, 'Function', {
      functionName: name,
      description: props.description,
      runtime: RUNTIME,
      architecture: code.architecture,
      handler: 'index.handler',
      code: Code.fromAsset(bundle.folder),
      layers: nativeLayer === undefined ? [] : [nativeLayer as ILayerVersion],
      memorySize: props.memorySizeMiB,
      timeout: props.timeout,
      ephemeralStorageSize: Size.mebibytes(props.scratchSizeMiB ?? 512),
      ...logsAndRights(this, name, props, [
        ...secretsOf(props, props.calls).map((secret) => readSecret(this, secret)),
        ...(deadLetterQueue ? [sendTo(deadLetterQueue.queueArn)] : []),
        ...(props.statements ?? []),
      ]),
      environment: environmentOf(this, props),
      ...(deadLetterQueue ? { deadLetterQueue, retryAttempts: 2, maxEventAge: Duration.hours(1) } : {}),
      ...network,
    });
  }
}

function environmentOf(scope: Construct, props: PipelineFunctionProps): Record<string, string> {
  const { pipeline, topicId, role, logLevel = 'INFO', secretMaxAge } = props;
  return {
    BIFOLD_PIPELINE: pipeline.plan.name,
    BIFOLD_VERSION: pipeline.plan.version,
    BIFOLD_TOPIC_ID: topicId,
    POWERTOOLS_SERVICE_NAME: `bifold-${role}`,
    POWERTOOLS_METRICS_NAMESPACE: 'Bifold',
    POWERTOOLS_LOG_LEVEL: logLevel,
    NODE_OPTIONS,
    ...(secretMaxAge === undefined ? {} : { SECRET_MAX_AGE_SECONDS: String(secretMaxAge.toSeconds()) }),
    ...serviceEnvironment(scope, props, props.calls),
    ...props.environment,
  };
}

/**
 * The common parts of every function: a log group with a retention period, and a role. The role has
 * the given rights, and those for logs and network interfaces. It accepts no other rights.
 */
export function logsAndRights(
  scope: Construct,
  name: string,
  { logRetention = RetentionDays.TWO_WEEKS, network }: Pick<PipelineProps, 'logRetention' | 'network'>,
  statements: readonly PolicyStatement[],
): Pick<FunctionProps, 'role' | 'logGroup' | 'loggingFormat'> {
  const logGroup = new LogGroup(scope, 'Logs', {
    logGroupName: `/aws/lambda/${name}`,
    retention: logRetention,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const role = new Role(scope, 'Role', {
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    inlinePolicies: {
      rights: new PolicyDocument({
        statements: [writeLogs(logGroup.logGroupArn), ...useNetwork(network), ...statements],
      }),
    },
  });
  // Ignore grants that CDK constructs add; only the statements above apply.
  return { role: role.withoutPolicyUpdates(), logGroup, loggingFormat: LoggingFormat.TEXT };
}
