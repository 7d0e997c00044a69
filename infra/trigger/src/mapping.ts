import type { EventSourceMappingConfiguration } from '@aws-sdk/client-lambda';
import { TriggerError } from './errors.ts';

/**
 * The start of a consumer group without committed offsets. A group with offsets continues from
 * them, as on AWS.
 */
type StartingPosition =
  | { readonly kind: 'trim-horizon' }
  | { readonly kind: 'latest' }
  | { readonly kind: 'at-timestamp'; readonly timestampMs: number };

export type SaslMechanism = 'scram-sha-512' | 'scram-sha-256' | 'plain';

/**
 * A secret in Secrets Manager with `{"username": ..., "password": ...}`, and the SASL mechanism.
 */
interface Authentication {
  readonly mechanism: SaslMechanism;
  readonly secretId: string;
}

/** A Kafka event source mapping that this trigger runs. */
export interface KafkaMapping {
  readonly kind: 'kafka';
  readonly uuid: string;
  /** The ARN, which is qualified if the mapping is on an alias or version. */
  readonly functionArn: string;
  readonly topic: string;
  readonly bootstrapServers: readonly string[];
  readonly groupId: string;
  readonly startingPosition: StartingPosition;
  readonly batchSizeMax: number;
  readonly windowMs: number;
  readonly authentication: Authentication | null;
  readonly enabled: boolean;
}

/**
 * A Kafka mapping with an option that this trigger does not support. It is shown in the state, and
 * does not run.
 */
export interface RefusedMapping {
  readonly kind: 'refused';
  readonly uuid: string;
  readonly functionArn: string;
  readonly code: string;
  readonly reason: string;
}

/** A mapping of another source (SQS, streams), which this trigger ignores. */
interface ForeignMapping {
  readonly kind: 'foreign';
}

export type Mapping = KafkaMapping | RefusedMapping | ForeignMapping;

const batchSizeDefault = 100;
const batchSizeLimit = 10_000;
const windowDefaultMs = 500;
const windowLimitSeconds = 300;
const groupIdLengthLimit = 200;

const mechanisms: Readonly<Record<string, SaslMechanism>> = {
  SASL_SCRAM_512_AUTH: 'scram-sha-512',
  SASL_SCRAM_256_AUTH: 'scram-sha-256',
  BASIC_AUTH: 'plain',
};

/**
 * These options describe the network path from AWS to the brokers. A local trigger does not need
 * them.
 */
const networkAccess = new Set(['VPC_SUBNET', 'VPC_SECURITY_GROUP']);

/**
 * Parses one entry of ListEventSourceMappings. It never throws: an unsupported mapping becomes
 * `refused`, with the reason.
 */
export function parseMapping(entry: EventSourceMappingConfiguration): Mapping {
  if (!isKafka(entry)) return { kind: 'foreign' };
  try {
    return parseKafka(entry);
  } catch (error) {
    if (!(error instanceof TriggerError)) throw error;
    return {
      kind: 'refused',
      uuid: entry.UUID ?? '',
      functionArn: entry.FunctionArn ?? '',
      code: error.code,
      reason: error.message,
    };
  }
}

function isKafka(entry: EventSourceMappingConfiguration): boolean {
  return entry.SelfManagedEventSource !== undefined || /^arn:[^:]*:kafka:/.test(entry.EventSourceArn ?? '');
}

function parseKafka(entry: EventSourceMappingConfiguration): KafkaMapping {
  refuseWhatIsNotDone(entry);
  const uuid = required('UUID', entry.UUID);
  return Object.freeze({
    kind: 'kafka',
    uuid,
    functionArn: required('FunctionArn', entry.FunctionArn),
    topic: parseTopic(entry.Topics),
    bootstrapServers: parseBootstrapServers(entry),
    groupId: parseGroupId(entry.SelfManagedKafkaEventSourceConfig?.ConsumerGroupId ?? uuid),
    startingPosition: parseStartingPosition(entry),
    batchSizeMax: parseWithin('BatchSize', entry.BatchSize ?? batchSizeDefault, 1, batchSizeLimit),
    windowMs: parseWindow(entry.MaximumBatchingWindowInSeconds),
    authentication: parseAuthentication(entry),
    enabled: !/^Disabl/.test(entry.State ?? 'Enabled') && entry.State !== 'Deleting',
  } satisfies KafkaMapping);
}

/**
 * Refuses unsupported options. Each of them changes the delivery of records, so ignoring it could
 * lose or repeat records.
 */
function refuseWhatIsNotDone(entry: EventSourceMappingConfiguration): void {
  const settings: readonly (readonly [string, boolean, unknown])[] = [
    ['EventSourceArn (MSK)', entry.SelfManagedEventSource === undefined, entry.EventSourceArn],
    ['FilterCriteria', (entry.FilterCriteria?.Filters ?? []).length > 0, entry.FilterCriteria],
    ['MaximumRetryAttempts', (entry.MaximumRetryAttempts ?? -1) !== -1, entry.MaximumRetryAttempts],
    ['MaximumRecordAgeInSeconds', (entry.MaximumRecordAgeInSeconds ?? -1) !== -1, entry.MaximumRecordAgeInSeconds],
    ['BisectBatchOnFunctionError', entry.BisectBatchOnFunctionError === true, entry.BisectBatchOnFunctionError],
    ['FunctionResponseTypes', (entry.FunctionResponseTypes ?? []).length > 0, entry.FunctionResponseTypes],
    [
      'DestinationConfig.OnFailure',
      entry.DestinationConfig?.OnFailure?.Destination !== undefined,
      entry.DestinationConfig,
    ],
    ['ProvisionedPollerConfig', entry.ProvisionedPollerConfig !== undefined, entry.ProvisionedPollerConfig],
    [
      'SchemaRegistryConfig',
      entry.SelfManagedKafkaEventSourceConfig?.SchemaRegistryConfig !== undefined,
      entry.SelfManagedKafkaEventSourceConfig?.SchemaRegistryConfig,
    ],
  ];
  for (const [setting, isSet, received] of settings) {
    if (!isSet) continue;
    throw new TriggerError('TRIGGER_SETTING_UNSUPPORTED', {
      failed: `mapping ${entry.UUID} asks for ${setting}, which this trigger does not do`,
      received: JSON.stringify(received),
      allowed: 'a self-managed Kafka source whose batches are retried until they succeed',
      remedy: `remove ${setting} from the mapping`,
    });
  }
}

function parseTopic(topics: readonly string[] | undefined): string {
  const [topic, ...others] = topics ?? [];
  if (topic !== undefined && others.length === 0 && /^[a-zA-Z0-9._-]{1,249}$/.test(topic)) return topic;
  throw new TriggerError('TRIGGER_TOPIC_INVALID', {
    failed: 'the mapping does not name its topic',
    received: JSON.stringify(topics),
    allowed: 'Topics with exactly one name of letters, digits, ".", "_" and "-"',
    remedy: 'give the mapping one topic',
  });
}

function parseBootstrapServers(entry: EventSourceMappingConfiguration): readonly string[] {
  const servers = entry.SelfManagedEventSource?.Endpoints?.KAFKA_BOOTSTRAP_SERVERS ?? [];
  if (servers.length > 0 && servers.every((server) => /^\S+:\d+$/.test(server))) return Object.freeze([...servers]);
  throw new TriggerError('TRIGGER_SERVERS_INVALID', {
    failed: 'the mapping does not name its brokers',
    received: JSON.stringify(servers),
    allowed: 'SelfManagedEventSource.Endpoints.KAFKA_BOOTSTRAP_SERVERS as a list of host:port',
    remedy: 'give the mapping at least one bootstrap server',
  });
}

function parseGroupId(groupId: string): string {
  if (groupId.length >= 1 && groupId.length <= groupIdLengthLimit) return groupId;
  throw new TriggerError('TRIGGER_GROUP_INVALID', {
    failed: 'the consumer group cannot be used',
    received: JSON.stringify(groupId),
    allowed: `1 to ${groupIdLengthLimit} characters`,
    remedy: 'change ConsumerGroupId',
  });
}

function parseStartingPosition(entry: EventSourceMappingConfiguration): StartingPosition {
  switch (entry.StartingPosition) {
    case 'TRIM_HORIZON':
      return { kind: 'trim-horizon' };
    case 'LATEST':
      return { kind: 'latest' };
    case 'AT_TIMESTAMP': {
      const timestampMs = entry.StartingPositionTimestamp?.getTime();
      if (timestampMs !== undefined && Number.isFinite(timestampMs)) return { kind: 'at-timestamp', timestampMs };
    }
  }
  throw new TriggerError('TRIGGER_STARTING_POSITION_INVALID', {
    failed: 'the mapping does not say where to start',
    received: JSON.stringify([entry.StartingPosition, entry.StartingPositionTimestamp]),
    allowed: 'TRIM_HORIZON, LATEST, or AT_TIMESTAMP with StartingPositionTimestamp',
    remedy: 'set StartingPosition',
  });
}

/**
 * Parses the batching window. Kafka's default is half a second. An explicit 0 sends records at
 * once.
 */
function parseWindow(seconds: number | undefined): number {
  if (seconds === undefined) return windowDefaultMs;
  return parseWithin('MaximumBatchingWindowInSeconds', seconds, 0, windowLimitSeconds) * 1000;
}

function parseAuthentication(entry: EventSourceMappingConfiguration): Authentication | null {
  let authentication: Authentication | null = null;
  for (const { Type: type = '', URI: secretId = '' } of entry.SourceAccessConfigurations ?? []) {
    if (networkAccess.has(type)) continue;
    const mechanism = mechanisms[type];
    if (mechanism === undefined || authentication !== null || secretId === '') {
      throw new TriggerError('TRIGGER_ACCESS_UNSUPPORTED', {
        failed: 'the mapping cannot be authenticated to its brokers',
        received: JSON.stringify(entry.SourceAccessConfigurations),
        allowed: `at most one of ${Object.keys(mechanisms).join(', ')}, with the ARN of its secret as URI`,
        remedy: 'change SourceAccessConfigurations',
      });
    }
    authentication = Object.freeze({ mechanism, secretId });
  }
  return authentication;
}

function parseWithin(setting: string, received: number, min: number, max: number): number {
  if (Number.isInteger(received) && received >= min && received <= max) return received;
  throw new TriggerError('TRIGGER_NUMBER_INVALID', {
    failed: `${setting} is out of bounds`,
    received: String(received),
    allowed: `a whole number from ${min} to ${max}`,
    remedy: `change ${setting}`,
  });
}

function required(setting: string, received: string | undefined): string {
  if (received !== undefined && received !== '') return received;
  throw new TriggerError('TRIGGER_SETTING_MISSING', {
    failed: `the mapping has no ${setting}`,
    received: JSON.stringify(received),
    allowed: 'a text',
    remedy: 'look at the answer of ListEventSourceMappings',
  });
}
