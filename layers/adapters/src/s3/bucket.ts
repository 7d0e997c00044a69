import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { AdapterError } from '../errors.ts';

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

/** `unknown`: the request timed out. The object may exist, or may still be created. */
export type Creation =
  | { readonly kind: 'created' }
  | { readonly kind: 'exists' }
  | { readonly kind: 'unknown'; readonly error: AdapterError };

/** The bucket operations of the stores, for S3 or a folder of HDFS. */
export interface Bucket {
  /**
   * Creates an object if the key does not exist. It is sent once: a repetition could find its own
   * object and report that another writer won.
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

export function s3Bucket(
  options: BucketOptions,
): Bucket & { objects(prefix: string): Promise<readonly ListedObject[]> } {
  const { bucket } = options;
  const endpoint = options.endpoint ?? process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL;
  const config: S3ClientConfig = {
    ...(options.region === undefined ? {} : { region: options.region }),
    ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
    // An IP address cannot have bucket subdomains, so the bucket goes into the path.
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MS, socketTimeout: IDLE_TIMEOUT_MS },
  };
  const client = new S3Client(config);
  // A client over the same connections, without the SDK's retries.
  const once = new S3Client({ ...config, requestHandler: client.config.requestHandler, maxAttempts: 1 });

  const asking = async <T>(what: string, ask: () => Promise<T>): Promise<T> => {
    try {
      return await ask();
    } catch (cause) {
      throw explain(`${what} in bucket ${bucket}`, cause);
    }
  };

  const upload = async (key: string, localPath: string, metadata: Metadata) => ({
    Bucket: bucket,
    Key: key,
    // Not a stream, which the SDK could send only once. An archive file fits into memory.
    Body: await readFile(localPath),
    Metadata: { ...metadata },
  });

  async function* pages(prefix: string, delimiter?: string, keysMax?: number) {
    let token: string | undefined;
    do {
      const page = await asking(`listing ${prefix}`, () =>
        client.send(
          new ListObjectsV2Command({
            Bucket: bucket,
            Prefix: prefix,
            Delimiter: delimiter,
            ContinuationToken: token,
            MaxKeys: keysMax,
          }),
        ),
      );
      yield page;
      token = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  const list = async (prefix: string, keysMax?: number): Promise<string[]> => {
    const keys: string[] = [];
    for await (const page of pages(prefix, undefined, keysMax)) {
      for (const { Key } of page.Contents ?? []) if (Key) keys.push(Key);
      if (keysMax !== undefined && keys.length >= keysMax) return keys.slice(0, keysMax);
    }
    return keys;
  };

  return {
    async create(key, localPath, metadata) {
      try {
        await once.send(new PutObjectCommand({ ...(await upload(key, localPath, metadata)), IfNoneMatch: '*' }));
        return { kind: 'created' };
      } catch (cause) {
        const status = statusOf(cause);
        if (status === 412) return { kind: 'exists' };
        const error = explain(`creating ${key} in bucket ${bucket}`, cause);
        // 409: another request was creating it at the same time, with an unknown result. Any other
        // 4xx status means that nothing was created.
        if (status !== undefined && status >= 400 && status < 500 && status !== 409 && status !== 408) throw error;
        return { kind: 'unknown', error };
      }
    },

    put: (key, localPath, metadata) =>
      asking(`writing ${key}`, async () => {
        await client.send(new PutObjectCommand(await upload(key, localPath, metadata)));
      }),

    head: (key) =>
      asking(`looking at ${key}`, async () => {
        try {
          const { Metadata: metadata } = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
          return metadata ?? {};
        } catch (error) {
          if (statusOf(error) === 404) return null;
          throw error;
        }
      }),

    download: (key, localPath) =>
      asking(`reading ${key}`, async () => {
        const object = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
        await pipeline(object.Body as Readable, createWriteStream(localPath));
        return object.Metadata ?? {};
      }),

    list,

    async objects(prefix) {
      const objects: ListedObject[] = [];
      for await (const page of pages(prefix))
        for (const { Key: key = '', Size = 0, LastModified } of page.Contents ?? [])
          objects.push({ key, sizeBytes: Size, modifiedMs: LastModified?.getTime() ?? 0 });
      return objects;
    },

    async folders(prefix) {
      const names: string[] = [];
      for await (const page of pages(prefix, '/')) {
        for (const { Prefix } of page.CommonPrefixes ?? []) if (Prefix) names.push(Prefix.slice(prefix.length, -1));
      }
      return names;
    },

    async deleteAll(prefix) {
      const keys = await list(prefix);
      for (let from = 0; from < keys.length; from += KEYS_PER_DELETE) {
        const Objects = keys.slice(from, from + KEYS_PER_DELETE).map((Key) => ({ Key }));
        const { Errors: errors = [] } = await asking(`deleting below ${prefix}`, () =>
          client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } })),
        );
        const [first] = errors;
        if (first !== undefined) {
          throw explain(`deleting ${first.Key} in bucket ${bucket}`, new Error(`${first.Code}: ${first.Message}`));
        }
      }
    },

    close: () => {
      client.destroy();
      once.destroy();
    },
  };
}

function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } })?.$metadata?.httpStatusCode;
}

function explain(what: string, cause: unknown): AdapterError {
  const status = statusOf(cause);
  const parts = cause instanceof AggregateError ? cause.errors : [];
  const name = cause instanceof Error ? cause.name : 'Error';
  const message = [cause, ...parts].map((each) => (each instanceof Error ? each.message : String(each))).join(' ');
  const explanation = { failed: `${what} failed`, received: `${status ?? 'no answer'}: ${name} ${message}`.trim() };
  if (status === 403 || name === 'CredentialsProviderError') {
    return new AdapterError(
      'BIFOLD_S3_REFUSED',
      { ...explanation, allowed: 'credentials with the right to do this', remedy: "look at the function's role" },
      { cause },
    );
  }
  if (status === 404) {
    return new AdapterError(
      'BIFOLD_S3_MISSING',
      { ...explanation, allowed: 'a bucket and an object that exist', remedy: 'deploy, which creates the bucket' },
      { cause },
    );
  }
  return new AdapterError(
    status === undefined ? 'BIFOLD_S3_AWAY' : 'BIFOLD_S3_FAILED',
    { ...explanation, allowed: 'an answer of S3 in time', remedy: 'try again; if it stays, look at the endpoint' },
    { cause },
  );
}
