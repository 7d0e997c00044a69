/**
 * node infra/trigger/bench/throughput.ts <broker> [records] [drain|decode] [batchSize]
 *
 * Records per second from Kafka through the trigger's process to a Lambda API. The API is a
 * separate process that drains the payloads, or decodes them as a function would (JSON, base64,
 * JSON of the value). Measured from the first poll to the last commit; `TRIGGER_ARGS` are passed to
 * the trigger's Node (`--cpu-prof`).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Kafka, logLevel, type Producer } from 'kafkajs';

const [first = '', count = '1000000', work = 'drain', batchSize = '10000'] = process.argv.slice(2);
const partitions = 4;
const self = fileURLToPath(import.meta.url);

async function serve(mapping: object): Promise<void> {
  let [records, invocations, bytes] = [0, 0, 0];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    response.setHeader('content-type', 'application/json');
    if (request.url?.startsWith('/2015-03-31/event-source-mappings')) {
      response.end(JSON.stringify({ EventSourceMappings: [mapping] }));
      return;
    }
    if (request.url === '/count') {
      response.end(JSON.stringify({ records, invocations, bytes }));
      return;
    }
    const body = Buffer.concat(chunks);
    invocations += 1;
    bytes += body.length;
    if (process.argv[4] === 'decode') {
      for (const list of Object.values(JSON.parse(body.toString()).records as Record<string, { value: string }[]>)) {
        for (const { value } of list) if (JSON.parse(Buffer.from(value, 'base64').toString()) !== null) records += 1;
      }
    }
    response.end('null');
  });
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
}

const untilMessage = <T>(child: ChildProcess) => new Promise<T>((resolve) => child.once('message', resolve as never));

interface Shown {
  readonly assignments: number;
  readonly recordsInvoked: number;
  readonly invocations: number;
  readonly lag: number;
  readonly stageMs: object;
}

async function main(): Promise<void> {
  const kafka = new Kafka({ brokers: [first], logLevel: logLevel.NOTHING });
  const topic = `throughput-${Date.now().toString(36)}`;
  const [admin, producer] = [kafka.admin(), kafka.producer()];
  await Promise.all([admin.connect(), producer.connect()]);
  await admin.createTopics({ topics: [{ topic, numPartitions: partitions }], waitForLeaders: true });
  const total = Number(count);
  await fill(producer, topic, total);

  const lambda = spawn(process.execPath, [self, 'serve', JSON.stringify(mappingOf(topic)), work], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const trigger = startTrigger(`http://127.0.0.1:${await untilMessage<number>(lambda)}`);
  const { seconds, shown } = await untilCommitted(trigger.state, total);
  const { invocations, stageMs } = shown;
  console.log({ work, recordsPerSecond: Math.round(total / seconds), seconds, invocations, stageMs });
  if (process.env.SHOW_LOG) console.log(trigger.output());
  trigger.child.kill('SIGTERM');
  await new Promise((resolve) => trigger.child.once('exit', resolve));
  lambda.kill();
  await admin.deleteTopics({ topics: [topic] });
  await Promise.all([admin.disconnect(), producer.disconnect()]);
}

async function fill(producer: Producer, topic: string, total: number): Promise<void> {
  for (let sent = 0; sent < total; sent += 10_000) {
    const messages = Array.from({ length: 10_000 }, (_, i) => {
      const value = {
        key: `k${(sent + i) % 1000}`,
        time: 1_700_000_000_000 + sent + i,
        amount: (sent + i) % 977,
        pad: '',
      };
      value.pad = 'x'.repeat(184 - JSON.stringify(value).length);
      return { key: value.key, value: JSON.stringify(value), partition: i % partitions };
    });
    await producer.send({ topic, messages, acks: 1 });
  }
}

function mappingOf(topic: string): object {
  return {
    UUID: topic,
    FunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:bench',
    SelfManagedEventSource: { Endpoints: { KAFKA_BOOTSTRAP_SERVERS: [first] } },
    Topics: [topic],
    StartingPosition: 'TRIM_HORIZON',
    State: 'Enabled',
    BatchSize: Number(batchSize),
    MaximumBatchingWindowInSeconds: 0,
  };
}

interface Trigger {
  readonly child: ChildProcess;
  output(): string;
  /** The state of its only mapping; null until it serves one. */
  state(): Promise<Shown | null>;
}

function startTrigger(endpoint: string): Trigger {
  const nodeArgs = (process.env.TRIGGER_ARGS ?? '').split(' ').filter((arg) => arg !== '');
  const program = fileURLToPath(new URL('../src/main.ts', import.meta.url));
  const child = spawn(process.execPath, [...nodeArgs, program, '--endpoint', endpoint, '--region', 'us-east-1'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  return {
    child,
    output: () => output,
    async state() {
      const port = /"statePort":(\d+)/.exec(output)?.[1];
      if (port === undefined) return null;
      const response = await fetch(`http://127.0.0.1:${port}/state`);
      return ((await response.json()) as { mappings: Shown[] }).mappings[0] ?? null;
    },
  };
}

/** The time from the first assignment to the last commit. */
async function untilCommitted(
  state: Trigger['state'],
  total: number,
): Promise<{ readonly seconds: number; readonly shown: Shown }> {
  let startedAtMs = 0;
  for (;;) {
    const shown = await state();
    if (startedAtMs === 0 && shown !== null && shown.assignments > 0) startedAtMs = performance.now();
    if (shown !== null && shown.recordsInvoked >= total && shown.lag === 0)
      return { seconds: (performance.now() - startedAtMs) / 1000, shown };
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

if (first === 'serve') await serve(JSON.parse(count));
else await main();
