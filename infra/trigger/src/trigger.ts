import type { Server } from 'node:http';
import { LambdaClient, ListEventSourceMappingsCommand } from '@aws-sdk/client-lambda';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { messageOf, TriggerError } from './errors.ts';
import { lambdaInvoke } from './invoke.ts';
import type { Credentials } from './kafka/connection.ts';
import type { Log } from './log.ts';
import { type KafkaMapping, parseMapping, type RefusedMapping } from './mapping.ts';
import { sleep } from './poller/backoff.ts';
import { type Poller, type PollerLimits, type PollerPorts, pollerLimitsDefault, startPoller } from './poller/poller.ts';
import { type MappingState, mappingState, type TriggerState } from './state.ts';
import { serveState } from './state-server.ts';

export interface TriggerOptions {
  /** The endpoint of Lambda and Secrets Manager. Null for AWS. */
  readonly endpoint: string | null;
  readonly region: string;
  /** Loopback port of `/state` and `/health`; 0 for any free one. */
  readonly statePort: number;
  readonly limits?: Partial<PollerLimits>;
  readonly log: Log;
}

export interface Trigger {
  readonly statePort: number;
  state(): TriggerState;
  stop(): Promise<void>;
}

const mappingsIntervalMs = 1_000;
const controlTimeoutMs = 30_000;
// A refused connection is seen at once; only a loaded machine accepts one late.
const connectionTimeoutMs = 15_000;
/**
 * A function may run for 14 minutes. A shorter timeout would invoke it again with the same records.
 */
const invokeTimeoutMs = 15.5 * 60_000;

/** Runs one poller for each enabled Kafka mapping of a Lambda API. */
export async function startTrigger(options: TriggerOptions): Promise<Trigger> {
  const trigger = new MappingTrigger(options);
  await trigger.start(options.statePort);
  return trigger;
}

interface Clients {
  readonly listing: LambdaClient;
  readonly secrets: SecretsManagerClient;
  readonly invoking: LambdaClient;
}

function clientsOf(endpoint: string | null, region: string): Clients {
  const aws = { region, ...(endpoint === null ? {} : { endpoint }), ...credentialsFor(endpoint), maxAttempts: 1 };
  const control = {
    ...aws,
    requestHandler: { connectionTimeout: connectionTimeoutMs, requestTimeout: controlTimeoutMs },
  };
  return {
    listing: new LambdaClient(control),
    secrets: new SecretsManagerClient(control),
    invoking: new LambdaClient({
      ...aws,
      requestHandler: {
        connectionTimeout: connectionTimeoutMs,
        requestTimeout: invokeTimeoutMs,
        httpAgent: { keepAlive: true, maxSockets: Number.POSITIVE_INFINITY },
        httpsAgent: { keepAlive: true, maxSockets: Number.POSITIVE_INFINITY },
      },
    }),
  };
}

/** A mapping, and the poller that runs it if it is enabled. */
interface Followed {
  readonly fingerprint: string;
  readonly state: MappingState;
  readonly poller: Poller | null;
  retired: Promise<void> | null;
}

class MappingTrigger implements Trigger {
  readonly #endpoint: string | null;
  readonly #log: Log;
  readonly #clients: Clients;
  readonly #limits: PollerLimits;
  readonly #ports: PollerPorts;
  readonly #followed = new Map<string, Followed>();
  readonly #lambdaApi: TriggerState['lambdaApi'] = { reachable: null, reason: null };
  readonly #stopping = new AbortController();
  #served: { readonly server: Server; readonly port: number } | null = null;
  #running: Promise<void> = Promise.resolve();

  constructor({ endpoint, region, limits, log }: TriggerOptions) {
    this.#endpoint = endpoint;
    this.#log = log;
    this.#clients = clientsOf(endpoint, region);
    this.#limits = { ...pollerLimitsDefault, ...limits };
    this.#ports = {
      invoke: lambdaInvoke(this.#clients.invoking),
      readCredentials: credentialsReader(this.#clients.secrets),
      log,
      random: Math.random,
    };
  }

  get statePort(): number {
    return this.#served?.port ?? 0;
  }

  async start(statePort: number): Promise<void> {
    this.#served = await serveState(statePort, () => this.state());
    this.#running = this.#run();
  }

  state(): TriggerState {
    return { lambdaApi: this.#lambdaApi, mappings: [...this.#followed.values()].map(({ state }) => state) };
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await Promise.all([...this.#followed].map(([uuid, entry]) => this.#retire(uuid, entry)));
    this.#served?.server.closeAllConnections();
    this.#served?.server.close();
    for (const client of Object.values(this.#clients)) client.destroy();
  }

  #follow(mappings: ReadonlyMap<string, KafkaMapping | RefusedMapping>): void {
    for (const [uuid, entry] of this.#followed) {
      const mapping = mappings.get(uuid);
      if (mapping === undefined || JSON.stringify(mapping) !== entry.fingerprint) void this.#retire(uuid, entry);
    }
    for (const [uuid, mapping] of mappings) {
      if (!this.#followed.has(uuid)) this.#followed.set(uuid, this.#startOf(mapping));
    }
  }

  #startOf(mapping: KafkaMapping | RefusedMapping): Followed {
    const state = mappingState(mapping);
    const isPolled = mapping.kind === 'kafka' && mapping.enabled;
    if (mapping.kind === 'refused') this.#log('error', mapping.reason, { mapping: mapping.uuid });
    else this.#log('info', isPolled ? 'polling' : 'disabled', { ...mapping });
    return {
      fingerprint: JSON.stringify(mapping),
      state,
      poller: isPolled ? startPoller(mapping, state, this.#limits, this.#ports) : null,
      retired: null,
    };
  }

  /**
   * A stopping poller stays registered until it has left its group, so that its successor never
   * runs concurrently.
   */
  #retire(uuid: string, entry: Followed): Promise<void> {
    entry.retired ??= (entry.poller?.stop() ?? Promise.resolve())
      .catch((error: unknown) => this.#log('error', 'a poller did not stop well', { reason: messageOf(error) }))
      .then(() => {
        this.#log('info', 'stopped', { mapping: uuid });
        this.#followed.delete(uuid);
      });
    return entry.retired;
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        this.#follow(await listMappings(this.#clients.listing));
        this.#showReachable();
      } catch (error) {
        // Pollers continue: the known mappings are valid until the API reports others.
        this.#showUnreachable(messageOf(error));
      }
      await sleep(mappingsIntervalMs, this.#stopping.signal);
    }
  }

  #showReachable(): void {
    if (this.#lambdaApi.reachable !== true) this.#log('info', 'the Lambda API answers', { endpoint: this.#endpoint });
    this.#lambdaApi.reachable = true;
    this.#lambdaApi.reason = null;
  }

  /** Shows that the API is unreachable. Before the first response, its state is unknown instead. */
  #showUnreachable(reason: string): void {
    if (this.#lambdaApi.reachable === true) {
      this.#log('warn', 'the Lambda API does not answer', { endpoint: this.#endpoint, reason });
      this.#lambdaApi.reachable = false;
    }
    this.#lambdaApi.reason = reason;
  }
}

async function listMappings(lambda: LambdaClient): Promise<Map<string, KafkaMapping | RefusedMapping>> {
  const mappings = new Map<string, KafkaMapping | RefusedMapping>();
  let marker: string | undefined;
  do {
    const page = await lambda.send(new ListEventSourceMappingsCommand(marker === undefined ? {} : { Marker: marker }));
    for (const entry of page.EventSourceMappings ?? []) {
      const mapping = parseMapping(entry);
      if (mapping.kind !== 'foreign') mappings.set(mapping.uuid, mapping);
    }
    marker = page.NextMarker === '' ? undefined : page.NextMarker;
  } while (marker !== undefined);
  return mappings;
}

function credentialsReader(secrets: SecretsManagerClient): (secretId: string) => Promise<Credentials> {
  return async (secretId) => {
    const { SecretString: text = '' } = await secrets.send(new GetSecretValueCommand({ SecretId: secretId }));
    const { username, password } = parseSecret(text);
    if (typeof username === 'string' && typeof password === 'string') return { username, password };
    throw new TriggerError('TRIGGER_SECRET_INVALID', {
      failed: `the secret ${secretId} does not hold the credentials of the brokers`,
      received: 'another text (not shown)',
      allowed: '{"username": "...", "password": "..."}',
      remedy: 'put a new value into the secret',
    });
  };
}

function parseSecret(text: string): { username?: unknown; password?: unknown } {
  try {
    return (JSON.parse(text) as object | null) ?? {};
  } catch {
    return {};
  }
}

/** An emulator accepts any credentials. The SDK's search for real ones would delay the start. */
function credentialsFor(endpoint: string | null): { credentials?: { accessKeyId: string; secretAccessKey: string } } {
  if (endpoint === null || process.env.AWS_ACCESS_KEY_ID !== undefined) return {};
  return { credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
}
