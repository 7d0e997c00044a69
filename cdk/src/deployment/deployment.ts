import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { DeploymentError } from '../errors.ts';
import { type FunctionRole, type PipelineRole, stackName } from '../names.ts';

export interface DeploymentOptions {
  readonly pipeline: string;
  /** Ids of the topics that its relay is bound to; absent where it has none. */
  readonly sources?: Readonly<Record<string, string>>;
  /** Context values of the app, by name. */
  readonly context?: Readonly<Record<string, string>>;
  /**
   * Added to the environment of this process: credentials, region, and for an emulator
   * `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_S3`.
   */
  readonly environment?: Readonly<Record<string, string>>;
  /** Called with every line that the CDK command line prints. */
  readonly onProgress?: (line: string) => void;
  readonly signal?: AbortSignal;
}

export interface DeployOptions extends DeploymentOptions {
  /** Id of the topic that the pipeline is bound to. */
  readonly topicId: string;
}

export interface Deployment {
  readonly stack: string;
  readonly version: string;
  readonly topicId: string;
  readonly apiId: string;
  /** The URL of the API on AWS. An emulator serves it under another path, by `apiId`. */
  readonly apiUrl: string;
  readonly archiveBucket: string;
  /**
   * The functions by role. `relay` exists only with a repartition topic, `train` and `learn` only
   * if models are trained on a schedule.
   */
  readonly functions: Readonly<Record<Exclude<PipelineRole, 'relay'>, string>> &
    Readonly<Partial<Record<FunctionRole, string>>>;
}

const ROOT = join(import.meta.dirname, '..', '..', '..');
const NIL_UUID = '00000000-0000-0000-0000-000000000000';
/** The number of output lines in an error: enough to see the failed step. */
const LINES_TOLD = 12;

/**
 * Deploys one pipeline. Deploying it again unchanged changes nothing. A bucket of an earlier
 * deployment is adopted.
 * @throws {DeploymentError} with the last lines of the CDK command line.
 */
export async function deployPipeline(options: DeployOptions): Promise<Deployment> {
  const { pipeline, topicId } = options;
  return inScratchFolder(async (folder) => {
    const outputsFile = join(folder, 'outputs.json');
    await cdk('deploy', options, folder, topicId, [
      '--require-approval=never',
      '--import-existing-resources',
      '--progress=events',
      `--outputs-file=${outputsFile}`,
    ]);
    return readOutputs(pipeline, JSON.parse(await readFile(outputsFile, 'utf8')));
  });
}

/**
 * Destroys the stack of a pipeline, if it exists. The bucket stays, unless it was deployed with the
 * context `archiveRemoval=delete`.
 * @throws {DeploymentError} with the last lines of the CDK command line.
 */
export async function destroyPipeline(options: DeploymentOptions): Promise<void> {
  // The app must be synthesized to know its stacks. The topic ids do not matter here.
  await inScratchFolder((folder) => cdk('destroy', options, folder, NIL_UUID, ['--force']));
}

/**
 * Runs work in a separate folder. The CDK command line locks its output folder, and deployments of
 * one checkout may run in parallel.
 */
async function inScratchFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'bifold-deploy-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function cdk(
  command: 'deploy' | 'destroy',
  { pipeline, sources, context = {}, environment = {}, onProgress, signal }: DeploymentOptions,
  folder: string,
  topicId: string,
  flags: readonly string[],
): Promise<void> {
  const values = Object.entries({
    ...context,
    pipelines: pipeline,
    [`topicId:${pipeline}`]: topicId,
    ...(sources === undefined ? {} : { [`sources:${pipeline}`]: JSON.stringify(sources) }),
  });
  const child = spawn(
    process.execPath,
    [
      join(ROOT, 'node_modules', 'aws-cdk', 'bin', 'cdk'),
      command,
      stackName(pipeline),
      `--output=${join(folder, 'cdk.out')}`,
      '--ci',
      '--no-color',
      '--no-notices',
      ...flags,
      ...values.flatMap(([name, value]) => ['--context', `${name}=${value}`]),
    ],
    {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        // The app is TypeScript, and runs on the checkout's own Node.
        PATH: [join(ROOT, 'node_modules', '.bin'), process.env.PATH ?? ''].join(delimiter),
        CDK_DISABLE_VERSION_CHECK: '1',
        CDK_DISABLE_CLI_TELEMETRY: 'true',
        ...environment,
      },
      ...(signal ? { signal } : {}),
    },
  );
  const lines: string[] = [];
  const listen = async (stream: NodeJS.ReadableStream) => {
    for await (const line of createInterface({ input: stream })) {
      if (line.trim() === '') continue;
      lines.push(line);
      onProgress?.(line);
    }
  };
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (status, killedBy) => resolve(status === 0 ? '' : `status ${status ?? killedBy}`));
  });
  const [failure] = await Promise.all([ended, listen(child.stdout), listen(child.stderr)]);
  if (failure === '') return;
  throw new DeploymentError(command === 'deploy' ? 'BIFOLD_DEPLOY_FAILED' : 'BIFOLD_DESTROY_FAILED', {
    failed: `cdk ${command} of pipeline "${pipeline}"`,
    received: [failure, ...lines.slice(-LINES_TOLD)].join('\n  '),
    allowed: 'a command that ends with status 0',
    remedy: `mend what the last lines tell, then ${command} again: it goes on from what is there`,
  });
}

function readOutputs(
  pipeline: string,
  written: Readonly<Record<string, Readonly<Record<string, string>>>>,
): Deployment {
  const stack = stackName(pipeline);
  const outputs = written[stack] ?? {};
  const read = (name: string): string => {
    const value = outputs[name];
    if (value !== undefined) return value;
    throw new DeploymentError('BIFOLD_NO_OUTPUT', {
      failed: `reading the outputs of stack "${stack}"`,
      received: Object.keys(outputs).join(', ') || 'none',
      allowed: `an output "${name}"`,
      remedy: 'deploy again, with the command line that package-lock.json pins',
    });
  };
  return {
    stack,
    version: read('ViewVersion'),
    topicId: read('TopicId'),
    apiId: read('ApiId'),
    apiUrl: read('ApiUrl'),
    archiveBucket: read('ArchiveBucket'),
    functions: Object.fromEntries(
      read('FunctionNames')
        .split(',')
        .map((entry) => entry.split('=')),
    ) as Deployment['functions'],
  };
}
