import { LambdaClient, ListEventSourceMappingsCommand } from '@aws-sdk/client-lambda';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { sleep } from './backoff.ts';
import { messageOf, TriggerError } from './errors.ts';
import { lambdaInvoke } from './invoke.ts';
import type { Log } from './log.ts';
import { type KafkaMapping, parseMapping, type RefusedMapping } from './mapping.ts';
import { type Poller, type PollerLimits, pollerLimitsDefault, startPoller } from './poller.ts';
import type { Credentials } from './source.ts';
import { type MappingState, mappingState, serveState, type TriggerState } from './state.ts';

export interface TriggerOptions {
  /** The endpoint of Lambda and Secrets Manager; null for AWS itself. */
  readonly endpoint: string | null;
  readonly region: string;
  /** Loopback port of `/state` and `/health`; 0 for any free one. */
  readonly statePort: number;
  readonly limits?: Partial<PollerLimits>;
  readonly log: Log;
}

export interface Trigger {
  readonly statePort: number;
  readonly state: () => TriggerState;
  stop(): Promise<void>;
}

const mappingsIntervalMs = 1_000;
const controlTimeoutMs = 30_000;
// A refused connection is seen at once; only a loaded machine accepts one late.
const connectionTimeoutMs = 15_000;
/**
 * A function may run for 14 minutes; giving up sooner would start a second invocation of the same
 * records.
 */
const invokeTimeoutMs = 15.5 * 60_000;

/** Follows the Kafka mappings of a Lambda API: one poller for each that is enabled. */
export async function startTrigger({ endpoint, region, statePort, limits, log }: TriggerOptions): Promise<Trigger> {
  const aws = { region, ...(endpoint === null ? {} : { endpoint }), ...credentialsFor(endpoint), maxAttempts: 1 };
  const control = {
    ...aws,
    requestHandler: { connectionTimeout: connectionTimeoutMs, requestTimeout: controlTimeoutMs },
  };
  const listing = new LambdaClient(control);
  const secrets = new SecretsManagerClient(control);
  const invoking = new LambdaClient({
    ...aws,
    requestHandler: {
      connectionTimeout: connectionTimeoutMs,
      requestTimeout: invokeTimeoutMs,
      httpAgent: { keepAlive: true, maxSockets: Number.POSITIVE_INFINITY },
      httpsAgent: { keepAlive: true, maxSockets: Number.POSITIVE_INFINITY },
    },
  });
  const ports = {
    invoke: lambdaInvoke(invoking),
    readCredentials: credentialsReader(secrets),
    log,
    random: Math.random,
  };
  const pollerLimits = { ...pollerLimitsDefault, ...limits };

  interface Followed {
    readonly fingerprint: string;
    readonly state: MappingState;
    readonly poller: Poller | null;
    retired: Promise<void> | null;
  }
  const followed = new Map<string, Followed>();
  const lambdaApi: TriggerState['lambdaApi'] = { reachable: null, reason: null };
  const read = (): TriggerState => ({ lambdaApi, mappings: [...followed.values()].map(({ state }) => state) });
  const served = await serveState(statePort, read);
  const stopping = new AbortController();

  const start = (mapping: KafkaMapping | RefusedMapping): Followed => {
    const state = mappingState(mapping);
    const isPolled = mapping.kind === 'kafka' && mapping.enabled;
    if (mapping.kind === 'refused') log('error', mapping.reason, { mapping: mapping.uuid });
    else log('info', isPolled ? 'polling' : 'disabled', { ...mapping });
    return {
      fingerprint: JSON.stringify(mapping),
      state,
      poller: isPolled ? startPoller(mapping, state, pollerLimits, ports) : null,
      retired: null,
    };
  };

  /**
   * A poller that stops keeps its place until it has left its group, so that its successor never
   * runs beside it.
   */
  const retire = (uuid: string, entry: Followed): Promise<void> => {
    entry.retired ??= (entry.poller?.stop() ?? Promise.resolve())
      .catch((error: unknown) => log('error', 'a poller did not stop well', { reason: messageOf(error) }))
      .then(() => {
        log('info', 'stopped', { mapping: uuid });
        followed.delete(uuid);
      });
    return entry.retired;
  };

  const follow = (mappings: ReadonlyMap<string, KafkaMapping | RefusedMapping>) => {
    for (const [uuid, entry] of followed) {
      const mapping = mappings.get(uuid);
      if (mapping === undefined || JSON.stringify(mapping) !== entry.fingerprint) void retire(uuid, entry);
    }
    for (const [uuid, mapping] of mappings) {
      if (!followed.has(uuid)) followed.set(uuid, start(mapping));
    }
  };

  const run = async () => {
    while (!stopping.signal.aborted) {
      try {
        follow(await listMappings(listing));
        if (lambdaApi.reachable !== true) log('info', 'the Lambda API answers', { endpoint });
        lambdaApi.reachable = true;
        lambdaApi.reason = null;
      } catch (error) {
        // Pollers go on: what is known of the mappings holds until the API says otherwise.
        const reason = messageOf(error);
        if (lambdaApi.reachable === true) log('warn', 'the Lambda API does not answer', { endpoint, reason });
        if (lambdaApi.reachable === true) lambdaApi.reachable = false;
        lambdaApi.reason = reason;
      }
      await sleep(mappingsIntervalMs, stopping.signal);
    }
  };
  const running = run();

  return {
    statePort: served.port,
    state: read,
    async stop() {
      stopping.abort();
      await running;
      await Promise.all([...followed].map(([uuid, entry]) => retire(uuid, entry)));
      served.server.closeAllConnections();
      served.server.close();
      for (const client of [listing, secrets, invoking]) client.destroy();
    },
  };
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

/** An emulator takes any credentials; the SDK's search for real ones would only delay the start. */
function credentialsFor(endpoint: string | null): { credentials?: { accessKeyId: string; secretAccessKey: string } } {
  if (endpoint === null || process.env.AWS_ACCESS_KEY_ID !== undefined) return {};
  return { credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
}
