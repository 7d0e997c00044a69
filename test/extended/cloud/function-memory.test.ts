import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CreateFunctionCommand, InvokeCommand, LambdaClient, type Runtime } from '@aws-sdk/client-lambda';
import { type Cloud, ensureSoftware, openCloud } from '@bifold/cloud';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const onLinux = process.platform === 'linux' ? describe : describe.skip;

/**
 * Allocates and touches the requested MiB, and answers; or lets a child do so, and waits for it.
 */
const TAKES_MEMORY = `
const { spawnSync } = require('node:child_process');
const take = (mib) => Array.from({ length: mib }, () => Buffer.alloc(1 << 20, 1)).length;
exports.handler = async ({ mib = 0, childMib = 0 }) => {
  const taken = take(mib);
  if (childMib > 0) {
    const script = \`const kept = Array.from({ length: \${childMib} }, () => Buffer.alloc(1 << 20, 1));
      setTimeout(() => console.log(kept.length), 5_000)\`;
    const { signal } = spawnSync(process.execPath, ['-e', script]);
    return { signal };
  }
  await new Promise((resolve) => setTimeout(resolve, 100));
  return { taken };
};
`;

/** Maps a file of this size into memory: its pages are resident, and the kernel may drop them. */
const MAPS_A_FILE = `
import mmap, os, tempfile
def handler(event, context):
    with tempfile.TemporaryFile() as file:
        for _ in range(event["mib"]):
            file.write(b"1" * (1 << 20))
        file.flush()
        os.fsync(file.fileno())
        with mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as mapped:
            ones = sum(mapped[at] == 49 for at in range(0, len(mapped), 4096))
            status = open("/proc/self/status").read()
            resident = int(status.split("RssFile:")[1].split()[0]) // 1024
    return {"pages": ones, "residentMiB": resident}
`;

const MEMORY_SIZE_MB = 128;

onLinux('the memory of a function', () => {
  let folder: string;
  let cloud: Cloud;
  let lambda: LambdaClient;

  const create = async (name: string, runtime: Runtime, file: string, code: string) => {
    const zip = join(folder, `${name}.zip`);
    writeFileSync(join(folder, file), code);
    const { python } = await ensureSoftware(cloud.paths);
    execFileSync(python, ['-m', 'zipfile', '-c', zip, file], { cwd: folder });
    await lambda.send(
      new CreateFunctionCommand({
        FunctionName: name,
        Runtime: runtime,
        Handler: `${file.split('.')[0]}.handler`,
        Role: 'arn:aws:iam::000000000000:role/any',
        Code: { ZipFile: readFileSync(zip) },
        MemorySize: MEMORY_SIZE_MB,
        Timeout: 60,
      }),
    );
  };
  const invoke = async (name: string, event: unknown) => {
    const payload = Buffer.from(JSON.stringify(event));
    const answer = await lambda.send(new InvokeCommand({ FunctionName: name, Payload: payload, LogType: 'Tail' }));
    return {
      error: answer.FunctionError,
      payload: JSON.parse(Buffer.from(answer.Payload ?? []).toString()) as Readonly<Record<string, unknown>>,
      log: Buffer.from(answer.LogResult ?? '', 'base64').toString(),
    };
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'bifold-memory-'));
    cloud = await openCloud({
      root,
      stateDir: join(folder, 'state'),
      softwareDir: join(root, '.bifold', 'software'),
      only: ['emulator'],
    });
    await cloud.up();
    const { endpoint, region, accessKeyId, secretAccessKey } = cloud.addresses.aws;
    lambda = new LambdaClient({ endpoint, region, credentials: { accessKeyId, secretAccessKey } });
    await create('takes', 'nodejs24.x', 'takes.js', TAKES_MEMORY);
    await create('maps', 'python3.13', 'maps.py', MAPS_A_FILE);
  });
  afterAll(async () => {
    await cloud.down({ deleteData: true });
    rmSync(folder, { recursive: true });
  });

  const killed = {
    errorType: 'Runtime.ExitError',
    errorMessage: expect.stringMatching(/^RequestId: \S+ Error: Runtime exited with error: signal: killed$/),
  };

  it('ends an invocation beyond its limit as Lambda does; the next one has a new process', async () => {
    const { error, payload, log } = await invoke('takes', { mib: 300 });
    expect(error).toBe('Unhandled');
    expect(payload).toEqual(killed);
    expect(log).toContain('Runtime exited with error: signal: killed');
    expect(await invoke('takes', { mib: 1 })).toMatchObject({ error: undefined, payload: { taken: 1 } });
  });

  it('counts what its children take', async () => {
    expect(await invoke('takes', { childMib: 300 })).toMatchObject({ error: 'Unhandled', payload: killed });
  });

  it('does not count pages of files, which the kernel can drop', async () => {
    const mib = 300;
    const { error, payload } = await invoke('maps', { mib });
    expect({ error, pages: payload.pages }).toEqual({ error: undefined, pages: mib * 256 });
    expect(payload.residentMiB).toBeGreaterThan(MEMORY_SIZE_MB);
  });
});
