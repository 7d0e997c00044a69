/**
 * The settings of a mapping that the Kafka trigger follows: where it starts, its secret, its state.
 */
import { describe, expect, it } from '@jest/globals';
import { brokerWhileTesting, numbered, range } from './broker.fixture.ts';

const broker = brokerWhileTesting('mappings');

describe('the mappings of the Kafka trigger', () => {
  describe('starting positions', () => {
    it('TRIM_HORIZON: from the first record', async () => {
      const { lambda, start, send, committedIs } = await broker().given(2);
      await send(1, numbered(0, 5));
      start();
      await committedIs({ 1: 5 });
      expect(lambda.delivered(1)).toEqual(range(0, 5));
    });

    it('LATEST: what comes after, also when it was killed before its first batch', async () => {
      const { lambda, start, send, committedIs } = await broker().given(1, { StartingPosition: 'LATEST' });
      await send(0, numbered(0, 5));
      const trigger = start();
      await committedIs({ 0: 5 });
      await trigger.end('SIGKILL');
      await send(0, numbered(5, 8));
      start();
      await committedIs({ 0: 8 });
      expect(lambda.delivered(0)).toEqual([5, 6, 7]);
    });

    it('AT_TIMESTAMP: from the first record at or after it', async () => {
      const timestampMs = 1_700_000_000_000;
      const { lambda, start, send, committedIs } = await broker().given(
        2,
        { StartingPosition: 'AT_TIMESTAMP', StartingPositionTimestamp: timestampMs / 1000 },
        [{ name: 'message.timestamp.type', value: 'CreateTime' }],
      );
      const at = (ms: number) => ({ value: 'v', timestamp: String(ms) });
      await send(0, [at(timestampMs - 2), at(timestampMs - 1), at(timestampMs), at(timestampMs + 1)]);
      await send(1, [at(timestampMs - 1)]);
      start();
      await committedIs({ 0: 4, 1: 1 });
      expect(lambda.delivered(0)).toEqual([2, 3]);
      expect(lambda.delivered(1)).toEqual([]);
    });

    it('a group with offsets goes on from them', async () => {
      const { lambda, topic, start, send, committedIs } = await broker().given(1, { StartingPosition: 'LATEST' });
      await send(0, numbered(0, 10));
      await broker().admin.setOffsets({
        groupId: `group-${topic}`,
        topic,
        partitions: [{ partition: 0, offset: '4' }],
      });
      start();
      await committedIs({ 0: 10 });
      expect(lambda.delivered(0)).toEqual(range(4, 10));
    });
  });

  it('authenticates with the secret that the mapping names', async () => {
    const { brokersSasl, username, password } = broker().cloud.addresses.kafka;
    const { lambda, start, send, committedIs } = await broker().given(1, {
      SelfManagedEventSource: { Endpoints: { KAFKA_BOOTSTRAP_SERVERS: [brokersSasl] } },
      SourceAccessConfigurations: [{ Type: 'SASL_SCRAM_512_AUTH', URI: 'arn:aws:secretsmanager:x:1:secret:kafka' }],
    });
    await send(0, numbered(0, 3));
    lambda.secret = JSON.stringify({ username, password: 'wrong' });
    const trigger = start();
    const { reason } = await trigger.mapping('the wrong password is told', ({ status }) => status === 'disconnected');
    expect(reason).toMatch(/authentication/i);
    lambda.secret = JSON.stringify({ username, password });
    await committedIs({ 0: 3 });
    expect(trigger.output).not.toContain(password);
  });

  it('follows its mappings: refused, changed, disabled, enabled, deleted', async () => {
    const { lambda, mapping, start, send, committedIs } = await broker().given(1, { MaximumRetryAttempts: 3 });
    await send(0, numbered(0, 10));
    const trigger = start();
    const refused = await trigger.mapping('refused', ({ status }) => status === 'refused');
    expect(refused.reason).toContain('MaximumRetryAttempts');
    lambda.mappings = [mapping({ BatchSize: 3 })];
    await committedIs({ 0: 10 });
    expect(lambda.attempts(0).map(({ offsets }) => offsets.length)).toEqual([3, 3, 3, 1]);
    lambda.mappings = [mapping({ BatchSize: 3, State: 'Disabled' })];
    await trigger.mapping('disabled', ({ status }) => status === 'disabled');
    await send(0, numbered(10, 12));
    lambda.mappings = [mapping({ FunctionArn: 'arn:aws:lambda:eu-central-1:000000000000:function:other' })];
    await committedIs({ 0: 12 });
    expect(lambda.invocations.at(-1)?.functionArn).toContain('other');
    expect(lambda.delivered(0)).toEqual(range(0, 12));
    lambda.mappings = [];
    await trigger.mappingsGone();
  });
});
