import type { Pipeline } from '@bifold/core';
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { Schedule } from 'aws-cdk-lib/aws-events';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Duration } from 'aws-cdk-lib/core';
import type { FunctionCode } from '../bundling/function-code.ts';

/** The properties that all constructs of one pipeline share. */
export interface PipelineProps {
  /** The pipeline, as `definePipeline` returns it. */
  readonly pipeline: Pipeline;
  /**
   * The id that Kafka gave the pipeline's topic, a UUID. It has no default: an invented one would
   * fold the offsets of one topic into the state of another.
   */
  readonly topicId: string;
  /** The code of the functions: `await bundleFunctions({ root })`. */
  readonly code: FunctionCode;
  /**
   * The connection of the functions to Kafka. @default - SSM parameter `/bifold/kafka/brokers`,
   * secret `bifold/kafka`, TLS
   */
  readonly kafka?: KafkaProps | undefined;
  /**
   * The connection of the functions to Cassandra. @default - SSM parameters below
   * `/bifold/cassandra/`, no secret, TLS
   */
  readonly cassandra?: CassandraProps | undefined;
  /** The network of functions and pollers. @default - in no VPC */
  readonly network?: PipelineNetwork | undefined;
  /**
   * A folder of HDFS that holds the archive, `hdfs://namenode:9870/folder`.
   * @default - a bucket that the batch layer creates
   */
  readonly archiveFolder?: string | undefined;
  /**
   * The bucket of the models, which pipelines share and no stack owns.
   * @default `bifold-models-<account>-<region>`
   */
  readonly modelsBucketName?: string | undefined;
  /**
   * The topic that alarms are sent to.
   * @default - none: alarms show in CloudWatch alone
   */
  readonly alarmTopic?: ITopic | undefined;
  /**
   * The least severe level that functions log.
   * @default 'INFO'
   */
  readonly logLevel?: LogLevel | undefined;
  /** @default RetentionDays.TWO_WEEKS */
  readonly logRetention?: RetentionDays | undefined;
  /** The time for which a warm function caches a secret. @default Duration.minutes(5) */
  readonly secretMaxAge?: Duration | undefined;
}

export const LOG_LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'SILENT', 'CRITICAL'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The verification of server certificates for TLS connections. */
export interface TlsProps {
  /** @default true */
  readonly tls?: boolean | undefined;
  /**
   * An SSM parameter that holds the certificate of the authority, as PEM.
   * @default - the authorities of the system
   */
  readonly caParameter?: string | undefined;
  /**
   * The name that certificates must contain.
   * @default - the name or address that is connected to
   */
  readonly serverName?: string | undefined;
}

/** The Kafka cluster that holds the topics. */
export interface KafkaProps extends TlsProps {
  /**
   * An SSM parameter that holds the addresses of the brokers, separated by commas.
   * @default '/bifold/kafka/brokers'
   */
  readonly brokersParameter?: string | undefined;
  /**
   * A secret with `username` and `password`, for SASL/SCRAM-SHA-512.
   * @default 'bifold/kafka'
   */
  readonly secretName?: string | undefined;
  /**
   * A batch of the log that decodes to more MiB than this is refused.
   * @default 128
   */
  readonly decodedMib?: number | undefined;
  /**
   * Whole seconds for which a poller gathers records.
   * @default - the 500 ms of Lambda, which no number of seconds can say
   */
  readonly batchingWindow?: Duration | undefined;
}

/** The Cassandra cluster that holds views, progress and operator state. */
export interface CassandraProps extends TlsProps {
  /** @default 'bifold' */
  readonly keyspace?: string | undefined;
  /**
   * An SSM parameter that holds contact points, separated by commas.
   * @default '/bifold/cassandra/contact-points'
   */
  readonly contactPointsParameter?: string | undefined;
  /**
   * An SSM parameter that holds the name of the local data center.
   * @default '/bifold/cassandra/local-data-center'
   */
  readonly localDataCenterParameter?: string | undefined;
  /**
   * A secret with `username` and `password`.
   * @default - functions connect without credentials
   */
  readonly secretName?: string | undefined;
}

/** Subnets of a VPC, from which Kafka and Cassandra can be reached. */
export interface PipelineNetwork {
  readonly vpc: IVpc;
  readonly vpcSubnets: SubnetSelection;
  /** The pollers of Kafka use the first one. */
  readonly securityGroups: ISecurityGroup[];
}

/** The schedules of the functions of a pipeline. */
export interface ScheduleProps {
  /** @default true */
  readonly enabled?: boolean | undefined;
  /** @default Schedule.rate(Duration.minutes(1)) */
  readonly archive?: Schedule | undefined;
  /** @default Schedule.rate(Duration.minutes(5)) */
  readonly recompute?: Schedule | undefined;
  /** @default Schedule.rate(Duration.minutes(15)) */
  readonly sweep?: Schedule | undefined;
  /** @default Schedule.rate(Duration.days(1)) */
  readonly train?: Schedule | undefined;
}
