import type { Plan } from '@bifold/core/engine';
import type { ModelDefinition } from '@bifold/models';
import { Duration, RemovalPolicy, Size } from 'aws-cdk-lib';
import { type ISecurityGroup, type IVpc, SecurityGroup, Subnet, type SubnetSelection, Vpc } from 'aws-cdk-lib/aws-ec2';
import { PolicyDocument, type PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Code,
  type FunctionProps,
  type ILayerVersion,
  Function as LambdaFunction,
  LoggingFormat,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import type { Bundles } from './bundle.ts';
import { DeploymentError } from './errors.ts';
import { type BundledRole, functionName } from './names.ts';
import type { NativeLayer, NativePackages } from './native-layer.ts';
import { readSecret, secretArn, sendTo, useNetwork, writeLogs } from './permissions.ts';
import { architectureOf, RUNTIME } from './runtime.ts';
import type { Settings } from './settings.ts';

/** Of every function, unless its own `environment` says more. */
export const NODE_OPTIONS = '--enable-source-maps';

/** What all constructs of one pipeline are made from. */
export interface PipelineProps {
  readonly plan: Plan;
  readonly topicId: string;
  readonly settings: Settings;
  readonly bundles: Bundles;
  readonly nativePackages: NativePackages;
  /** The root of the checkout. */
  readonly root: string;
  /** Models that learn from the pipeline's archive. */
  readonly trained: readonly ModelDefinition[];
}

export interface PipelineFunctionProps extends PipelineProps {
  readonly role: BundledRole;
  readonly description: string;
  readonly memorySizeMiB: number;
  readonly timeout: Duration;
  readonly scratchSizeMiB?: number;
  /**
   * The services that it calls: each brings its addresses, its secret, and the right to read that
   * secret.
   */
  readonly calls: readonly ('kafka' | 'cassandra')[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly statements?: readonly PolicyStatement[];
  readonly nativeLayer?: NativeLayer;
  readonly deadLetterQueue?: IQueue;
}

/**
 * A function of a pipeline, with a role that holds the written rights and takes no others, and a
 * log group that forgets.
 */
export class PipelineFunction extends Construct {
  readonly lambda: LambdaFunction;

  constructor(scope: Construct, id: string, props: PipelineFunctionProps) {
    super(scope, id);
    const { plan, settings, role, deadLetterQueue } = props;
    const name = functionName(plan.name, role);
    const bundle = props.bundles[role];
    if (bundle.native && !props.nativeLayer) {
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
      architecture: architectureOf(settings),
      handler: 'index.handler',
      code: Code.fromAsset(bundle.folder),
      layers: props.nativeLayer ? [props.nativeLayer as ILayerVersion] : [],
      memorySize: props.memorySizeMiB,
      timeout: props.timeout,
      ephemeralStorageSize: Size.mebibytes(props.scratchSizeMiB ?? 512),
      ...logsAndRights(this, name, settings, [
        ...secretsOf(settings, props.calls).map((secret) => readSecret(this, secret)),
        ...(deadLetterQueue ? [sendTo(deadLetterQueue.queueArn)] : []),
        ...(props.statements ?? []),
      ]),
      environment: {
        BIFOLD_PIPELINE: plan.name,
        BIFOLD_VERSION: plan.version,
        BIFOLD_TOPIC_ID: props.topicId,
        POWERTOOLS_SERVICE_NAME: `bifold-${role}`,
        POWERTOOLS_METRICS_NAMESPACE: 'Bifold',
        POWERTOOLS_LOG_LEVEL: settings.logLevel,
        NODE_OPTIONS,
        ...(settings.secretMaxAgeSeconds === null
          ? {}
          : { SECRET_MAX_AGE_SECONDS: String(settings.secretMaxAgeSeconds) }),
        ...(props.calls.includes('cassandra') ? cassandraEnvironment(this, settings) : {}),
        ...(props.calls.includes('kafka') ? kafkaEnvironment(this, settings) : {}),
        ...props.environment,
      },
      ...(deadLetterQueue ? { deadLetterQueue, retryAttempts: 2, maxEventAge: Duration.hours(1) } : {}),
      ...networkOf(this, settings),
    });
  }
}

/**
 * What every function has: a log group that forgets, and a role that holds these rights beside
 * those to write there and to be placed, and takes no others.
 */
export function logsAndRights(
  scope: Construct,
  name: string,
  settings: Settings,
  statements: readonly PolicyStatement[],
): Pick<FunctionProps, 'role' | 'logGroup' | 'loggingFormat'> {
  const logGroup = new LogGroup(scope, 'Logs', {
    logGroupName: `/aws/lambda/${name}`,
    retention: settings.logRetentionDays as RetentionDays,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const role = new Role(scope, 'Role', {
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    inlinePolicies: {
      rights: new PolicyDocument({
        statements: [writeLogs(logGroup.logGroupArn), ...useNetwork(settings), ...statements],
      }),
    },
  });
  // Ignore grants that CDK constructs add; only the statements above apply.
  return { role: role.withoutPolicyUpdates(), logGroup, loggingFormat: LoggingFormat.TEXT };
}

function secretsOf(settings: Settings, calls: readonly ('kafka' | 'cassandra')[]): readonly string[] {
  const { secretName } = settings.cassandra;
  return [
    ...(calls.includes('kafka') ? [settings.kafka.secretName] : []),
    ...(calls.includes('cassandra') && secretName !== null ? [secretName] : []),
  ];
}

function kafkaEnvironment(scope: Construct, settings: Settings): Record<string, string> {
  return {
    KAFKA_BROKERS: StringParameter.valueForStringParameter(scope, settings.kafka.brokersParameter),
    KAFKA_SECRET_ARN: secretArn(scope, settings.kafka.secretName),
    KAFKA_TLS: String(settings.kafka.tls),
    ...certificateEnvironment(scope, 'KAFKA', settings.kafka.certificates),
    ...(settings.kafka.decodedMib === null ? {} : { KAFKA_DECODED_MIB: String(settings.kafka.decodedMib) }),
  };
}

function cassandraEnvironment(scope: Construct, settings: Settings): Record<string, string> {
  const { contactPointsParameter, localDataCenterParameter, secretName, tls, certificates } = settings.cassandra;
  return {
    BIFOLD_KEYSPACE: settings.keyspace,
    CASSANDRA_CONTACT_POINTS: StringParameter.valueForStringParameter(scope, contactPointsParameter),
    CASSANDRA_LOCAL_DC: StringParameter.valueForStringParameter(scope, localDataCenterParameter),
    CASSANDRA_TLS: String(tls),
    ...certificateEnvironment(scope, 'CASSANDRA', certificates),
    ...(secretName === null ? {} : { CASSANDRA_SECRET_ARN: secretArn(scope, secretName) }),
  };
}

function certificateEnvironment(
  scope: Construct,
  service: 'KAFKA' | 'CASSANDRA',
  { caParameter, serverName }: Settings['kafka']['certificates'],
): Record<string, string> {
  return {
    ...(caParameter === null ? {} : { [`${service}_CA`]: StringParameter.valueForStringParameter(scope, caParameter) }),
    ...(serverName === null ? {} : { [`${service}_SERVER_NAME`]: serverName }),
  };
}

/**
 * Where functions and pollers are placed: in the subnets and security groups of the settings, or in
 * no VPC.
 */
export function networkOf(
  scope: Construct,
  { network }: Settings,
): { vpc?: IVpc; vpcSubnets?: SubnetSelection; securityGroups?: ISecurityGroup[] } {
  if (network === null) return {};
  return {
    vpc: Vpc.fromVpcAttributes(scope, 'Vpc', {
      vpcId: network.vpcId,
      // Needed by constructs that spread over zones; a function is given its subnets by id, so
      // their zones are never asked for.
      availabilityZones: network.subnetIds.map((_, index) => `zone-${index}`),
      privateSubnetIds: [...network.subnetIds],
    }),
    vpcSubnets: { subnets: network.subnetIds.map((id) => Subnet.fromSubnetId(scope, `Subnet-${id}`, id)) },
    securityGroups: network.securityGroupIds.map((id) =>
      // Mutable imports would write rules into a group that is not ours.
      SecurityGroup.fromSecurityGroupId(scope, `SecurityGroup-${id}`, id, { mutable: false }),
    ),
  };
}
