/**
 * The Kafka trigger as a process against a real broker: it delivers the event of AWS, and each
 * record once it is committed, in the order of its partition.
 */
import { describe, expect, it } from '@jest/globals';
import { until } from '../../integration/local/bifold.ts';
import { brokerWhileTesting, numbered, range } from './broker.fixture.ts';
import type { Ending } from './recording-lambda.fixture.ts';

const broker = brokerWhileTesting('deliveries');

describe('the deliveries of the Kafka trigger', () => {
  it('writes the event of AWS: tombstones, absent keys, signed headers, the kind of timestamp', async () => {
    const { lambda, topic, start, send } = await broker().given(1, { MaximumBatchingWindowInSeconds: 1 }, [
      { name: 'message.timestamp.type', value: 'CreateTime' },
    ]);
    const before = Date.now();
    await send(0, [
      { key: 'k', value: Buffer.from([0, 255]), headers: { h: Buffer.from([0xc3, 0x85]) }, timestamp: '1545084650987' },
      { key: 'gone', value: null },
      { value: 'no key' },
    ]);
    await broker().admin.alterConfigs({
      validateOnly: false,
      resources: [
        { type: 2, name: topic, configEntries: [{ name: 'message.timestamp.type', value: 'LogAppendTime' }] },
      ],
    });
    await send(0, [{ value: 'appended', timestamp: '5' }]);
    start();
    const [invocation] = await until(
      'an invocation',
      () => lambda.invocations,
      ([first]) => first?.end === 'ok',
    );
    const records = invocation?.partitions.get(0) ?? [];
    const place = (offset: number) => ({ topic, partition: 0, offset });
    expect(invocation).toMatchObject({
      eventSource: 'SelfManagedKafka',
      bootstrapServers: broker().address,
      functionArn: 'arn:aws:lambda:eu-central-1:000000000000:function:recorded',
    });
    expect(records.slice(0, 3)).toEqual([
      {
        ...place(0),
        timestamp: 1545084650987,
        timestampType: 'CREATE_TIME',
        key: 'aw==',
        value: 'AP8=',
        headers: [{ h: [-61, -123] }],
      },
      {
        ...place(1),
        timestamp: expect.any(Number),
        timestampType: 'CREATE_TIME',
        key: 'Z29uZQ==',
        value: null,
        headers: [],
      },
      { ...place(2), timestamp: expect.any(Number), timestampType: 'CREATE_TIME', value: 'bm8ga2V5', headers: [] },
    ]);
    expect(records[3]).toMatchObject({ ...place(3), timestampType: 'LOG_APPEND_TIME' });
    expect(records[3]?.timestamp).toBeGreaterThanOrEqual(before);
  });

  it('retries whole batches until they succeed, in the order of each partition, never two at once for one', async () => {
    const { lambda, start, send, committedIs } = await broker().given(4);
    let seed = 7;
    lambda.decide = () => {
      seed = (seed * 48271) % 2147483647;
      const endings: Ending[] = ['function-error', 'throttle', 'unavailable', 'hang-up', 'not-found'];
      return seed % 4 === 0 ? (endings[(seed >> 4) % endings.length] as Ending) : 'ok';
    };
    for (const partition of [0, 1, 2, 3]) await send(partition, numbered(0, 1_000));
    const trigger = start();
    await committedIs({ 0: 1_000, 1: 1_000, 2: 1_000, 3: 1_000 });
    for (const partition of [0, 1, 2, 3]) {
      expect(lambda.delivered(partition)).toEqual(range(0, 1_000));
      const attempts = lambda.attempts(partition);
      attempts.forEach(({ offsets, end }, i) => {
        expect(offsets.length).toBeLessThanOrEqual(100);
        if (end !== 'ok') expect(attempts[i + 1]?.offsets).toEqual(offsets);
      });
    }
    expect(lambda.overlaps).toBe(0);
    const failed = lambda.invocations.filter(({ end }) => end === 'failed').length;
    expect(failed).toBeGreaterThan(0);
    const state = await trigger.mapping('all committed', ({ lag }) => lag === 0);
    expect(state).toMatchObject({ status: 'polling', recordsInvoked: 4_000, failures: failed });
    expect(state.recordsRedelivered).toBeGreaterThan(0);
  });

  it('has several partitions in flight at once, and commits none before it succeeded', async () => {
    const { lambda, start, send, committed, committedIs } = await broker().given(3, { BatchSize: 10 });
    for (const partition of [0, 1, 2]) await send(partition, numbered(0, 50));
    const release = lambda.hold();
    const trigger = start();
    await until(
      'three at once',
      () => lambda.mostAtOnce,
      (most) => most === 3,
    );
    expect(await committed()).toEqual({ 0: 0, 1: 0, 2: 0 });
    await trigger.mapping('in flight shown', ({ partitions }) =>
      [0, 1, 2].every((partition) => partitions[partition]?.inFlight === 10),
    );
    release();
    await committedIs({ 0: 50, 1: 50, 2: 50 });
    expect(lambda.overlaps).toBe(0);
  });

  it('reads committed records only, and commits past the markers of transactions', async () => {
    const { lambda, topic, start, committedIs } = await broker().given(1);
    const writer = broker().kafka.producer({
      transactionalId: `tx-${topic}`,
      maxInFlightRequests: 1,
      idempotent: true,
    });
    await writer.connect();
    const within = async (values: readonly string[], end: 'commit' | 'abort') => {
      const transaction = await writer.transaction();
      await transaction.send({ topic, messages: values.map((value) => ({ value, partition: 0 })) });
      await transaction[end]();
    };
    await within(['a', 'b'], 'commit');
    await within(['never', 'never'], 'abort');
    await within(['c'], 'commit');
    await within(['never'], 'abort');
    await within(['d'], 'commit');
    await writer.disconnect();
    start();
    await committedIs({ 0: 12 });
    const values = lambda.invocations.flatMap(({ partitions }) => partitions.get(0) ?? []);
    expect(values.map(({ value }) => Buffer.from(value ?? '', 'base64').toString())).toEqual(['a', 'b', 'c', 'd']);
    expect(values.map(({ offset }) => offset)).toEqual([0, 1, 6, 10]);
  });
});
