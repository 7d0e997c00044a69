import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { ensureFlights, type Flights } from '@bifold/cli';
import { tell } from '@bifold/cli/command-line';
import { cloudPaths } from '@bifold/cloud';
import { randomOf } from '../simulation/random.ts';
import { Reader } from './judge/reader.ts';
import { type ChaosReport, reportText } from './report.ts';
import { runChaos, streamsEnd } from './run.ts';
import { type Stream, startStream } from './stream/driver.ts';
import { viewsOf } from './stream/views.ts';
import { type ChaosCloud, openChaosCloud, root } from './world/cloud.ts';
import { brokerMoved } from './world/kafka-addresses.ts';
import { startProxy, type TcpProxy } from './world/proxy.ts';
import { thawAll } from './world/signals.ts';
import { closeVolumes, openVolumes, type Volumes } from './world/volumes.ts';
import { deployedOf, type Link, World, wireFunctions } from './world/world.ts';

const PIPELINES = ['delays', 'airframes'];
const BROKERS_PARAMETER = '/bifold/chaos/brokers';
/** The share of departures among the events: the rest are legs. */
const SHARE_OF_DELAYS = 2 / 3;

/** The options of the command line. */
interface Asked {
  readonly minutes: number;
  readonly seed: number | null;
  readonly rate: number;
  /** Kinds of faults; none means all. */
  readonly only: readonly string[];
  /** Null is where it lives by itself. */
  readonly stateDir: string | null;
  readonly keep: boolean;
  readonly json: boolean;
}

/** The whole run, from an empty cloud to a report: gives the status that the process ends with. */
export async function chaos({ minutes, rate, keep, json, ...asked }: Asked): Promise<number> {
  const only = asked.only.length === 0 ? null : asked.only;
  const seed = asked.seed ?? Date.now() % 1_000_000;
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => interrupted.abort(new Error('interrupted')));
  const stateDir = resolve(asked.stateDir ?? join(root, '.bifold', 'chaos'));
  const softwareDir = process.env.BIFOLD_SOFTWARE_DIR ?? cloudPaths({ root }).softwareDir;
  const cloud = await openChaosCloud(stateDir, softwareDir);
  // Data of a killed run is useless.
  await cloud.json('down');
  await closeVolumes(stateDir);
  await cloud.json('down', '--delete');
  const volumes = await openVolumes(stateDir);
  const closing: (() => Promise<unknown>)[] = [];
  let report: ChaosReport | null = null;
  try {
    tell(
      `seed ${seed}: npm run chaos -- --seed ${seed} --minutes ${minutes}${only === null ? '' : only.map((kind) => ` --only '${kind}'`).join('')}`,
    );
    report = await Promise.race([
      streamUnderFaults(cloud, volumes, closing, { seed, minutes, rate, only, signal: interrupted.signal }),
      // Ends any wait.
      new Promise<never>((_, reject) => {
        interrupted.signal.addEventListener('abort', () => reject(interrupted.signal.reason));
      }),
    ]);
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
    tell('interrupted');
    return 130;
  } finally {
    thawAll();
    tell('ending the processes of this run');
    await Promise.allSettled(closing.map((close) => close()));
    const isKept = keep || (report !== null && !report.passed);
    await cloud.json('down');
    if (isKept) tell(`kept: ${stateDir}`);
    else {
      await closeVolumes(stateDir);
      rmSync(stateDir, { recursive: true, force: true });
    }
  }
  process.stdout.write(`${json ? JSON.stringify(report, null, 2) : `\n${reportText(report)}`}\n`);
  return report.passed ? 0 : 1;
}

interface Options {
  readonly seed: number;
  readonly minutes: number;
  readonly rate: number;
  readonly only: readonly string[] | null;
  readonly signal: AbortSignal;
}

async function streamUnderFaults(
  cloud: ChaosCloud,
  volumes: Volumes,
  closing: (() => Promise<unknown>)[],
  options: Options,
): Promise<ChaosReport> {
  const { seed, minutes, only, signal } = options;
  const flights = await ensureFlights(
    cloudPaths({ root, stateDir: cloud.stateDir, softwareDir: cloud.softwareDir }),
    () => undefined,
  );
  tell('starting the cloud');
  await cloud.json('up');
  signal.throwIfAborted();
  const links = await openLinks(cloud, closing);
  const lambda = new LambdaClient(clientSettings(cloud));
  await deploy(cloud, links['trigger-kafka']);
  await loadLookups(cloud, flights);
  await wireFunctions(cloud, lambda, links, volumes);
  signal.throwIfAborted();

  const violations: string[] = [];
  const startedAtMs = performance.now();
  const tellTimed = (line: string) =>
    tell(`${((performance.now() - startedAtMs) / 1000).toFixed(1).padStart(6)} s ${line}`);
  const onViolation = (text: string) => {
    violations.push(text);
    tellTimed(`WRONG ${text}`);
  };
  const streams = startStreams(cloud, flights, options);
  closing.push(() => streamsEnd(streams));
  const readers = streams.map((stream) => new Reader(stream, () => apiUrlOf(cloud, stream), onViolation));
  const world = new World({ cloud, streams, readers, links, lambda, volumes });
  return runChaos(world, violations, { seed, minutes, only, signal, tell: tellTimed });
}

function clientSettings({ addresses: { aws } }: ChaosCloud) {
  return {
    endpoint: aws.endpoint,
    region: aws.region,
    credentials: { accessKeyId: aws.accessKeyId, secretAccessKey: aws.secretAccessKey },
    maxAttempts: 1,
    requestHandler: { connectionTimeout: 2_000, requestTimeout: 120_000 },
  };
}

/** A proxy for each link. */
async function openLinks(cloud: ChaosCloud, closing: (() => Promise<unknown>)[]): Promise<World['links']> {
  const { ports } = cloud.addresses;
  const moved = brokerMoved('127.0.0.1', ports.kafka);
  const link = async (name: Link, targetPort: number, rewrite?: typeof moved) => {
    const proxy = await startProxy({ name, targetPort, ...(rewrite === undefined ? {} : { rewrite }) });
    closing.push(() => proxy.close());
    return proxy;
  };
  return {
    'functions-cassandra': await link('functions-cassandra', ports.cassandra),
    'functions-kafka': await link('functions-kafka', ports.kafka, moved),
    'functions-emulator': await link('functions-emulator', ports.emulator),
    'trigger-kafka': await link('trigger-kafka', ports.kafka, moved),
  };
}

/** Deploys the pipelines, whose trigger reaches the brokers through its proxy. */
async function deploy(cloud: ChaosCloud, { port }: TcpProxy): Promise<void> {
  const ssm = new SSMClient(clientSettings(cloud));
  await ssm.send(
    new PutParameterCommand({
      Name: BROKERS_PARAMETER,
      Type: 'String',
      Overwrite: true,
      Value: `127.0.0.1:${port}`,
    }),
  );
  tell(`deploying ${PIPELINES.join(' and ')}`);
  await cloud.json(
    ...['deploy', ...PIPELINES, '-c', `kafkaBrokersParameter=${BROKERS_PARAMETER}`],
    ...['-c', 'archiveRate=rate(1 minute)', '-c', 'recomputeRate=rate(1 minute)', '-c', 'sweepRate=rate(1 minute)'],
  );
}

function startStreams(cloud: ChaosCloud, flights: Flights, { seed, minutes, rate }: Options): readonly Stream[] {
  const broker = cloud.addresses.kafka.brokersInternal;
  const [delays, airframes] = viewsOf(flights, Math.ceil(rate * (minutes + 5) * 60));
  return [
    ...(delays ? [startStream(delays, broker, rate * SHARE_OF_DELAYS, randomOf(seed, 'delays'))] : []),
    ...(airframes ? [startStream(airframes, broker, rate * (1 - SHARE_OF_DELAYS), randomOf(seed, 'airframes'))] : []),
  ];
}

/** The address of a view's API, which changes when it is deployed again. */
function apiUrlOf(cloud: ChaosCloud, { view: { name } }: Stream): string {
  return `${cloud.addresses.aws.endpoint}/_aws/execute-api/${deployedOf(cloud, name).apiId}/$default/views/${name}`;
}

async function loadLookups(cloud: ChaosCloud, flights: Flights): Promise<void> {
  for (const [table, file] of [
    ['airlines', flights.airlinesFile],
    ['planes', flights.planesFile],
  ] as const)
    await cloud.json('lookup', 'load', table, '--file', file);
}
