import type { CloudAddresses } from '@bifold/cloud';
import { CliError, messageOf } from '../errors.ts';

export interface LogEvent {
  readonly id: string;
  readonly timestampMs: number;
  readonly message: string;
}

const REQUEST_TIMEOUT_MS = 60_000;
const INVOKE_TIMEOUT_MS = 15 * 60_000;

interface Client {
  destroy(): void;
}

/**
 * The AWS APIs of the local cloud, for the command line. Each client is loaded at its first use.
 */
export class LocalAws {
  readonly #address: CloudAddresses['aws'];
  readonly #clients = new Map<string, Client>();

  constructor(address: CloudAddresses['aws']) {
    this.#address = address;
  }

  /** Writes parameters that differ, and returns their names. */
  ensureParameters(wanted: Readonly<Record<string, string>>): Promise<readonly string[]> {
    return this.#attempt('writing the parameters', async () => {
      const { GetParametersCommand, PutParameterCommand, SSMClient } = await import('@aws-sdk/client-ssm');
      const ssm = this.#client('ssm', () => new SSMClient(this.#settings()));
      const { Parameters = [] } = await ssm.send(new GetParametersCommand({ Names: Object.keys(wanted) }));
      const stored = new Map(Parameters.map(({ Name, Value }) => [Name, Value]));
      const different = Object.entries(wanted).filter(([name, value]) => stored.get(name) !== value);
      for (const [Name, Value] of different) {
        await ssm.send(new PutParameterCommand({ Name, Value, Type: 'String', Overwrite: true }));
      }
      return different.map(([name]) => name);
    });
  }

  ensureSecret(name: string, value: string): Promise<void> {
    return this.#attempt(`writing the secret ${name}`, async () => {
      const { CreateSecretCommand, GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } = await import(
        '@aws-sdk/client-secrets-manager'
      );
      const secrets = this.#client('secrets', () => new SecretsManagerClient(this.#settings()));
      try {
        const stored = await secrets.send(new GetSecretValueCommand({ SecretId: name }));
        if (stored.SecretString === value) return;
        await secrets.send(new PutSecretValueCommand({ SecretId: name, SecretString: value }));
      } catch (error) {
        if (!(error instanceof Error) || error.name !== 'ResourceNotFoundException') throw error;
        await secrets.send(new CreateSecretCommand({ Name: name, SecretString: value })).catch((refused: Error) => {
          // Another command has created it in the meantime, with the same value.
          if (refused.name !== 'ResourceExistsException') throw refused;
        });
      }
    });
  }

  ensureBucket(name: string): Promise<void> {
    return this.#attempt(`creating the bucket ${name}`, async () => {
      const { CreateBucketCommand, HeadBucketCommand, S3Client } = await import('@aws-sdk/client-s3');
      const s3 = this.#client('s3', () => new S3Client({ ...this.#settings(), forcePathStyle: true }));
      try {
        await s3.send(new HeadBucketCommand({ Bucket: name }));
      } catch {
        await s3.send(new CreateBucketCommand({ Bucket: name }));
      }
    });
  }

  /** The names of all stacks whose last deployment succeeded. */
  stacks(): Promise<ReadonlySet<string>> {
    return this.#attempt('listing the stacks', async () => {
      const { CloudFormationClient, DescribeStacksCommand } = await import('@aws-sdk/client-cloudformation');
      const cloudFormation = this.#client('cloudformation', () => new CloudFormationClient(this.#settings()));
      const { Stacks = [] } = await cloudFormation.send(new DescribeStacksCommand({}));
      const complete = Stacks.filter(({ StackStatus = '' }) => /^(CREATE|UPDATE)_COMPLETE$/.test(StackStatus));
      return new Set(complete.map(({ StackName = '' }) => StackName));
    });
  }

  functionNames(): Promise<ReadonlySet<string>> {
    return this.#attempt('listing the functions', async () => {
      const { LambdaClient, paginateListFunctions } = await import('@aws-sdk/client-lambda');
      const lambda = this.#client('lambda', () => new LambdaClient(this.#settings(INVOKE_TIMEOUT_MS)));
      const names = new Set<string>();
      for await (const page of paginateListFunctions({ client: lambda }, {})) {
        for (const { FunctionName = '' } of page.Functions ?? []) names.add(FunctionName);
      }
      return names;
    });
  }

  /** Invokes a function and waits for its result. @throws when it fails */
  invoke(functionName: string, event: unknown): Promise<unknown> {
    return this.#attempt(`invoking ${functionName}`, async () => {
      const { InvokeCommand, LambdaClient } = await import('@aws-sdk/client-lambda');
      const lambda = this.#client(
        'invoke',
        () => new LambdaClient({ ...this.#settings(INVOKE_TIMEOUT_MS), maxAttempts: 1 }),
      );
      const answer = await lambda.send(
        new InvokeCommand({ FunctionName: functionName, Payload: Buffer.from(JSON.stringify(event)) }),
      );
      const text = Buffer.from(answer.Payload ?? []).toString();
      if (answer.FunctionError === undefined) return text === '' ? null : JSON.parse(text);
      const { errorMessage = text } = parsed(text);
      throw new CliError('BIFOLD_FUNCTION_FAILED', {
        failed: `function ${functionName} failed`,
        received: errorMessage,
        allowed: 'a result',
        remedy: `npx bifold logs ${functionName} shows what it logged`,
      });
    });
  }

  logEvents(functionName: string, afterMs: number): Promise<readonly LogEvent[]> {
    return this.#attempt(`reading the log of ${functionName}`, async () => {
      const { CloudWatchLogsClient, paginateFilterLogEvents } = await import('@aws-sdk/client-cloudwatch-logs');
      const logs = this.#client('logs', () => new CloudWatchLogsClient(this.#settings()));
      const pages = paginateFilterLogEvents(
        { client: logs },
        { logGroupName: `/aws/lambda/${functionName}`, startTime: afterMs },
      );
      const events: LogEvent[] = [];
      for await (const { events: page = [] } of pages) {
        for (const { eventId = '', timestamp = 0, message = '' } of page) {
          events.push({ id: eventId || `${timestamp}|${message}`, timestampMs: timestamp, message });
        }
      }
      return events.sort((left, right) => left.timestampMs - right.timestampMs);
    });
  }

  close(): void {
    for (const client of this.#clients.values()) client.destroy();
  }

  #settings(requestTimeout = REQUEST_TIMEOUT_MS) {
    const { endpoint, region, accessKeyId, secretAccessKey } = this.#address;
    return {
      endpoint,
      region,
      credentials: { accessKeyId, secretAccessKey },
      maxAttempts: 2,
      requestHandler: { connectionTimeout: 15_000, requestTimeout },
    };
  }

  #client<C extends Client>(name: string, make: () => C): C {
    const client = (this.#clients.get(name) as C | undefined) ?? make();
    this.#clients.set(name, client);
    return client;
  }

  async #attempt<T>(what: string, request: () => Promise<T>): Promise<T> {
    try {
      return await request();
    } catch (cause) {
      if (cause instanceof CliError) throw cause;
      throw new CliError(
        'BIFOLD_EMULATOR_FAILED',
        {
          failed: `${what} at ${this.#address.endpoint}`,
          received: messageOf(cause),
          allowed: 'an answer of the AWS emulator without an error',
          remedy: 'npx bifold status shows whether it runs, npx bifold up starts it',
        },
        { cause },
      );
    }
  }
}

function parsed(text: string): { errorMessage?: string } {
  try {
    return JSON.parse(text) as { errorMessage?: string };
  } catch {
    return {};
  }
}
