import { setTimeout as sleep } from 'node:timers/promises';
import {
  GetFunctionConfigurationCommand,
  InvokeCommand,
  type LambdaClient,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import type { MappingState } from '@bifold/trigger';
import type { Reader } from '../judge/reader.ts';
import type { Stream } from '../stream/driver.ts';
import { type ChaosCloud, readJson, type Service } from './cloud.ts';
import type { TcpProxy } from './proxy.ts';
import { mappingsAt } from './trigger.ts';
import type { Volumes } from './volumes.ts';

/** The connections that faults can break, each through a separate proxy. */
export const LINKS = ['functions-cassandra', 'functions-kafka', 'functions-emulator', 'trigger-kafka'] as const;
export type Link = (typeof LINKS)[number];

export type Role = 'speed' | 'archive' | 'recompute' | 'query' | 'sweep';
export const JOBS = ['archive', 'recompute', 'sweep'] as const;
export type Job = (typeof JOBS)[number];

export type Invoked =
  | { readonly kind: 'succeeded'; readonly result: unknown }
  | { readonly kind: 'failed'; readonly message: string };

interface Deployed {
  readonly apiId: string;
  readonly functions: Readonly<Record<Role, string>>;
}

/** Everything that a fault can take hold of. */
export class World {
  readonly cloud: ChaosCloud;
  readonly streams: readonly Stream[];
  readonly readers: readonly Reader[];
  readonly links: Readonly<Record<Link, TcpProxy>>;
  readonly lambda: LambdaClient;
  readonly volumes: Volumes;

  constructor(parts: Pick<World, 'cloud' | 'streams' | 'readers' | 'links' | 'lambda' | 'volumes'>) {
    this.cloud = parts.cloud;
    this.streams = parts.streams;
    this.readers = parts.readers;
    this.links = parts.links;
    this.lambda = parts.lambda;
    this.volumes = parts.volumes;
  }

  /**
   * Starts missing services, as a user does.
   * @returns the services that it started
   */
  async up(): Promise<readonly string[]> {
    const { started, deployed } = await this.cloud.json<{ started: string[]; deployed: string[] }>('up');
    if (deployed.length > 0) await wireFunctions(this.cloud, this.lambda, this.links, this.volumes);
    return started;
  }

  functionOf(stream: Stream, role: Role): string {
    return deployedOf(this.cloud, stream.view.name).functions[role];
  }

  workersOf(stream: Stream, role: Role): readonly number[] {
    return this.cloud.workersOf(this.functionOf(stream, role));
  }

  /** The state of the stack's own mapping of a view; null when the trigger does not answer. */
  async mappingOf(stream: Stream): Promise<MappingState | null> {
    const name = this.functionOf(stream, 'speed');
    const mappings = await mappingsAt(this.cloud.triggerUrl());
    return (
      mappings.find(({ functionArn, groupId }) => functionArn.endsWith(`:${name}`) && !groupId?.startsWith('chaos')) ??
      null
    );
  }

  /** Waits for a moment in which a batch of the view is being invoked; null when none came. */
  busy(stream: Stream, withinMs = 4_000): Promise<MappingState | null> {
    return this.mappingWhen(stream, ({ invocationsInFlight }) => invocationsInFlight > 0, withinMs);
  }

  async mappingWhen(
    stream: Stream,
    holds: (mapping: MappingState) => boolean,
    withinMs: number,
  ): Promise<MappingState | null> {
    for (const giveUpAtMs = Date.now() + withinMs; Date.now() < giveUpAtMs; await sleep(3)) {
      const mapping = await this.mappingOf(stream);
      if (mapping !== null && holds(mapping)) return mapping;
    }
    return null;
  }

  async runJob(stream: Stream, job: Job): Promise<Invoked> {
    return invoke(this.lambda, this.functionOf(stream, job));
  }

  /** @returns how long it was before */
  async setTimeout(stream: Stream, role: Role, timeoutS: number): Promise<number> {
    const FunctionName = this.functionOf(stream, role);
    const { Timeout = 0 } = await this.lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
    await this.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Timeout: timeoutS }));
    return Timeout;
  }

  pidOf(service: Service): number | null {
    return this.cloud.pidOf(service);
  }
}

export function deployedOf(cloud: ChaosCloud, pipeline: string): Deployed {
  const record = readJson<{ pipelines: Readonly<Record<string, Deployed>> }>(`${cloud.stateDir}/deployments.json`);
  const deployed = record?.pipelines[pipeline];
  if (deployed === undefined) throw new Error(`${pipeline} is not deployed in ${cloud.stateDir}`);
  return deployed;
}

async function invoke(lambda: LambdaClient, FunctionName: string): Promise<Invoked> {
  try {
    const answer = await lambda.send(new InvokeCommand({ FunctionName, Payload: Buffer.from('{}') }));
    const text = Buffer.from(answer.Payload ?? []).toString();
    return answer.FunctionError === undefined
      ? { kind: 'succeeded', result: JSON.parse(text) }
      : { kind: 'failed', message: text };
  } catch (error) {
    return { kind: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * Settings that a deployment lacks: the functions' own route to the emulator, a route to Kafka
 * apart from the trigger's, and a scratch folder that can be filled.
 */
export async function wireFunctions(
  cloud: ChaosCloud,
  lambda: LambdaClient,
  links: World['links'],
  { scratchDir }: Volumes,
): Promise<void> {
  const { pipelines } = readJson<{ pipelines: Readonly<Record<string, Deployed>> }>(
    `${cloud.stateDir}/deployments.json`,
  ) ?? { pipelines: {} };
  const endpoint = `http://127.0.0.1:${links['functions-emulator'].port}`;
  for (const FunctionName of Object.values(pipelines).flatMap(({ functions }) => Object.values(functions))) {
    const { Environment } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
    const variables = Environment?.Variables ?? {};
    const address = (name: string, link: Link) =>
      variables[name] === undefined ? {} : { [name]: `127.0.0.1:${links[link].port}` };
    await lambda.send(
      new UpdateFunctionConfigurationCommand({
        FunctionName,
        Environment: {
          Variables: {
            ...variables,
            AWS_ENDPOINT_URL: endpoint,
            AWS_ENDPOINT_URL_S3: endpoint,
            TMPDIR: scratchDir,
            ...address('KAFKA_BROKERS', 'functions-kafka'),
            ...address('CASSANDRA_CONTACT_POINTS', 'functions-cassandra'),
          },
        },
      }),
    );
  }
  await cloud.checkpoint();
}
