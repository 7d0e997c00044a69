/**
 * How the Kafka trigger forms batches: by size, by window, by payload and within its memory.
 */
import { describe, expect, it } from '@jest/globals';
import { Producer as LogProducer, ProduceAcks, stringSerializers } from '@platformatic/kafka';
import { CompressionTypes } from 'kafkajs';
import { CODECS, COMPRESSORS } from '../../contract/log.ts';
import { until } from '../../integration/local/bifold.ts';
import { brokerWhileTesting, numbered, range } from './broker.fixture.ts';

const broker = brokerWhileTesting('batches');

describe('the batches of the Kafka trigger', () => {
  it('sends a full batch at once, and what is left after the window', async () => {
    const { lambda, start, send, committedIs } = await broker().given(1, {
      BatchSize: 100,
      MaximumBatchingWindowInSeconds: 2,
    });
    await send(0, numbered(0, 250));
    start();
    await committedIs({ 0: 250 });
    const sizes = lambda.attempts(0).map(({ offsets }) => offsets.length);
    expect(sizes).toEqual([100, 100, 50]);
    const [first, , last] = lambda.invocations.map(({ atMs }) => atMs);
    expect((last as number) - (first as number)).toBeGreaterThanOrEqual(1_500);
  });

  it('holds several partitions in one payload when none fills it', async () => {
    const { lambda, start, send, committedIs } = await broker().given(3, { MaximumBatchingWindowInSeconds: 1 });
    for (const partition of [0, 1, 2]) await send(partition, numbered(0, 3));
    start();
    await committedIs({ 0: 3, 1: 3, 2: 3 });
    expect(lambda.invocations.length).toBe(1);
  });

  it('fills payloads up to 6 MB, envelope counted, and no further', async () => {
    const { lambda, start, send, committedIs } = await broker().given(1, {
      BatchSize: 10_000,
      MaximumBatchingWindowInSeconds: 1,
    });
    for (const from of range(0, 20)) await send(0, [{ key: `k${from}`, value: Buffer.alloc(900_000, from) }]);
    start();
    await committedIs({ 0: 20 });
    expect(lambda.delivered(0)).toEqual(range(0, 20));
    const sizes = lambda.invocations.map(({ sizeBytes }) => sizeBytes);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(6 * 1024 * 1024);
    expect(Math.max(...sizes)).toBeGreaterThan(5_900_000 - 1_200_000);
  });

  it('carries the largest record that a topic of 4 MiB takes, in one event', async () => {
    const limitBytes = 4 * 1024 * 1024;
    // The header of a batch, and the fields of a record without key and headers.
    const overheadBytes = 61 + 13;
    const configs = [{ name: 'max.message.bytes', value: String(limitBytes) }];
    const { lambda, start, send, committedIs } = await broker().given(1, {}, configs);
    await expect(send(0, [{ value: Buffer.alloc(limitBytes - overheadBytes + 1) }])).rejects.toThrow(/larger than/);
    await send(0, [{ value: Buffer.alloc(limitBytes - overheadBytes) }]);
    start();
    await committedIs({ 0: 1 });
    expect(lambda.delivered(0)).toEqual([0]);
    const [{ sizeBytes } = { sizeBytes: 0 }] = lambda.invocations;
    expect(sizeBytes).toBeGreaterThan((limitBytes * 4) / 3);
    expect(sizeBytes).toBeLessThanOrEqual(6 * 1024 * 1024);
  });

  it('delivers the batches of every codec, as the Java libraries and as a producer in JavaScript write them', async () => {
    const { lambda, topic, start, committedIs } = await broker().given(1);
    const values = (batch: number) => Array.from({ length: 10 }, (_, i) => `${batch}/${i} ${'again '.repeat(8_000)}`);
    const compressing = new LogProducer({
      clientId: 'codecs',
      bootstrapBrokers: [broker().address],
      serializers: stringSerializers,
    });
    let batch = 0;
    for (const by of COMPRESSORS) {
      for (const codec of CODECS) {
        const configEntries = [{ name: 'compression.type', value: by === 'broker' ? codec : 'producer' }];
        await broker().admin.alterConfigs({
          validateOnly: false,
          resources: [{ type: 2, name: topic, configEntries }],
        });
        const messages = values(batch++).map((value) => ({ topic, partition: 0, value }));
        await compressing.send({ messages, compression: by === 'broker' ? 'none' : codec, acks: ProduceAcks.ALL });
      }
    }
    await compressing.close();
    start();
    await committedIs({ 0: 80 });
    const records = lambda.invocations.flatMap(({ partitions }) => partitions.get(0) ?? []);
    expect(records.map(({ value }) => Buffer.from(value ?? '', 'base64').toString())).toEqual(
      Array.from({ length: 8 }, (_, each) => values(each)).flat(),
    );
  });

  it('delivers batches that decode to 90 MB beside another mapping, within the memory bound', async () => {
    const large = await broker().given(1);
    const { lambda, mapping, start, send, committedIs } = await broker().given(1);
    lambda.mappings = [large.mapping({ BatchSize: 10_000 }), mapping()];
    const zeros = Buffer.alloc(1_000_000);
    const messages = Array.from({ length: 90 }, () => ({ partition: 0, value: zeros }));
    for (const _ of range(0, 5))
      await broker().producer.send({ topic: large.topic, compression: CompressionTypes.GZIP, messages });
    await send(0, numbered(0, 1_000));
    const trigger = start();
    await committedIs({ 0: 1_000 });
    let peakBytes = 0;
    await until(
      'all large records delivered',
      async () => {
        peakBytes = Math.max(peakBytes, trigger.residentBytes());
        return large.committed();
      },
      (committed) => committed[0] === 450,
    );
    expect(peakBytes).toBeGreaterThan(0);
    expect(peakBytes).toBeLessThan(1024 * 1024 * 1024);
  });

  it('stops at a batch that exceeds the bound, skips nothing, says what to do, and goes on with a larger bound', async () => {
    const { lambda, topic, start, send, committedIs, expectPrefixes } = await broker().given(1);
    await send(0, numbered(0, 3));
    const messages = Array.from({ length: 20 }, () => ({ partition: 0, value: Buffer.alloc(1_000_000) }));
    await broker().producer.send({ topic, compression: CompressionTypes.GZIP, messages });
    await send(0, numbered(0, 3));
    const trigger = start('--decoded-mib', '10');
    const blocked = await trigger.mapping('blocked', ({ status }) => status === 'blocked');
    expect(blocked.reason).toContain('TRIGGER_BATCH_TOO_LARGE');
    expect(blocked.lastProcessingResult).toContain('--decoded-mib');
    await until(
      'the log says it',
      () => trigger.output,
      (output) => output.includes('"positions":{"0":3}'),
    );
    expect(lambda.delivered(0)).toEqual(range(0, 3));
    await trigger.end('SIGTERM');
    start('--decoded-mib', '32');
    await committedIs({ 0: 26 });
    expectPrefixes(0, 0, 26);
  });
});
