/**
 * The Kafka trigger when it is killed, and when broker, network or Lambda API fail.
 */
import { describe, expect, it } from '@jest/globals';
import { brokerMoved } from '../../chaos/world/kafka-addresses.ts';
import { startProxy } from '../../chaos/world/proxy.ts';
import { until } from '../../integration/local/bifold.ts';
import { brokerWhileTesting, numbered, range } from './broker.fixture.ts';
import type { Ending } from './recording-lambda.fixture.ts';

const broker = brokerWhileTesting('failures');

describe('the Kafka trigger, when something fails', () => {
  it('is killed in flight: what was not committed comes again, nothing is lost', async () => {
    const { lambda, start, send, committed, committedIs, expectPrefixes } = await broker().given(2, { BatchSize: 50 });
    for (const partition of [0, 1]) await send(partition, numbered(0, 500));
    lambda.decide = (invocation) =>
      (invocation.partitions.get(0)?.[0]?.offset ?? 0) >= 200 ? new Promise<Ending>(() => {}) : 'ok';
    const trigger = start();
    await committedIs({ 0: 200, 1: 500 });
    await until(
      'the fifth batch in flight',
      () => lambda.inFlight.get(0),
      (under) => under === 1,
    );
    await trigger.end('SIGKILL');
    expect(await committed()).toEqual({ 0: 200, 1: 500 });
    const before = lambda.invocations.length;
    lambda.inFlight.clear();
    lambda.decide = () => 'ok';
    start();
    await committedIs({ 0: 500 });
    expect(lambda.invocations[before]?.partitions.get(0)?.[0]?.offset).toBe(200);
    expectPrefixes(0, 0, 500);
    expectPrefixes(1, 0, 500);
    expect(lambda.delivered(1).length).toBe(500);
  });

  it('survives a killed broker: it goes on where it committed', async () => {
    const { lambda, start, send, committedIs, expectPrefixes } = await broker().given(2, { BatchSize: 20 });
    for (const partition of [0, 1]) await send(partition, numbered(0, 200));
    const trigger = start();
    await committedIs({ 0: 200, 1: 200 });
    const release = lambda.hold();
    for (const partition of [0, 1]) await send(partition, numbered(200, 400));
    await until(
      'batches in flight',
      () => lambda.inFlight.get(0),
      (under) => under === 1,
    );
    await broker().cloud.kill('kafka');
    await trigger.mapping('the broker is missed', ({ status, reason }) => status === 'disconnected' && reason !== null);
    release();
    await broker().cloud.up();
    await trigger.mapping('back again', ({ status, assignments }) => status === 'polling' && assignments > 1);
    await broker().producer.disconnect();
    await broker().producer.connect();
    for (const partition of [0, 1]) await send(partition, numbered(400, 500));
    await committedIs({ 0: 500, 1: 500 });
    for (const partition of [0, 1]) expectPrefixes(partition, 0, 500);
    expect(lambda.overlaps).toBe(0);
  });

  it('goes on where the broker was cut off in the middle of its answers', async () => {
    const [host, port] = broker().address.split(':') as [string, string];
    const link = await startProxy({
      name: 'trigger-kafka',
      targetPort: Number(port),
      rewrite: brokerMoved(host, Number(port)),
    });
    try {
      const KAFKA_BOOTSTRAP_SERVERS = [`${host}:${link.port}`];
      const { lambda, start, send, expectPrefixes } = await broker().given(1, {
        SelfManagedEventSource: { Endpoints: { KAFKA_BOOTSTRAP_SERVERS } },
      });
      const trigger = start();
      const arrived = (most: number) =>
        until(
          `${most} records`,
          () => new Set(lambda.delivered(0)).size,
          (count) => count === most,
        );
      let sent = 20;
      await send(0, numbered(0, sent));
      await arrived(sent);
      for (const answerBytes of [2, 50, 2_500]) {
        link.begin({ kind: 'tear', answerBytes });
        await until(
          `answers torn after ${answerBytes} bytes`,
          () => link.met(),
          ({ answersTorn }) => answersTorn >= 6,
        );
        await send(0, numbered(sent, sent + 20));
        sent += 20;
        link.end();
        await arrived(sent);
      }
      expectPrefixes(0, 0, sent);
      expect(await trigger.end('SIGTERM')).toBe(0);
    } finally {
      await link.close();
    }
  });

  it('waits for a Lambda API that is away, and shows it', async () => {
    const { lambda, start, send, committedIs } = await broker().given(1, { BatchSize: 10 });
    await send(0, numbered(0, 10));
    const trigger = start();
    await committedIs({ 0: 10 });
    await lambda.stop();
    await send(0, numbered(10, 50));
    await trigger.mapping('the API is missed', ({ status, failures }) => status === 'retrying' && failures > 2);
    await lambda.start();
    await committedIs({ 0: 50 });
    expect(lambda.delivered(0)).toEqual(range(0, 50));
  });

  it.each([
    ['throttle', 'throttled'],
    ['not-found', 'not-found'],
  ] as const)('backs off and says so: %s', async (ending, shown) => {
    const { lambda, start, send, committedIs } = await broker().given(1);
    let isAway = true;
    lambda.decide = () => (isAway ? ending : 'ok');
    await send(0, numbered(0, 10));
    const trigger = start();
    const { reason } = await trigger.mapping('retrying', ({ failures }) => failures >= 4);
    expect(reason).toContain(shown);
    const at = lambda.invocations.map(({ atMs }) => atMs);
    expect((at[3] as number) - (at[2] as number)).toBeGreaterThanOrEqual(200);
    isAway = false;
    await committedIs({ 0: 10 });
    await trigger.mapping('recovered', ({ status, reason: left }) => status === 'polling' && left === null);
  });

  it('shares the partitions of a group with another trigger, and takes them over when it leaves', async () => {
    const { start, send, committedIs, expectPrefixes } = await broker().given(4, { BatchSize: 10 });
    const first = start();
    await first.mapping('all partitions', ({ partitions }) => Object.keys(partitions).length === 4);
    const second = start();
    await second.mapping('half of them', ({ partitions }) => Object.keys(partitions).length === 2);
    await first.mapping('the other half', ({ partitions }) => Object.keys(partitions).length === 2);
    for (const partition of [0, 1, 2, 3]) await send(partition, numbered(0, 100));
    await committedIs({ 0: 100, 1: 100, 2: 100, 3: 100 });
    expect(await second.end('SIGTERM')).toBe(0);
    for (const partition of [0, 1, 2, 3]) await send(partition, numbered(100, 200));
    await committedIs({ 0: 200, 1: 200, 2: 200, 3: 200 });
    for (const partition of [0, 1, 2, 3]) expectPrefixes(partition, 0, 200);
  });

  it('on SIGTERM finishes what is in flight, commits it, and leaves the group at once', async () => {
    const { lambda, topic, start, send, committed } = await broker().given(1, { BatchSize: 5 });
    await send(0, numbered(0, 10));
    const release = lambda.hold();
    const trigger = start();
    await until(
      'in flight',
      () => lambda.inFlight.get(0),
      (under) => under === 1,
    );
    const ended = trigger.end('SIGTERM');
    await until(
      'told',
      () => trigger.output,
      (output) => output.includes('SIGTERM'),
    );
    release();
    expect(await ended).toBe(0);
    expect(await committed()).toEqual({ 0: 5 });
    expect(lambda.invocations.length).toBe(1);
    const { groups } = await broker().admin.describeGroups([`group-${topic}`]);
    expect(groups[0]?.members).toEqual([]);
  });
});
