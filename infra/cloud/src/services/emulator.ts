import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { CloudError } from '../errors.ts';
import { type CloudPaths, serviceTmpDir, softwareSources } from '../paths.ts';
import { loopback, type Ports } from '../processes/ports.ts';
import { type HealthReport, patienceMs } from '../processes/probes.ts';
import type { Software } from '../software.ts';
import { cleanEnvironment, type ServiceSpec } from './services.ts';

export const region = 'us-east-1';
export const accountId = '000000000000';

const health = async (endpoint: string): Promise<HealthReport> => {
  try {
    const response = await fetch(`${endpoint}/_ministack/health`, { signal: AbortSignal.timeout(patienceMs) });
    await response.arrayBuffer();
    return response.ok
      ? { healthy: true, detail: 'answers' }
      : { healthy: false, detail: `health is HTTP ${response.status}` };
  } catch (error) {
    return { healthy: false, detail: error instanceof Error ? error.message : String(error) };
  }
};

/**
 * Makes the emulator store its deployments, so that a kill -9 loses only queued messages.
 * @throws when the emulator does not answer.
 */
export const checkpoint = async (ports: Ports): Promise<void> => {
  const response = await fetch(`http://${loopback}:${ports.emulator}/_bifold/checkpoint`, {
    method: 'POST',
    signal: AbortSignal.timeout(120_000),
  });
  if (response.status !== 204)
    throw new CloudError('BIFOLD_CHECKPOINT_FAILED', {
      failed: 'writing down the state of the emulator',
      received: `HTTP ${response.status}`,
      allowed: 'HTTP 204 from an emulator that this cloud started',
      remedy: 'start the cloud again, then repeat the command',
    });
};

/** A digest of the Python files that the emulator is started with. */
const programRevision = (): string => {
  const hash = createHash('sha256');
  const files = readdirSync(softwareSources).filter((file) => file.endsWith('.py'));
  for (const file of files.sort()) hash.update(readFileSync(join(softwareSources, file)));
  return hash.digest('hex');
};

export const emulatorService = (paths: CloudPaths, ports: Ports, software: Software): ServiceSpec => {
  const dataDir = join(paths.dataDir, 'emulator');
  const endpoint = `http://${loopback}:${ports.emulator}`;
  return {
    name: 'emulator',
    command: software.python,
    // -B: do not write bytecode into the checkout, which contains the modules.
    args: ['-B', join(softwareSources, 'emulator.py')],
    revision: programRevision(),
    env: cleanEnvironment({
      // The Node of the checkout comes first, because the emulator runs functions with the first
      // `node` in PATH.
      PATH: [join(paths.root, 'node_modules', '.bin'), process.env.PATH ?? ''].join(delimiter),
      BIND_HOST: loopback,
      GATEWAY_PORT: String(ports.emulator),
      AWS_ENDPOINT_URL: endpoint,
      AWS_ENDPOINT_URL_S3: endpoint,
      MINISTACK_HOST: loopback,
      MINISTACK_REGION: region,
      MINISTACK_ACCOUNT_ID: accountId,
      IOT_MTLS_ENABLED: '0',
      LAMBDA_EXECUTOR: 'local',
      PERSIST_STATE: '1',
      STATE_DIR: join(dataDir, 'state'),
      S3_PERSIST: '1',
      S3_DATA_DIR: join(dataDir, 's3'),
      TMPDIR: serviceTmpDir(paths, 'emulator'),
      LOG_LEVEL: 'WARNING',
      // The worker script of the emulator calls url.parse; without this each cold start logs a
      // warning about it.
      NODE_OPTIONS: '--disable-warning=DEP0169',
      PYTHONUNBUFFERED: '1',
    }),
    ports: { http: ports.emulator },
    prepare: async () => {
      mkdirSync(join(dataDir, 's3'), { recursive: true });
      // Functions run from this folder: the checkout's own "type": "module" would reach the
      // emulator's CommonJS worker script.
      mkdirSync(serviceTmpDir(paths, 'emulator'), { recursive: true });
      writeFileSync(join(serviceTmpDir(paths, 'emulator'), 'package.json'), '{"type":"commonjs"}\n');
    },
    health: () => health(endpoint),
  };
};
