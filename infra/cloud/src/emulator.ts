import { mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type CloudPaths, softwareSources } from './paths.ts';
import { loopback, type Ports } from './ports.ts';
import type { HealthReport } from './probes.ts';
import { cleanEnvironment, type ServiceSpec } from './services.ts';
import type { Software } from './software.ts';

export const region = 'us-east-1';
export const accountId = '000000000000';

const health = async (endpoint: string): Promise<HealthReport> => {
  try {
    const response = await fetch(`${endpoint}/_ministack/health`, { signal: AbortSignal.timeout(3_000) });
    await response.arrayBuffer();
    return response.ok
      ? { healthy: true, detail: 'answers' }
      : { healthy: false, detail: `health is HTTP ${response.status}` };
  } catch (error) {
    return { healthy: false, detail: error instanceof Error ? error.message : String(error) };
  }
};

export const emulatorService = (paths: CloudPaths, ports: Ports, software: Software): ServiceSpec => {
  const dataDir = join(paths.dataDir, 'emulator');
  const endpoint = `http://${loopback}:${ports.emulator}`;
  return {
    name: 'emulator',
    command: software.python,
    args: [join(softwareSources, 'emulator.py')],
    env: cleanEnvironment({
      // The checkout's own Node comes first: the emulator runs every Node function with the first `node` it finds.
      PATH: [join(paths.root, 'node_modules', '.bin'), process.env['PATH'] ?? ''].join(delimiter),
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
      TMPDIR: join(paths.tmpDir, 'emulator'),
      LOG_LEVEL: 'WARNING',
      PYTHONUNBUFFERED: '1',
    }),
    ports: { http: ports.emulator },
    stopWithinMs: 30_000,
    prepare: async () => {
      mkdirSync(join(paths.tmpDir, 'emulator'), { recursive: true });
      mkdirSync(join(dataDir, 's3'), { recursive: true });
    },
    health: () => health(endpoint),
  };
};
