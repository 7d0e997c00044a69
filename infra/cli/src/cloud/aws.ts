import type { CloudAddresses } from '@bifold/cloud';
import { CliError, messageOf } from '../errors.ts';

/**
 * The AWS APIs of the local cloud, for the command line. Each client is loaded at its first use.
 */
export interface LocalAws {
  /** Writes parameters that differ, and says which. */
  ensureParameters(wanted: Readonly<Record<string, string>>): Promise<readonly string[]>;
  ensureSecret(name: string, value: string): Promise<void>;
  ensureBucket(name: string): Promise<void>;
  /** Names of the stacks that stand. */
  stacks(): Promise<ReadonlySet<string>>;
  functionNames(): Promise<ReadonlySet<string>>;
  /** Invokes a function and waits for its result. @throws when it fails */
  invoke(functionName: string, event: unknown): Promise<unknown>;
  logEvents(functionName: string, afterMs: number): Promise<readonly LogEvent[]>;
  close(): void;
}

export interface LogEvent {
  readonly id: string;
  readonly timestampMs: number;
  readonly message: string;
}

const INVOKE_TIMEOUT_MS = 15 * 60_000;

export function localAws(address: CloudAddresses['aws']): LocalAws {
  const { accessKeyId, secretAccessKey } = address;
  const settings = (requestTimeout = 60_000) => ({
    endpoint: address.endpoint,
    region: address.region,
    credentials: { accessKeyId, secretAccessKey },
    maxAttempts: 2,
    requestHandler: { connectionTimeout: 15_000, requestTimeout },
  });
  const made = new Map<string, { destroy(): void }>();
  const client = <C extends { destroy(): void }>(name: string, make: () => C): C => {
    const known = (made.get(name) as C | undefined) ?? make();
    made.set(name, known);
    return known;
  };
  const asking = async <T>(what: string, ask: () => Promise<T>): Promise<T> => {
    try {
      return await ask();
    } catch (cause) {
      if (cause instanceof CliError) throw cause;
      throw new CliError(
        'BIFOLD_EMULATOR_FAILED',
        {
          failed: `${what} at ${address.endpoint}`,
          received: messageOf(cause),
          allowed: 'an answer of the AWS emulator without an error',
          remedy: 'npx bifold status shows whether it runs, npx bifold up starts it',
        },
        { cause },
      );
    }
  };

  return {
    ensureParameters: (wanted) =>
      asking('writing the parameters', async () => {
        const { GetParametersCommand, PutParameterCommand, SSMClient } = await import('@aws-sdk/client-ssm');
        const ssm = client('ssm', () => new SSMClient(settings()));
        const { Parameters = [] } = await ssm.send(new GetParametersCommand({ Names: Object.keys(wanted) }));
        const stored = new Map(Parameters.map(({ Name, Value }) => [Name, Value]));
        const different = Object.entries(wanted).filter(([name, value]) => stored.get(name) !== value);
        for (const [Name, Value] of different) {
          await ssm.send(new PutParameterCommand({ Name, Value, Type: 'String', Overwrite: true }));
        }
        return different.map(([name]) => name);
      }),

    ensureSecret: (name, value) =>
      asking(`writing the secret ${name}`, async () => {
        const { CreateSecretCommand, GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } =
          await import('@aws-sdk/client-secrets-manager');
        const secrets = client('secrets', () => new SecretsManagerClient(settings()));
        try {
          const stored = await secrets.send(new GetSecretValueCommand({ SecretId: name }));
          if (stored.SecretString === value) return;
          await secrets.send(new PutSecretValueCommand({ SecretId: name, SecretString: value }));
        } catch (error) {
          if (!(error instanceof Error) || error.name !== 'ResourceNotFoundException') throw error;
          await secrets.send(new CreateSecretCommand({ Name: name, SecretString: value })).catch((refused: Error) => {
            // Another command made it in the meantime, with the same value.
            if (refused.name !== 'ResourceExistsException') throw refused;
          });
        }
      }),

    ensureBucket: (name) =>
      asking(`creating the bucket ${name}`, async () => {
        const { CreateBucketCommand, HeadBucketCommand, S3Client } = await import('@aws-sdk/client-s3');
        const s3 = client('s3', () => new S3Client({ ...settings(), forcePathStyle: true }));
        try {
          await s3.send(new HeadBucketCommand({ Bucket: name }));
        } catch {
          await s3.send(new CreateBucketCommand({ Bucket: name }));
        }
      }),

    stacks: () =>
      asking('listing the stacks', async () => {
        const { CloudFormationClient, DescribeStacksCommand } = await import('@aws-sdk/client-cloudformation');
        const cloudFormation = client('cloudformation', () => new CloudFormationClient(settings()));
        const { Stacks = [] } = await cloudFormation.send(new DescribeStacksCommand({}));
        const standing = Stacks.filter(({ StackStatus = '' }) => /^(CREATE|UPDATE)_COMPLETE$/.test(StackStatus));
        return new Set(standing.map(({ StackName = '' }) => StackName));
      }),

    functionNames: () =>
      asking('listing the functions', async () => {
        const { LambdaClient, paginateListFunctions } = await import('@aws-sdk/client-lambda');
        const lambda = client('lambda', () => new LambdaClient(settings(INVOKE_TIMEOUT_MS)));
        const names = new Set<string>();
        for await (const page of paginateListFunctions({ client: lambda }, {})) {
          for (const { FunctionName = '' } of page.Functions ?? []) names.add(FunctionName);
        }
        return names;
      }),

    invoke: (functionName, event) =>
      asking(`invoking ${functionName}`, async () => {
        const { InvokeCommand, LambdaClient } = await import('@aws-sdk/client-lambda');
        const lambda = client('invoke', () => new LambdaClient({ ...settings(INVOKE_TIMEOUT_MS), maxAttempts: 1 }));
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
      }),

    logEvents: (functionName, afterMs) =>
      asking(`reading the log of ${functionName}`, async () => {
        const { CloudWatchLogsClient, paginateFilterLogEvents } = await import('@aws-sdk/client-cloudwatch-logs');
        const logs = client('logs', () => new CloudWatchLogsClient(settings()));
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
      }),

    close: () => {
      for (const one of made.values()) one.destroy();
    },
  };
}

function parsed(text: string): { errorMessage?: string } {
  try {
    return JSON.parse(text) as { errorMessage?: string };
  } catch {
    return {};
  }
}
