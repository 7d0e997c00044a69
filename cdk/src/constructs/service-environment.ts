import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';
import { secretArn } from '../permissions/statements.ts';
import type { CassandraProps, KafkaProps, PipelineProps, TlsProps } from './pipeline-props.ts';

/**
 * A service that functions call. It adds its addresses to the environment, and the right to read
 * its secret.
 */
export type Service = 'kafka' | 'cassandra';

const KAFKA_SECRET = 'bifold/kafka';

export const kafkaSecretName = ({ secretName = KAFKA_SECRET }: KafkaProps = {}): string => secretName;

/** The addresses of the brokers, separated by commas, read when the stack is deployed. */
export function kafkaBrokers(
  scope: Construct,
  { brokersParameter = '/bifold/kafka/brokers' }: KafkaProps = {},
): string {
  return StringParameter.valueForStringParameter(scope, brokersParameter);
}

/** Names of the secrets that a function reads. */
export function secretsOf({ kafka, cassandra }: PipelineProps, calls: readonly Service[]): readonly string[] {
  return [
    ...(calls.includes('kafka') ? [kafkaSecretName(kafka)] : []),
    ...(calls.includes('cassandra') && cassandra?.secretName !== undefined ? [cassandra.secretName] : []),
  ];
}

/** Environment variables with the settings of the services that a function calls. */
export function serviceEnvironment(
  scope: Construct,
  { kafka, cassandra }: PipelineProps,
  calls: readonly Service[],
): Record<string, string> {
  return {
    ...(calls.includes('cassandra') ? cassandraEnvironment(scope, cassandra) : {}),
    ...(calls.includes('kafka') ? kafkaEnvironment(scope, kafka) : {}),
  };
}

function kafkaEnvironment(scope: Construct, kafka: KafkaProps = {}): Record<string, string> {
  return {
    KAFKA_BROKERS: kafkaBrokers(scope, kafka),
    KAFKA_SECRET_ARN: secretArn(scope, kafkaSecretName(kafka)),
    ...tlsEnvironment(scope, 'KAFKA', kafka),
    ...(kafka.decodedMib === undefined ? {} : { KAFKA_DECODED_MIB: String(kafka.decodedMib) }),
  };
}

function cassandraEnvironment(scope: Construct, cassandra: CassandraProps = {}): Record<string, string> {
  const {
    keyspace = 'bifold',
    contactPointsParameter = '/bifold/cassandra/contact-points',
    localDataCenterParameter = '/bifold/cassandra/local-data-center',
    secretName,
  } = cassandra;
  return {
    BIFOLD_KEYSPACE: keyspace,
    CASSANDRA_CONTACT_POINTS: StringParameter.valueForStringParameter(scope, contactPointsParameter),
    CASSANDRA_LOCAL_DC: StringParameter.valueForStringParameter(scope, localDataCenterParameter),
    ...tlsEnvironment(scope, 'CASSANDRA', cassandra),
    ...(secretName === undefined ? {} : { CASSANDRA_SECRET_ARN: secretArn(scope, secretName) }),
  };
}

function tlsEnvironment(
  scope: Construct,
  service: 'KAFKA' | 'CASSANDRA',
  { tls = true, caParameter, serverName }: TlsProps,
): Record<string, string> {
  return {
    [`${service}_TLS`]: String(tls),
    ...(caParameter === undefined
      ? {}
      : { [`${service}_CA`]: StringParameter.valueForStringParameter(scope, caParameter) }),
    ...(serverName === undefined ? {} : { [`${service}_SERVER_NAME`]: serverName }),
  };
}
