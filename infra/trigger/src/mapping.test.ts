import { describe, expect, it } from '@jest/globals';
import { parseMapping } from './mapping.ts';

const entry = {
  UUID: 'f0a1',
  FunctionArn: 'arn:aws:lambda:eu-central-1:000000000000:function:speed:live',
  SelfManagedEventSource: { Endpoints: { KAFKA_BOOTSTRAP_SERVERS: ['a:9092', 'b:9092'] } },
  Topics: ['flights'],
  StartingPosition: 'TRIM_HORIZON' as const,
  State: 'Enabled',
};

describe('parseMapping', () => {
  it('fills in the defaults of AWS', () => {
    expect(parseMapping(entry)).toEqual({
      kind: 'kafka',
      uuid: 'f0a1',
      functionArn: entry.FunctionArn,
      topic: 'flights',
      bootstrapServers: ['a:9092', 'b:9092'],
      groupId: 'f0a1',
      startingPosition: { kind: 'trim-horizon' },
      batchSizeMax: 100,
      windowMs: 500,
      authentication: null,
      enabled: true,
    });
  });

  it('reads every setting', () => {
    expect(
      parseMapping({
        ...entry,
        BatchSize: 10_000,
        MaximumBatchingWindowInSeconds: 0,
        SelfManagedKafkaEventSourceConfig: { ConsumerGroupId: 'delays-v1' },
        StartingPosition: 'AT_TIMESTAMP',
        StartingPositionTimestamp: new Date(1_700_000_000_123),
        SourceAccessConfigurations: [
          { Type: 'VPC_SUBNET', URI: 'subnet:subnet-1' },
          { Type: 'SASL_SCRAM_512_AUTH', URI: 'arn:aws:secretsmanager:eu-central-1:000000000000:secret:kafka' },
        ],
        State: 'Disabling',
      }),
    ).toMatchObject({
      groupId: 'delays-v1',
      startingPosition: { kind: 'at-timestamp', timestampMs: 1_700_000_000_123 },
      batchSizeMax: 10_000,
      windowMs: 0,
      authentication: { mechanism: 'scram-sha-512' },
      enabled: false,
    });
  });

  it.each([
    ['SASL_SCRAM_256_AUTH', 'scram-sha-256'],
    ['BASIC_AUTH', 'plain'],
  ] as const)('%s is %s', (type, mechanism) => {
    const mapping = parseMapping({ ...entry, SourceAccessConfigurations: [{ Type: type, URI: 'secret' }] });
    expect(mapping).toMatchObject({ authentication: { mechanism, secretId: 'secret' } });
  });

  it('takes the values that AWS shows for settings left out', () => {
    const described = {
      MaximumRetryAttempts: -1,
      MaximumRecordAgeInSeconds: -1,
      BisectBatchOnFunctionError: false,
      FunctionResponseTypes: [],
      FilterCriteria: { Filters: [] },
      DestinationConfig: { OnFailure: {} },
    };
    expect(parseMapping({ ...entry, ...described }).kind).toBe('kafka');
  });

  it.each([
    ['FilterCriteria', { FilterCriteria: { Filters: [{ Pattern: '{}' }] } }],
    ['MaximumRetryAttempts', { MaximumRetryAttempts: 0 }],
    ['MaximumRecordAgeInSeconds', { MaximumRecordAgeInSeconds: 60 }],
    ['BisectBatchOnFunctionError', { BisectBatchOnFunctionError: true }],
    ['FunctionResponseTypes', { FunctionResponseTypes: ['ReportBatchItemFailures' as const] }],
    ['DestinationConfig.OnFailure', { DestinationConfig: { OnFailure: { Destination: 'arn:aws:sqs:x:1:dlq' } } }],
    ['ProvisionedPollerConfig', { ProvisionedPollerConfig: { MinimumPollers: 1 } }],
  ])('refuses %s and says why', (setting, settings) => {
    const mapping = parseMapping({ ...entry, ...settings });
    expect(mapping).toMatchObject({ kind: 'refused', uuid: 'f0a1', code: 'TRIGGER_SETTING_UNSUPPORTED' });
    expect(mapping).toHaveProperty('reason', expect.stringContaining(setting));
  });

  it.each([
    ['TRIGGER_NUMBER_INVALID', { BatchSize: 10_001 }],
    ['TRIGGER_NUMBER_INVALID', { MaximumBatchingWindowInSeconds: 301 }],
    ['TRIGGER_TOPIC_INVALID', { Topics: [] }],
    ['TRIGGER_TOPIC_INVALID', { Topics: ['a', 'b'] }],
    ['TRIGGER_SERVERS_INVALID', { SelfManagedEventSource: { Endpoints: {} } }],
    ['TRIGGER_GROUP_INVALID', { SelfManagedKafkaEventSourceConfig: { ConsumerGroupId: 'x'.repeat(201) } }],
    ['TRIGGER_STARTING_POSITION_INVALID', { StartingPosition: 'AT_TIMESTAMP' as const }],
    [
      'TRIGGER_ACCESS_UNSUPPORTED',
      { SourceAccessConfigurations: [{ Type: 'CLIENT_CERTIFICATE_TLS_AUTH' as const, URI: 'secret' }] },
    ],
  ])('%s: %j', (code, settings) => {
    expect(parseMapping({ ...entry, ...settings })).toMatchObject({ kind: 'refused', code });
  });

  it('refuses MSK, and leaves other sources alone', () => {
    const { SelfManagedEventSource: _, ...managed } = entry;
    expect(parseMapping({ ...managed, EventSourceArn: 'arn:aws:kafka:eu-central-1:1:cluster/c/1' }).kind).toBe(
      'refused',
    );
    expect(parseMapping({ ...managed, EventSourceArn: 'arn:aws:sqs:eu-central-1:1:queue' }).kind).toBe('foreign');
  });
});
