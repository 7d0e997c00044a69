import type { Plan } from '@bifold/core/engine';
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Architecture } from 'aws-cdk-lib/aws-lambda';
import type { Node } from 'constructs';
import {
  type BifoldPipelineProps,
  type CassandraProps,
  type KafkaProps,
  LOG_LEVELS,
  type ScheduleProps,
  type TlsProps,
  type TrainingPackage,
} from '../constructs/index.ts';
import { DeploymentError } from '../errors.ts';
import { Context, parseJson, refuse } from './context.ts';

/**
 * The settings of a deployment: everything that differs between AWS with a VPC, AWS without one,
 * and a laptop. Values come from the context (`-c name=value`, or `context` in cdk.json). Missing
 * values have the defaults of the constructs.
 */
export interface Settings {
  /** `pipelines`: names of the pipelines to deploy; null means all that are defined. */
  readonly pipelines: readonly string[] | null;
  /**
   * `assetsBucket`: a bucket for code, published with the caller's own rights; null means the
   * bucket and roles of `cdk bootstrap`.
   */
  readonly assetsBucket: string | null;
  /** `architecture`: `arm64` or `x86_64`; that of this machine by default. */
  readonly architecture: Architecture;
  /** `nativePlatform`: set if functions run as processes of this machine. */
  readonly nativePlatform: string | undefined;
  /** `vpcId`, `subnetIds` and `securityGroupIds`; null means no VPC. */
  readonly network: Network | null;
  /**
   * `openApi`: whether the API accepts unsigned requests. By default, callers sign their requests.
   */
  readonly openApi: boolean;
  /** `alarmTopic`: the ARN of an SNS topic to which alarms are sent. */
  readonly alarmTopicArn: string | null;
  /** Props of the constructs, as the context gives them. */
  readonly props: PropsOfContext;
}

type PropsOfContext = Pick<
  BifoldPipelineProps,
  | 'archiveFolder'
  | 'archiveRemovalPolicy'
  | 'cassandra'
  | 'kafka'
  | 'logLevel'
  | 'logRetention'
  | 'modelsBucketName'
  | 'schedules'
  | 'secretMaxAge'
  | 'training'
>;

interface Network {
  readonly vpcId: string;
  readonly subnetIds: readonly string[];
  readonly securityGroupIds: readonly string[];
}

/** The retention periods that CloudWatch Logs accepts, in days. */
const LOG_RETENTIONS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];
const HDFS = /^(s?web)?hdfs:\/\/[^/?#]+\/[^?#]*[^/?#]$/;
const SNS_TOPIC = /^arn:[a-z-]+:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_.-]+$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * @throws {DeploymentError} that names the context value, the received and the allowed ones
 */
export function readSettings(node: Node): Settings {
  const context = new Context(node);
  const machine = process.arch === 'arm64' ? 'arm64' : 'x86_64';
  const architecture = context.oneOf('architecture', ['arm64', 'x86_64'], machine);
  return {
    pipelines: context.list('pipelines') ?? null,
    assetsBucket: context.optionalText('assetsBucket') ?? null,
    architecture: architecture === 'arm64' ? Architecture.ARM_64 : Architecture.X86_64,
    nativePlatform: context.optionalText('nativePlatform'),
    network: readNetwork(context),
    openApi: context.flag('openApi', false),
    alarmTopicArn: context.matching('alarmTopic', SNS_TOPIC, 'the ARN of an SNS topic') ?? null,
    props: {
      archiveFolder: context.matching('archive', HDFS, 'hdfs://host:port/folder, the port that of WebHDFS'),
      archiveRemovalPolicy: readArchiveRemoval(context),
      cassandra: readCassandra(context),
      kafka: readKafka(context),
      logLevel: context.oneOf('logLevel', LOG_LEVELS, 'INFO'),
      logRetention: context.oneNumberOf('logRetentionDays', LOG_RETENTIONS, 14),
      modelsBucketName: context.optionalText('modelsBucket'),
      schedules: readSchedules(context),
      secretMaxAge: readSeconds(context, 'secretMaxAgeSeconds', 86_400),
      training: readTraining(context),
    },
  };
}

function readKafka(context: Context): KafkaProps {
  return {
    brokersParameter: context.optionalText('kafkaBrokersParameter'),
    secretName: context.optionalText('kafkaSecretName'),
    decodedMib: context.optionalWhole('kafkaDecodedMib', 1, 1_024),
    batchingWindow: readSeconds(context, 'batchingWindowSeconds', 300),
    ...readTls(context, 'kafka'),
  };
}

function readCassandra(context: Context): CassandraProps {
  return {
    keyspace: context.optionalText('keyspace'),
    contactPointsParameter: context.optionalText('cassandraContactPointsParameter'),
    localDataCenterParameter: context.optionalText('cassandraLocalDataCenterParameter'),
    secretName: context.optionalText('cassandraSecretName'),
    ...readTls(context, 'cassandra'),
  };
}

function readTls(context: Context, service: 'kafka' | 'cassandra'): TlsProps {
  return {
    tls: context.flag(`${service}Tls`, true),
    caParameter: context.optionalText(`${service}CaParameter`),
    serverName: context.optionalText(`${service}ServerName`),
  };
}

function readSchedules(context: Context): ScheduleProps {
  return {
    enabled: context.flag('schedules', true),
    archive: context.optionalSchedule('archiveRate'),
    recompute: context.optionalSchedule('recomputeRate'),
    sweep: context.optionalSchedule('sweepRate'),
    train: context.optionalSchedule('trainRate'),
  };
}

function readArchiveRemoval(context: Context): RemovalPolicy {
  const removal = context.oneOf('archiveRemoval', ['retain', 'delete'], 'retain');
  return removal === 'retain' ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
}

function readSeconds(context: Context, name: string, most: number): Duration | undefined {
  const seconds = context.optionalWhole(name, 0, most);
  return seconds === undefined ? undefined : Duration.seconds(seconds);
}

/**
 * The id of the topic that a pipeline is bound to. `-c topicId:<pipeline>=<uuid>`, or `-c
 * topicId='{"<pipeline>": "<uuid>"}'`. It has no default: an invented one would fold the offsets of
 * one topic into the state of another.
 */
export function readTopicId(node: Node, pipeline: string, topic: string): string {
  const map = new Context(node).map('topicId');
  const value: unknown = node.tryGetContext(`topicId:${pipeline}`) ?? map[pipeline];
  if (typeof value === 'string' && UUID.test(value)) return value;
  throw new DeploymentError('BIFOLD_NO_TOPIC_ID', {
    failed: `pipeline "${pipeline}" is not bound to the id of topic "${topic}"`,
    received: value === undefined ? 'no context value "topicId"' : JSON.stringify(value),
    allowed: 'the id of the topic, a UUID in lower case',
    remedy: `run \`npx bifold deploy ${pipeline}\`, which asks the broker, or give -c topicId:${pipeline}=<uuid>`,
  });
}

/**
 * The ids of the topics that a relay copies into the pipeline's log. `-c
 * sources:<pipeline>='{"<topic>": "<uuid>"}'`, or `-c sources='{"<pipeline>": {"<topic>":
 * "<uuid>"}}'`. They have no default either.
 */
export function readSources(node: Node, { name, relay }: Plan): Readonly<Record<string, string>> {
  if (relay === undefined) return {};
  const given = { ...asMap(new Context(node).map('sources')[name]), ...asMap(node.tryGetContext(`sources:${name}`)) };
  return Object.fromEntries(
    relay.sources.map(({ topic }) => {
      const value = given[topic];
      if (typeof value === 'string' && UUID.test(value)) return [topic, value];
      throw new DeploymentError('BIFOLD_NO_TOPIC_ID', {
        failed: `the relay of pipeline "${name}" is not bound to the id of topic "${topic}"`,
        received: value === undefined ? 'no context value "sources" that names it' : JSON.stringify(value),
        allowed: 'the id of the topic, a UUID in lower case',
        remedy: `run \`npx bifold deploy ${name}\`, which asks the broker, or give -c sources:${name}='{"${topic}": "<uuid>"}'`,
      });
    }),
  );
}

function asMap(value: unknown): Readonly<Record<string, unknown>> {
  const parsed = typeof value === 'string' ? parseJson(value) : value;
  return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? { ...parsed } : {};
}

const IMAGE =
  /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?\/([a-z0-9][a-z0-9._/-]*)(?::([A-Za-z0-9_][\w.-]*)|@(sha256:[0-9a-f]{64}))$/;

function readTraining(context: Context): TrainingPackage | undefined {
  const value = context.optionalText('training');
  if (value === undefined) return undefined;
  if (value === 'zip') return { kind: 'zip' };
  if (value.startsWith('/')) return { kind: 'folder', path: value };
  const [, account, region, repository, tag, digest] = IMAGE.exec(value) ?? [];
  const tagOrDigest = tag ?? digest;
  if (account !== undefined && region !== undefined && repository !== undefined && tagOrDigest !== undefined)
    return { kind: 'image', account, region, repository, tagOrDigest };
  return refuse(
    'training',
    value,
    'zip; <account>.dkr.ecr.<region>.amazonaws.com/<repository>:<tag>; or a folder, /...',
  );
}

function readNetwork(context: Context): Network | null {
  const vpcId = context.optionalText('vpcId');
  const subnetIds = context.list('subnetIds');
  const securityGroupIds = context.list('securityGroupIds');
  if (!vpcId && !subnetIds && !securityGroupIds) return null;
  if (vpcId && subnetIds && securityGroupIds) return { vpcId, subnetIds, securityGroupIds };
  throw new DeploymentError('BIFOLD_BAD_NETWORK', {
    failed: 'the functions cannot be placed in a VPC',
    received: JSON.stringify({ vpcId, subnetIds, securityGroupIds }),
    allowed: 'vpcId, subnetIds and securityGroupIds together, or none of them',
    remedy: 'give all three, lists separated by commas',
  });
}
