import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { AdapterError, InputError } from '../errors.ts';

export interface BucketOptions {
  readonly bucket: string;
  /**
   * The endpoint of S3, AWS by default. The SDK also reads `AWS_ENDPOINT_URL` and
   * `AWS_ENDPOINT_URL_S3`.
   */
  readonly endpoint?: string;
  readonly region?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

export type Metadata = Readonly<Record<string, string>>;

/** `unknown`: no answer came, so the object may exist, or may yet appear. */
export type Creation =
  | { readonly kind: 'created' }
  | { readonly kind: 'exists' }
  | { readonly kind: 'unknown'; readonly error: AdapterError };

/** The operations that the stores need of a bucket of S3, or of a folder of HDFS. */
export interface Bucket {
  /**
   * Creates an object if there is none at that key. Sent once: a retry could find its own object
   * and report it as another writer's.
   */
  create(key: string, localPath: string, metadata: Metadata): Promise<Creation>;
  put(key: string, localPath: string, metadata: Metadata): Promise<void>;
  /** The metadata of an object. Null if there is none. */
  head(key: string): Promise<Metadata | null>;
  download(key: string, localPath: string): Promise<Metadata>;
  /** The keys with a prefix, in byte order; at most `keysMax` if given. */
  list(prefix: string, keysMax?: number): Promise<readonly string[]>;
  /** Names of the folders directly under a prefix. */
  folders(prefix: string): Promise<readonly string[]>;
  deleteAll(prefix: string): Promise<void>;
  close(): void;
}

const CONNECT_TIMEOUT_MS = 15_000;
/** The timeout of an idle socket. A long transfer that makes progress may take longer. */
const IDLE_TIMEOUT_MS = 30_000;
const KEYS_PER_DELETE = 1000;

/** An object as S3 lists it. */
interface ListedObject {
  readonly key: string;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
}

export type S3Bucket = Bucket & { objects(prefix: string): Promise<readonly ListedObject[]> };

export function s3Bucket(options: BucketOptions): S3Bucket {
  const access = accessTo(options);
  return {
    create: (key, localPath, metadata) => create(access, key, localPath, metadata),
    put: (key, localPath, metadata) => put(access, key, localPath, metadata),
    head: (key) => head(access, key),
    download: (key, localPath) => download(access, key, localPath),
    list: (prefix, keysMax) => list(access, prefix, keysMax),
    objects: (prefix) => objects(access, prefix),
    folders: (prefix) => folders(access, prefix),
    deleteAll: (prefix) => deleteAll(access, prefix),
    close() {
      access.client.destroy();
      access.withoutRetries.destroy();
    },
  };
}

interface Access {
  readonly bucket: string;
  readonly client: S3Client;
  /** The same connections, without the SDK's own retries. */
  readonly withoutRetries: S3Client;
}

function accessTo(options: BucketOptions): Access {
  const endpoint = options.endpoint ?? process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL;
  const config: S3ClientConfig = {
    ...(options.region === undefined ? {} : { region: options.region }),
    ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
    // An IP address cannot have the bucket's name as a subdomain.
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MS, socketTimeout: IDLE_TIMEOUT_MS },
  };
  const client = new S3Client(config);
  const withoutRetries = new S3Client({ ...config, requestHandler: client.config.requestHandler, maxAttempts: 1 });
  return { bucket: options.bucket, client, withoutRetries };
}

/** @throws {AdapterError} for a refusal, after which nothing was created */
async function create(
  { bucket, withoutRetries }: Access,
  key: string,
  localPath: string,
  metadata: Metadata,
): Promise<Creation> {
  try {
    const upload = await uploadOf(bucket, key, localPath, metadata);
    await withoutRetries.send(new PutObjectCommand({ ...upload, IfNoneMatch: '*' }));
    return { kind: 'created' };
  } catch (cause) {
    const status = statusOf(cause);
    if (status === PRECONDITION_FAILED) return { kind: 'exists' };
    const error = explain(`creating ${key} in bucket ${bucket}`, cause);
    if (isRefusal(status)) throw error;
    return { kind: 'unknown', error };
  }
}

const PRECONDITION_FAILED = 412;

/**
 * Whether a status says that nothing was created. Not 409: another writer was creating the object
 * at the same time, and may have failed. Not 408: the request timed out.
 */
function isRefusal(status: number | undefined): boolean {
  return status !== undefined && status >= 400 && status < 500 && status !== 409 && status !== 408;
}

async function uploadOf(bucket: string, key: string, localPath: string, metadata: Metadata) {
  return {
    Bucket: bucket,
    Key: key,
    // Not a stream, which the SDK could send only once. An archive file fits into memory.
    Body: await readFile(localPath),
    Metadata: { ...metadata },
  };
}

function put({ bucket, client }: Access, key: string, localPath: string, metadata: Metadata): Promise<void> {
  return explained(bucket, `writing ${key}`, async () => {
    await client.send(new PutObjectCommand(await uploadOf(bucket, key, localPath, metadata)));
  });
}

function head({ bucket, client }: Access, key: string): Promise<Metadata | null> {
  return explained(bucket, `looking at ${key}`, async () => {
    try {
      const object = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
      return object.Metadata ?? {};
    } catch (error) {
      if (statusOf(error) === 404) return null;
      throw error;
    }
  });
}

function download({ bucket, client }: Access, key: string, localPath: string): Promise<Metadata> {
  return explained(bucket, `reading ${key}`, async () => {
    const object = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    await pipeline(object.Body as Readable, createWriteStream(localPath));
    return object.Metadata ?? {};
  });
}

async function list(access: Access, prefix: string, keysMax?: number): Promise<string[]> {
  const keys: string[] = [];
  for await (const page of pages(access, prefix, { keysMax })) {
    for (const { Key } of page.Contents ?? []) if (Key) keys.push(Key);
    if (keysMax !== undefined && keys.length >= keysMax) return keys.slice(0, keysMax);
  }
  return keys;
}

async function objects(access: Access, prefix: string): Promise<readonly ListedObject[]> {
  const listed: ListedObject[] = [];
  for await (const page of pages(access, prefix))
    for (const { Key: key = '', Size = 0, LastModified } of page.Contents ?? [])
      listed.push({ key, sizeBytes: Size, modifiedMs: LastModified?.getTime() ?? 0 });
  return listed;
}

async function folders(access: Access, prefix: string): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const page of pages(access, prefix, { delimiter: '/' })) {
    for (const { Prefix } of page.CommonPrefixes ?? []) if (Prefix) names.push(Prefix.slice(prefix.length, -1));
  }
  return names;
}

async function* pages(
  { bucket, client }: Access,
  prefix: string,
  { delimiter, keysMax }: { readonly delimiter?: string; readonly keysMax?: number | undefined } = {},
): AsyncGenerator<ListObjectsV2CommandOutput> {
  let token: string | undefined;
  do {
    const command = new ListObjectsV2Command({
      Bucket: bucket,
      Prefix: prefix,
      Delimiter: delimiter,
      ContinuationToken: token,
      MaxKeys: keysMax,
    });
    const page = await explained(bucket, `listing ${prefix}`, () => client.send(command));
    yield page;
    token = page.IsTruncated ? page.NextContinuationToken : undefined;
  } while (token !== undefined);
}

async function deleteAll(access: Access, prefix: string): Promise<void> {
  const { bucket, client } = access;
  const keys = await list(access, prefix);
  for (let from = 0; from < keys.length; from += KEYS_PER_DELETE) {
    const Objects = keys.slice(from, from + KEYS_PER_DELETE).map((Key) => ({ Key }));
    const command = new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } });
    const { Errors: errors = [] } = await explained(bucket, `deleting below ${prefix}`, () => client.send(command));
    const [first] = errors;
    if (first !== undefined) {
      throw explain(`deleting ${first.Key} in bucket ${bucket}`, new Error(`${first.Code}: ${first.Message}`));
    }
  }
}

/** Runs an operation. @throws {AdapterError} that says which operation failed, where and why */
async function explained<T>(bucket: string, operation: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    throw explain(`${operation} in bucket ${bucket}`, cause);
  }
}

function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } })?.$metadata?.httpStatusCode;
}

function explain(operation: string, cause: unknown): AdapterError {
  const status = statusOf(cause);
  const parts = cause instanceof AggregateError ? cause.errors : [];
  const name = cause instanceof Error ? cause.name : 'Error';
  const message = [cause, ...parts].map((each) => (each instanceof Error ? each.message : String(each))).join(' ');
  const explanation = {
    failed: `${operation} failed`,
    received: `${status ?? 'no answer'}: ${name} ${message}`.trim(),
  };
  if (status === 403 || name === 'CredentialsProviderError') {
    return new InputError(
      'BIFOLD_S3_REFUSED',
      {
        ...explanation,
        allowed: 'credentials with the right to do this',
        remedy: "correct the credentials, or grant the right; in a function, look at the function's role",
      },
      { cause },
    );
  }
  if (status === 404) {
    return new InputError(
      'BIFOLD_S3_MISSING',
      {
        ...explanation,
        allowed: 'a bucket and an object that exist',
        remedy: "correct the bucket and the path; npx bifold deploy creates a pipeline's bucket",
      },
      { cause },
    );
  }
  return new AdapterError(
    status === undefined ? 'BIFOLD_S3_AWAY' : 'BIFOLD_S3_FAILED',
    { ...explanation, allowed: 'an answer of S3 in time', remedy: 'try again; if it stays, look at the endpoint' },
    { cause },
  );
}
