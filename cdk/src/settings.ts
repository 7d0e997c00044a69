import type { Plan } from '@bifold/core/engine';
import type { Node } from 'constructs';
import { DeploymentError } from './errors.ts';

/**
 * All that differs between one deployment and another: AWS with a VPC, AWS without one, a laptop.
 * Values come from the context (`-c name=value`, or `context` in cdk.json); constructs read these
 * settings and know no environment.
 */
export interface Settings {
  /** Names of the pipelines to deploy; null means all that are defined. */
  readonly pipelines: readonly string[] | null;
  /**
   * A bucket for code, published with the caller's own rights; null means the bucket and roles of
   * `cdk bootstrap`.
   */
  readonly assetsBucket: string | null;
  readonly keyspace: string;
  /**
   * The bucket of the models, which pipelines share and no stack owns; null means
   * `bifold-models-<account>-<region>`.
   */
  readonly modelsBucket: string | null;
  readonly architecture: 'arm64' | 'x86_64';
  /**
   * Platform of the native packages, as npm names it: `linux-arm64` on AWS; of the machine itself
   * where functions run as its processes.
   */
  readonly nativePlatform: string;
  readonly kafka: {
    readonly brokersParameter: string;
    readonly secretName: string;
    readonly tls: boolean;
    readonly certificates: Certificates;
    /** A batch of the log that decodes to more MiB cannot be read; null is the default, 128. */
    readonly decodedMib: number | null;
  };
  readonly cassandra: {
    readonly contactPointsParameter: string;
    readonly localDataCenterParameter: string;
    readonly secretName: string | null;
    readonly tls: boolean;
    readonly certificates: Certificates;
  };
  /** How long a warm function keeps a secret; null is the default, five minutes. */
  readonly secretMaxAgeSeconds: number | null;
  readonly network: Network | null;
  readonly openApi: boolean;
  readonly schedules: {
    readonly enabled: boolean;
    readonly archive: string;
    readonly recompute: string;
    readonly sweep: string;
    readonly train: string;
  };
  /**
   * Whole seconds that the poller gathers records; null is Kafka's own default of 500 ms, which
   * cannot be written as a number.
   */
  readonly batchingWindowSeconds: number | null;
  /** How models are trained on a schedule; null: they are not. */
  readonly training: TrainingPackage | null;
  /** ARN of an SNS topic that is told of alarms; null: they are seen in CloudWatch alone. */
  readonly alarmTopic: string | null;
  readonly logLevel: string;
  readonly logRetentionDays: number;
  /**
   * A folder of HDFS that holds the archive, `hdfs://namenode:9870/folder`; null is a bucket of the
   * stack's own.
   */
  readonly archive: string | null;
  /**
   * `retain` keeps the bucket when the stack is destroyed; `delete` removes it, and fails while it
   * holds objects.
   */
  readonly archiveRemoval: 'retain' | 'delete';
}

/**
 * Where the Python function that learns has its libraries from, which are more than a function may
 * weigh: a zip in the bucket of the assets, fetched when it starts; a container image in ECR; or,
 * where functions run as processes of a machine, a folder of it.
 */
export type TrainingPackage =
  | { readonly kind: 'zip' }
  | {
      readonly kind: 'image';
      readonly account: string;
      readonly region: string;
      readonly repository: string;
      readonly tagOrDigest: string;
    }
  | { readonly kind: 'folder'; readonly path: string };

/** How servers prove themselves over TLS. */
interface Certificates {
  /**
   * A parameter that holds the certificate of the authority, as PEM; null trusts the authorities of
   * the system.
   */
  readonly caParameter: string | null;
  /** The name that certificates bear; null is the name or address that is connected to. */
  readonly serverName: string | null;
}

function readCertificates(context: Context, service: 'kafka' | 'cassandra'): Certificates {
  return {
    caParameter: context.optionalText(`${service}CaParameter`),
    serverName: context.optionalText(`${service}ServerName`),
  };
}

interface Network {
  readonly vpcId: string;
  readonly subnetIds: readonly string[];
  readonly securityGroupIds: readonly string[];
}

const LOG_LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'SILENT', 'CRITICAL'] as const;
/** What CloudWatch Logs accepts, in days. */
const LOG_RETENTIONS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];
const RATE = /^rate\((\d+) (minute|minutes|hour|hours|day|days)\)$/;
const HDFS = /^(s?web)?hdfs:\/\/[^/?#]+\/[^?#]*[^/?#]$/;
const SNS_TOPIC = /^arn:[a-z-]+:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_.-]+$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * @throws {DeploymentError} naming the context value, what came, and what is allowed.
 */
export function readSettings(node: Node): Settings {
  const context = new Context(node);
  const architecture = context.oneOf(
    'architecture',
    ['arm64', 'x86_64'],
    process.arch === 'arm64' ? 'arm64' : 'x86_64',
  );
  return {
    pipelines: context.list('pipelines'),
    assetsBucket: context.optionalText('assetsBucket'),
    keyspace: context.text('keyspace', 'bifold'),
    modelsBucket: context.optionalText('modelsBucket'),
    architecture,
    nativePlatform: context.text('nativePlatform', architecture === 'arm64' ? 'linux-arm64' : 'linux-x64'),
    kafka: {
      brokersParameter: context.text('kafkaBrokersParameter', '/bifold/kafka/brokers'),
      secretName: context.text('kafkaSecretName', 'bifold/kafka'),
      tls: context.flag('kafkaTls', true),
      certificates: readCertificates(context, 'kafka'),
      decodedMib: context.optionalWhole('kafkaDecodedMib', 1, 1_024),
    },
    cassandra: {
      contactPointsParameter: context.text('cassandraContactPointsParameter', '/bifold/cassandra/contact-points'),
      localDataCenterParameter: context.text(
        'cassandraLocalDataCenterParameter',
        '/bifold/cassandra/local-data-center',
      ),
      secretName: context.optionalText('cassandraSecretName'),
      tls: context.flag('cassandraTls', true),
      certificates: readCertificates(context, 'cassandra'),
    },
    secretMaxAgeSeconds: context.optionalWhole('secretMaxAgeSeconds', 0, 86_400),
    network: readNetwork(context),
    openApi: context.flag('openApi', false),
    schedules: {
      enabled: context.flag('schedules', true),
      archive: context.rate('archiveRate', 'rate(1 minute)'),
      recompute: context.rate('recomputeRate', 'rate(5 minutes)'),
      sweep: context.rate('sweepRate', 'rate(15 minutes)'),
      train: context.rate('trainRate', 'rate(1 day)'),
    },
    batchingWindowSeconds: context.optionalWhole('batchingWindowSeconds', 0, 300),
    training: readTraining(context),
    alarmTopic: context.matching('alarmTopic', SNS_TOPIC, 'the ARN of an SNS topic'),
    logLevel: context.oneOf('logLevel', LOG_LEVELS, 'INFO'),
    logRetentionDays: context.oneNumberOf('logRetentionDays', LOG_RETENTIONS, 14),
    archive: context.matching('archive', HDFS, 'hdfs://host:port/folder, the port that of WebHDFS'),
    archiveRemoval: context.oneOf('archiveRemoval', ['retain', 'delete'], 'retain'),
  };
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
 * The ids of the topics that a relay brings into the pipeline's log. `-c
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

function readTraining(context: Context): TrainingPackage | null {
  const value = context.optionalText('training');
  if (value === null) return null;
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

/**
 * Context values, which are text when they come from a command line and anything when they come
 * from a file.
 */
class Context {
  private readonly node: Node;

  constructor(node: Node) {
    this.node = node;
  }

  private value(name: string): unknown {
    const value: unknown = this.node.tryGetContext(name);
    return value === '' || value === null ? undefined : value;
  }

  optionalText(name: string): string | null {
    const value = this.value(name);
    if (value === undefined) return null;
    if (typeof value === 'string') return value;
    return refuse(name, value, 'text');
  }

  text(name: string, fallback: string): string {
    return this.optionalText(name) ?? fallback;
  }

  matching(name: string, pattern: RegExp, allowed: string): string | null {
    const value = this.optionalText(name);
    return value === null || pattern.test(value) ? value : refuse(name, value, allowed);
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.value(name) ?? fallback;
    if (value === true || value === 'true') return true;
    if (value === false || value === 'false') return false;
    return refuse(name, value, 'true, false');
  }

  oneOf<const T extends string>(name: string, allowed: readonly T[], fallback: T): T {
    const value = this.value(name) ?? fallback;
    return allowed.find((one) => one === value) ?? refuse(name, value, allowed.join(', '));
  }

  oneNumberOf(name: string, allowed: readonly number[], fallback: number): number {
    const value = Number(this.value(name) ?? fallback);
    return allowed.includes(value) ? value : refuse(name, this.value(name), allowed.join(', '));
  }

  optionalWhole(name: string, least: number, most: number): number | null {
    const value = this.value(name);
    if (value === undefined) return null;
    const number = Number(value);
    if (Number.isInteger(number) && number >= least && number <= most) return number;
    return refuse(name, value, `a whole number from ${least} to ${most}`);
  }

  list(name: string): readonly string[] | null {
    const value = this.value(name);
    if (value === undefined) return null;
    const parts: unknown[] = typeof value === 'string' ? value.split(',').map((part) => part.trim()) : [value].flat();
    const texts = parts.filter((part): part is string => typeof part === 'string' && part !== '');
    return texts.length === parts.length && texts.length > 0
      ? texts
      : refuse(name, value, 'names separated by commas, or a list of texts');
  }

  map(name: string): Readonly<Record<string, unknown>> {
    const value = this.value(name) ?? {};
    const parsed: unknown = typeof value === 'string' ? parseJson(value) : value;
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return { ...parsed };
    return refuse(name, value, 'a JSON object');
  }

  rate(name: string, fallback: string): string {
    const value = this.value(name) ?? fallback;
    const match = typeof value === 'string' ? RATE.exec(value) : null;
    if (match && Number(match[1]) >= 1 && (Number(match[1]) === 1) !== match[2]?.endsWith('s')) return match[0];
    return refuse(name, value, 'as EventBridge writes it: rate(1 minute), rate(5 minutes), rate(1 hour), ...');
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refuse(name: string, value: unknown, allowed: string): never {
  throw new DeploymentError('BIFOLD_BAD_CONTEXT', {
    failed: `context value "${name}" cannot be used`,
    received: JSON.stringify(value) ?? String(value),
    allowed,
    remedy: `correct it in cdk.json, or with -c ${name}=...`,
  });
}
