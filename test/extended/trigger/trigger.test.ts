/**
 * The Kafka trigger as a process, against a real broker. A small HTTP server stands for the Lambda
 * API: it lists the mappings that a test gives it and records every invocation, and a test decides
 * how each one ends.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Cloud, openCloud } from '@bifold/cloud';
import type { MappingState, TriggerState } from '@bifold/trigger';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Producer as LogProducer, ProduceAcks, stringSerializers } from '@platformatic/kafka';
import { type Admin, CompressionTypes, Kafka, logLevel, type Message, type Producer } from 'kafkajs';
import { brokerMoved } from '../../chaos/world/kafka-addresses.ts';
import { startProxy } from '../../chaos/world/proxy.ts';
import { CODECS, COMPRESSORS } from '../../contract/log.ts';
import { until } from '../../integration/local/bifold.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
interface EventRecord {
  topic: string;
  partition: number;
  offset: number;
  timestamp: number;
  timestampType: string;
  key?: string;
  value: string | null;
  headers: Record<string, number[]>[];
}

interface Invocation {
  readonly functionArn: string;
  readonly sizeBytes: number;
  readonly eventSource: string;
  readonly bootstrapServers: string;
  readonly partitions: ReadonlyMap<number, readonly EventRecord[]>;
  readonly atMs: number;
  end: 'pending' | 'ok' | 'failed' | 'dropped';
}

type Ending = 'ok' | 'function-error' | 'throttle' | 'not-found' | 'unavailable' | 'hang-up';

class RecordingLambda {
  mappings: object[] = [];
  secret = '{}';
  readonly invocations: Invocation[] = [];
  /** Partitions under way, as the API sees them. */
  readonly inFlight = new Map<number, number>();
  overlaps = 0;
  mostAtOnce = 0;
  decide: (invocation: Invocation, index: number) => Ending | Promise<Ending> = () => 'ok';
  #server: Server | null = null;
  #port = 0;

  get endpoint(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<this> {
    const server = createServer((request, response) => void this.#answer(request, response));
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    return this;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    server?.closeAllConnections();
    await new Promise<void>((resolve) => (server === null ? resolve() : server.close(() => resolve())));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const answer = (status: number, json: unknown, headers: Record<string, string> = {}) =>
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(json));
    if (request.headers['x-amz-target'] === 'secretsmanager.GetSecretValue') {
      answer(200, { Name: 'kafka', SecretString: this.secret });
    } else if (request.url?.startsWith('/2015-03-31/event-source-mappings')) {
      answer(200, { EventSourceMappings: this.mappings });
    } else {
      const functionArn = decodeURIComponent(request.url?.split('/')[3] ?? '');
      await this.#invoked(functionArn, body, response, answer);
    }
  }

  async #invoked(
    functionArn: string,
    body: Buffer,
    response: ServerResponse,
    answer: (status: number, json: unknown, headers?: Record<string, string>) => void,
  ): Promise<void> {
    const event = JSON.parse(body.toString());
    const partitions = new Map(
      Object.values(event.records as Record<string, EventRecord[]>).map((records) => [
        (records[0] as EventRecord).partition,
        records,
      ]),
    );
    const { eventSource, bootstrapServers } = event;
    const invocation: Invocation = {
      functionArn,
      sizeBytes: body.length,
      eventSource,
      bootstrapServers,
      partitions,
      atMs: Date.now(),
      end: 'pending',
    };
    this.invocations.push(invocation);
    for (const partition of partitions.keys()) {
      const under = (this.inFlight.get(partition) ?? 0) + 1;
      this.inFlight.set(partition, under);
      if (under > 1) this.overlaps += 1;
    }
    this.mostAtOnce = Math.max(this.mostAtOnce, this.invocations.filter(({ end }) => end === 'pending').length);
    let isGone = false;
    response.once('close', () => {
      isGone = true;
    });
    const ending = await this.decide(invocation, this.invocations.length - 1);
    for (const partition of partitions.keys()) this.inFlight.set(partition, (this.inFlight.get(partition) ?? 0) - 1);
    invocation.end = isGone ? 'dropped' : ending === 'ok' ? 'ok' : 'failed';
    switch (ending) {
      case 'ok':
        return answer(200, null);
      case 'function-error':
        return answer(200, { errorMessage: 'boom' }, { 'x-amz-function-error': 'Unhandled' });
      case 'throttle':
        return answer(429, { message: 'Rate exceeded' }, { 'x-amzn-errortype': 'TooManyRequestsException' });
      case 'not-found':
        return answer(404, { Message: 'no such function' }, { 'x-amzn-errortype': 'ResourceNotFoundException' });
      case 'unavailable':
        return answer(503, { message: 'away' });
      case 'hang-up':
        response.destroy();
    }
  }

  /** Offsets of a partition as they were sent, attempt by attempt. */
  attempts(partition: number): { offsets: number[]; end: Invocation['end'] }[] {
    return this.invocations.flatMap(({ partitions, end }) => {
      const records = partitions.get(partition);
      return records === undefined ? [] : [{ offsets: records.map(({ offset }) => offset), end }];
    });
  }

  delivered(partition: number): number[] {
    return this.attempts(partition).flatMap(({ offsets, end }) => (end === 'ok' ? offsets : []));
  }
}

class TriggerProcess {
  #child: ChildProcess;
  #output = '';

  constructor(endpoint: string, options: readonly string[]) {
    this.#child = spawn(
      process.execPath,
      [join(root, 'infra/trigger/src/main.ts'), '--endpoint', endpoint, '--region', 'eu-central-1', ...options],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#output += chunk.toString();
      });
    }
  }

  residentBytes(): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) * 1024;
  }

  get output(): string {
    return this.#output;
  }

  async #get<T>(path: string): Promise<T | null> {
    const port = /"statePort":(\d+)/.exec(this.#output)?.[1];
    if (port === undefined) return null;
    const answer = await fetch(`http://127.0.0.1:${port}${path}`).catch(() => null);
    return answer === null ? null : ((await answer.json()) as T);
  }

  async mapping(what: string, holds: (state: MappingState) => boolean): Promise<MappingState> {
    const seen = await until(
      what,
      async () => (await this.#get<TriggerState>('/state'))?.mappings[0] ?? null,
      (state) => state !== null && holds(state),
    );
    return seen as MappingState;
  }

  async mappingsGone(): Promise<void> {
    await until(
      'no mapping left',
      async () => (await this.#get<TriggerState>('/state'))?.mappings.length,
      (count) => count === 0,
    );
  }

  async end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return this.#child.exitCode;
    const exited = new Promise<number | null>((resolve) => this.#child.once('exit', resolve));
    this.#child.kill(signal);
    return exited;
  }
}

describe('the Kafka trigger', () => {
  let cloud: Cloud;
  let kafka: Kafka;
  let admin: Admin;
  let producer: Producer;
  let lambda: RecordingLambda;
  let topic: string;
  let triggers: TriggerProcess[] = [];
  let count = 0;
  const fresh = `t${Date.now().toString(36)}`;

  beforeAll(async () => {
    cloud = await openCloud({
      root,
      stateDir: join(root, '.bifold', 'test', 'trigger'),
      softwareDir: join(root, '.bifold', 'software'),
    });
    await cloud.up();
    kafka = new Kafka({ brokers: [cloud.addresses.kafka.brokersInternal], logLevel: logLevel.NOTHING });
    admin = kafka.admin();
    producer = kafka.producer();
    await Promise.all([admin.connect(), producer.connect()]);
  });

  afterAll(async () => {
    await Promise.allSettled([admin?.disconnect(), producer?.disconnect()]);
    await cloud?.down({ deleteData: true });
  });

  afterEach(async () => {
    await Promise.all(triggers.map((trigger) => trigger.end('SIGKILL')));
    triggers = [];
    await lambda?.stop();
  });

  const given = async (
    numPartitions: number,
    more: object = {},
    configEntries: { name: string; value: string }[] = [],
  ) => {
    topic = `${fresh}-${++count}`;
    await admin.createTopics({ topics: [{ topic, numPartitions, configEntries }], waitForLeaders: true });
    lambda = await new RecordingLambda().start();
    lambda.mappings = [mapping(more)];
  };

  const mapping = (more: object = {}) => ({
    UUID: `uuid-${topic}`,
    FunctionArn: 'arn:aws:lambda:eu-central-1:000000000000:function:recorded',
    SelfManagedEventSource: { Endpoints: { KAFKA_BOOTSTRAP_SERVERS: [cloud.addresses.kafka.brokersInternal] } },
    SelfManagedKafkaEventSourceConfig: { ConsumerGroupId: `group-${topic}` },
    Topics: [topic],
    StartingPosition: 'TRIM_HORIZON',
    State: 'Enabled',
    BatchSize: 100,
    MaximumBatchingWindowInSeconds: 0,
    ...more,
  });

  const start = (...options: readonly string[]) => {
    const trigger = new TriggerProcess(lambda.endpoint, options);
    triggers.push(trigger);
    return trigger;
  };

  const send = (partition: number, messages: readonly Omit<Message, 'partition'>[]) =>
    producer.send({ topic, messages: messages.map((message) => ({ ...message, partition })) });
  const numbered = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => ({ key: `k${from + i}`, value: `v${from + i}` }));
  const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

  const committed = async (): Promise<Record<number, number>> => {
    // A broker that has just started reads its groups first.
    const [found] = await admin.fetchOffsets({ groupId: `group-${topic}`, topics: [topic] }).catch(() => []);
    return Object.fromEntries((found?.partitions ?? []).map(({ partition, offset }) => [partition, Number(offset)]));
  };
  const committedIs = (expected: Record<number, number>) =>
    until(`committed ${JSON.stringify(expected)}`, committed, (seen) =>
      Object.entries(expected).every(([partition, offset]) => seen[Number(partition)] === offset),
    );
  /**
   * Redelivery allowed, holes and reordering not: each batch starts at or below what was delivered
   * so far.
   */
  const expectPrefixes = (partition: number, from: number, to: number) => {
    let next = from;
    for (const { offsets, end } of lambda.attempts(partition)) {
      expect(offsets[0]).toBeLessThanOrEqual(next);
      expect(offsets).toEqual(range(offsets[0] as number, (offsets.at(-1) as number) + 1));
      if (end === 'ok') next = Math.max(next, (offsets.at(-1) as number) + 1);
    }
    expect(next).toBe(to);
  };

  it('writes the event of AWS: tombstones, absent keys, signed headers, the kind of timestamp', async () => {
    await given(1, { MaximumBatchingWindowInSeconds: 1 }, [{ name: 'message.timestamp.type', value: 'CreateTime' }]);
    const before = Date.now();
    await send(0, [
      { key: 'k', value: Buffer.from([0, 255]), headers: { h: Buffer.from([0xc3, 0x85]) }, timestamp: '1545084650987' },
      { key: 'gone', value: null },
      { value: 'no key' },
    ]);
    await admin.alterConfigs({
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
      bootstrapServers: cloud.addresses.kafka.brokersInternal,
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
    await given(4);
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
    await given(3, { BatchSize: 10 });
    for (const partition of [0, 1, 2]) await send(partition, numbered(0, 50));
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    lambda.decide = async (): Promise<Ending> => {
      await held;
      return 'ok';
    };
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

  it('is killed in flight: what was not committed comes again, nothing is lost', async () => {
    await given(2, { BatchSize: 50 });
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
    await given(2, { BatchSize: 20 });
    for (const partition of [0, 1]) await send(partition, numbered(0, 200));
    const trigger = start();
    await committedIs({ 0: 200, 1: 200 });
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    lambda.decide = async (): Promise<Ending> => {
      await held;
      return 'ok';
    };
    for (const partition of [0, 1]) await send(partition, numbered(200, 400));
    await until(
      'batches in flight',
      () => lambda.inFlight.get(0),
      (under) => under === 1,
    );
    await cloud.kill('kafka');
    await trigger.mapping('the broker is missed', ({ status, reason }) => status === 'disconnected' && reason !== null);
    release();
    await cloud.up();
    await trigger.mapping('back again', ({ status, assignments }) => status === 'polling' && assignments > 1);
    await producer.disconnect();
    await producer.connect();
    for (const partition of [0, 1]) await send(partition, numbered(400, 500));
    await committedIs({ 0: 500, 1: 500 });
    for (const partition of [0, 1]) expectPrefixes(partition, 0, 500);
    expect(lambda.overlaps).toBe(0);
  });

  it('goes on where the broker was cut off in the middle of its answers', async () => {
    const [host, port] = cloud.addresses.kafka.brokersInternal.split(':') as [string, string];
    const link = await startProxy({
      name: 'trigger-kafka',
      targetPort: Number(port),
      rewrite: brokerMoved(host, Number(port)),
    });
    try {
      const KAFKA_BOOTSTRAP_SERVERS = [`${host}:${link.port}`];
      await given(1, { SelfManagedEventSource: { Endpoints: { KAFKA_BOOTSTRAP_SERVERS } } });
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
    await given(1, { BatchSize: 10 });
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
    await given(1);
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

  describe('starting positions', () => {
    it('TRIM_HORIZON: from the first record', async () => {
      await given(2);
      await send(1, numbered(0, 5));
      start();
      await committedIs({ 1: 5 });
      expect(lambda.delivered(1)).toEqual(range(0, 5));
    });

    it('LATEST: what comes after, also when it was killed before its first batch', async () => {
      await given(1, { StartingPosition: 'LATEST' });
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
      await given(2, { StartingPosition: 'AT_TIMESTAMP', StartingPositionTimestamp: timestampMs / 1000 }, [
        { name: 'message.timestamp.type', value: 'CreateTime' },
      ]);
      const at = (ms: number) => ({ value: 'v', timestamp: String(ms) });
      await send(0, [at(timestampMs - 2), at(timestampMs - 1), at(timestampMs), at(timestampMs + 1)]);
      await send(1, [at(timestampMs - 1)]);
      start();
      await committedIs({ 0: 4, 1: 1 });
      expect(lambda.delivered(0)).toEqual([2, 3]);
      expect(lambda.delivered(1)).toEqual([]);
    });

    it('a group with offsets goes on from them', async () => {
      await given(1, { StartingPosition: 'LATEST' });
      await send(0, numbered(0, 10));
      await admin.setOffsets({ groupId: `group-${topic}`, topic, partitions: [{ partition: 0, offset: '4' }] });
      start();
      await committedIs({ 0: 10 });
      expect(lambda.delivered(0)).toEqual(range(4, 10));
    });
  });

  it('sends a full batch at once, and what is left after the window', async () => {
    await given(1, { BatchSize: 100, MaximumBatchingWindowInSeconds: 2 });
    await send(0, numbered(0, 250));
    start();
    await committedIs({ 0: 250 });
    const sizes = lambda.attempts(0).map(({ offsets }) => offsets.length);
    expect(sizes).toEqual([100, 100, 50]);
    const [first, , last] = lambda.invocations.map(({ atMs }) => atMs);
    expect((last as number) - (first as number)).toBeGreaterThanOrEqual(1_500);
  });

  it('holds several partitions in one payload when none fills it', async () => {
    await given(3, { MaximumBatchingWindowInSeconds: 1 });
    for (const partition of [0, 1, 2]) await send(partition, numbered(0, 3));
    start();
    await committedIs({ 0: 3, 1: 3, 2: 3 });
    expect(lambda.invocations.length).toBe(1);
  });

  it('fills payloads up to 6 MB, envelope counted, and no further', async () => {
    await given(1, { BatchSize: 10_000, MaximumBatchingWindowInSeconds: 1 });
    for (const from of range(0, 20)) await send(0, [{ key: `k${from}`, value: Buffer.alloc(900_000, from) }]);
    start();
    await committedIs({ 0: 20 });
    expect(lambda.delivered(0)).toEqual(range(0, 20));
    const sizes = lambda.invocations.map(({ sizeBytes }) => sizeBytes);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(6 * 1024 * 1024);
    expect(Math.max(...sizes)).toBeGreaterThan(5_900_000 - 1_200_000);
  });

  it('delivers the batches of every codec, as the Java libraries and as a producer in JavaScript write them', async () => {
    await given(1);
    const values = (batch: number) => Array.from({ length: 10 }, (_, i) => `${batch}/${i} ${'again '.repeat(8_000)}`);
    const producer = new LogProducer({
      clientId: 'codecs',
      bootstrapBrokers: [cloud.addresses.kafka.brokersInternal],
      serializers: stringSerializers,
    });
    let batch = 0;
    for (const by of COMPRESSORS) {
      for (const codec of CODECS) {
        const configEntries = [{ name: 'compression.type', value: by === 'broker' ? codec : 'producer' }];
        await admin.alterConfigs({ validateOnly: false, resources: [{ type: 2, name: topic, configEntries }] });
        const messages = values(batch++).map((value) => ({ topic, partition: 0, value }));
        await producer.send({ messages, compression: by === 'broker' ? 'none' : codec, acks: ProduceAcks.ALL });
      }
    }
    await producer.close();
    start();
    await committedIs({ 0: 80 });
    const records = lambda.invocations.flatMap(({ partitions }) => partitions.get(0) ?? []);
    expect(records.map(({ value }) => Buffer.from(value ?? '', 'base64').toString())).toEqual(
      Array.from({ length: 8 }, (_, each) => values(each)).flat(),
    );
  });

  it('delivers batches that decode to 90 MB beside another mapping, within the memory bound', async () => {
    await given(1, { BatchSize: 10_000 });
    const large = topic;
    const largeMapping = mapping({ BatchSize: 10_000 });
    topic = `${fresh}-${++count}`;
    await admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true });
    lambda.mappings = [largeMapping, mapping()];
    const zeros = Buffer.alloc(1_000_000);
    const messages = Array.from({ length: 90 }, () => ({ partition: 0, value: zeros }));
    for (const _ of range(0, 5)) await producer.send({ topic: large, compression: CompressionTypes.GZIP, messages });
    await send(0, numbered(0, 1_000));
    const trigger = start();
    await committedIs({ 0: 1_000 });
    const seen = async () => (await admin.fetchOffsets({ groupId: `group-${large}`, topics: [large] }))[0];
    let peakBytes = 0;
    await until(
      'all large records delivered',
      async () => {
        peakBytes = Math.max(peakBytes, trigger.residentBytes());
        return (await seen())?.partitions[0]?.offset;
      },
      (offset) => offset === '450',
    );
    expect(peakBytes).toBeGreaterThan(0);
    expect(peakBytes).toBeLessThan(1024 * 1024 * 1024);
  });

  it('stops at a batch that exceeds the bound, skips nothing, says what to do, and goes on with a larger bound', async () => {
    await given(1);
    await send(0, numbered(0, 3));
    const messages = Array.from({ length: 20 }, () => ({ partition: 0, value: Buffer.alloc(1_000_000) }));
    await producer.send({ topic, compression: CompressionTypes.GZIP, messages });
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

  it('reads committed records only, and commits past the markers of transactions', async () => {
    await given(1);
    const writer = kafka.producer({ transactionalId: `tx-${topic}`, maxInFlightRequests: 1, idempotent: true });
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

  it('authenticates with the secret that the mapping names', async () => {
    const { brokersSasl, username, password } = cloud.addresses.kafka;
    await given(1, {
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
    await given(1, { MaximumRetryAttempts: 3 });
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

  it('shares the partitions of a group with another trigger, and takes them over when it leaves', async () => {
    await given(4, { BatchSize: 10 });
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
    await given(1, { BatchSize: 5 });
    await send(0, numbered(0, 10));
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    lambda.decide = async (): Promise<Ending> => {
      await held;
      return 'ok';
    };
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
    const { groups } = await admin.describeGroups([`group-${topic}`]);
    expect(groups[0]?.members).toEqual([]);
  });
});
