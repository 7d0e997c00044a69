import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CloudAddresses, type CloudPaths, cleanEnvironment, portsSavedIn, type ServiceSpec } from '@bifold/cloud';
import { readJson } from '../records/files.ts';

const loopback = '127.0.0.1';

/** The port of the trigger's state. It is chosen once. */
export async function savedTriggerPort({ stateDir, portsFile }: CloudPaths): Promise<number> {
  const others = Object.values(readJson<Record<string, number>>(portsFile) ?? {});
  return (await portsSavedIn(join(stateDir, 'trigger.json'), ['statePort'], others)).statePort;
}

/** The Node binary of this checkout, so that every way to run `up` starts the same program. */
function checkoutNode(root: string): string {
  const installed = join(root, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node');
  return existsSync(installed) ? installed : process.execPath;
}

/** The Kafka trigger, which stands for AWS's own pollers. */
export function triggerService(root: string, { aws }: CloudAddresses, paths: CloudPaths, port: number): ServiceSpec {
  const sources = join(root, 'infra', 'trigger', 'src');
  const revision = createHash('sha256');
  for (const file of readdirSync(sources, { recursive: true, encoding: 'utf8' }).sort()) {
    if (file.endsWith('.ts') && !file.endsWith('.test.ts')) revision.update(readFileSync(join(sources, file)));
  }
  return {
    name: 'trigger',
    command: checkoutNode(root),
    args: [join(sources, 'main.ts'), '--endpoint', aws.endpoint, '--region', aws.region, '--state-port', String(port)],
    revision: revision.digest('hex'),
    env: cleanEnvironment({
      AWS_ACCESS_KEY_ID: aws.accessKeyId,
      AWS_SECRET_ACCESS_KEY: aws.secretAccessKey,
      TMPDIR: join(paths.tmpDir, 'trigger'),
    }),
    ports: { state: port },
    dependsOn: ['kafka', 'emulator'],
    health: async () => {
      try {
        const response = await fetch(`http://${loopback}:${port}/health`, { signal: AbortSignal.timeout(3_000) });
        await response.arrayBuffer();
        return response.ok
          ? { healthy: true, detail: 'follows the mappings' }
          : { healthy: false, detail: 'has not read the mappings yet' };
      } catch (error) {
        return { healthy: false, detail: error instanceof Error ? error.message : String(error) };
      }
    },
  };
}
