import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { text } from 'node:stream/consumers';
import { AdapterError, InputError } from '../errors.ts';
import { certificateRefused } from '../tls.ts';

export interface WebHdfsOptions {
  /** The NameNode's HTTP server, such as `http://namenode:9870`. */
  readonly endpoint: string;
  /** The user of the requests. Without Kerberos, HDFS trusts the name. */
  readonly user?: string;
  readonly timeoutMs?: number;
}

export interface HdfsEntry {
  readonly name: string;
  /** The absolute path, for `open` and `list`. */
  readonly path: string;
  readonly type: 'file' | 'folder';
  readonly sizeBytes: number;
  readonly modifiedAtMs: number;
}

/**
 * HDFS files over HTTP. A file is written under a temporary name and then renamed, so readers see
 * only complete files.
 */
export interface WebHdfs {
  /** The entries of a folder, ordered by name. If the path is a file, only this file. */
  list(path: string): Promise<readonly HdfsEntry[]>;
  /**
   * The bytes of a file, from an offset on. A connection that ends early is an error, never a
   * shorter file.
   */
  open(path: string, offset?: number): AsyncGenerator<Uint8Array>;
  /** A new file with these bytes, and the folders above it. @throws when the file exists */
  create(path: string, bytes: Uint8Array): Promise<void>;
  /**
   * False, and nothing is done, when the new path exists and must not be replaced. The folders
   * above it must exist.
   */
  rename(path: string, to: string, how: 'never-replace' | 'replace'): Promise<boolean>;
  makeFolder(path: string): Promise<void>;
  /** Removes a file, or a folder with its content. Returns false if there was none. */
  remove(path: string): Promise<boolean>;
  /** Sets an extended attribute of a file, `user.<name>`. */
  setAttribute(path: string, name: string, text: string): Promise<void>;
  /** The extended attributes in `user.`; null when there is no such file. */
  attributes(path: string): Promise<Readonly<Record<string, string>> | null>;
}

/** HDFS refused a request, with the exception that it names. */
class HdfsRefusal extends InputError {
  readonly exception: string;

  constructor(exception: string, code: string, explanation: AdapterError['explanation']) {
    super(code, explanation);
    this.exception = exception;
  }
}

const TIMEOUT_MS = 30_000;
/** The expected transfer rate, by which the timeout of a file exceeds that of a plain request. */
const BYTES_PER_MS = 1_000;
/** Exceptions that pass by themselves. */
const PASSING = new Set(['SafeModeException', 'RetriableException', 'StandbyException']);
const HTTP_PORT = 9870;

/**
 * Parses `hdfs://namenode/path`, `webhdfs://namenode:9870/path` or, with TLS, `swebhdfs://`. The
 * HTTP port of the NameNode serves WebHDFS, by default 9870. Its RPC port (8020, 9000) does not.
 */
export function webHdfsAddress(address: string): { readonly endpoint: string; readonly path: string } {
  const [, scheme, host, path] = /^(hdfs|webhdfs|swebhdfs):\/\/([^/?#]+)(\/[^?#]*)?$/.exec(address) ?? [];
  if (host === undefined) {
    throw new InputError('BIFOLD_HDFS_ADDRESS', {
      failed: 'an address of HDFS cannot be read',
      received: address,
      allowed: 'hdfs://namenode/path, or hdfs://namenode:9870/path',
      remedy: 'correct the address',
    });
  }
  const authority = /:\d+$/.test(host) ? host : `${host}:${HTTP_PORT}`;
  return { endpoint: `${scheme === 'swebhdfs' ? 'https' : 'http'}://${authority}`, path: path ?? '/' };
}

interface FileStatus {
  readonly pathSuffix: string;
  readonly type: 'FILE' | 'DIRECTORY' | 'SYMLINK';
  readonly length: number;
  readonly modificationTime: number;
}

export function webHdfs({ endpoint, user, timeoutMs = TIMEOUT_MS }: WebHdfsOptions): WebHdfs {
  return new WebHdfsClient(endpoint, user, timeoutMs);
}

class WebHdfsClient implements WebHdfs {
  readonly #endpoint: string;
  readonly #user: string | undefined;
  readonly #timeoutMs: number;

  constructor(endpoint: string, user: string | undefined, timeoutMs: number) {
    this.#endpoint = endpoint;
    this.#user = user;
    this.#timeoutMs = timeoutMs;
  }

  async list(path: string): Promise<readonly HdfsEntry[]> {
    const folder = path.replace(/\/+$/, '');
    const response = await this.#request('GET', 'LISTSTATUS', folder === '' ? '/' : folder);
    const { FileStatuses } = (await response.json()) as {
      readonly FileStatuses: { readonly FileStatus: readonly FileStatus[] };
    };
    return FileStatuses.FileStatus.map((status) => entryOf(folder, status)).sort(byName);
  }

  async *open(path: string, offset = 0): AsyncGenerator<Uint8Array> {
    const { body, headers } = await this.#request('GET', 'OPEN', path, { offset: String(offset) });
    const expected = headers.get('content-length');
    let received = 0;
    try {
      for await (const chunk of body ?? []) {
        received += chunk.length;
        yield chunk;
      }
    } catch (cause) {
      throw away(`reading ${path} at ${this.#endpoint}, after ${received} bytes`, cause);
    }
    if (expected !== null && Number(expected) !== received)
      throw away(`reading ${path} at ${this.#endpoint}`, new Error(`${received} of ${expected} bytes`));
  }

  async create(path: string, bytes: Uint8Array): Promise<void> {
    // The NameNode names a DataNode first, so that the bytes are sent once.
    const response = await this.#request('PUT', 'CREATE', path, { overwrite: 'false', noredirect: 'true' });
    const { Location: location } = (await response.json()) as { readonly Location: string };
    const timeoutMs = this.#timeoutMs + bytes.length / BYTES_PER_MS;
    await sendBytes(`CREATE of ${path} at ${this.#endpoint}`, location, bytes, timeoutMs);
  }

  async rename(path: string, to: string, how: 'never-replace' | 'replace'): Promise<boolean> {
    const parameters = { destination: to, renameoptions: how === 'replace' ? 'OVERWRITE' : 'NONE' };
    try {
      const response = await this.#request('PUT', 'RENAME', path, parameters);
      await response.arrayBuffer();
      return true;
    } catch (error) {
      if (error instanceof HdfsRefusal && error.exception === 'FileAlreadyExistsException') return false;
      throw error;
    }
  }

  async makeFolder(path: string): Promise<void> {
    await isDone(await this.#request('PUT', 'MKDIRS', path));
  }

  async remove(path: string): Promise<boolean> {
    return isDone(await this.#request('DELETE', 'DELETE', path, { recursive: 'true' }));
  }

  async setAttribute(path: string, name: string, text: string): Promise<void> {
    const value = `0s${Buffer.from(text).toString('base64')}`;
    const parameters = { 'xattr.name': `user.${name}`, 'xattr.value': value, flag: 'CREATE' };
    const response = await this.#request('PUT', 'SETXATTR', path, parameters);
    await response.arrayBuffer();
  }

  async attributes(path: string): Promise<Readonly<Record<string, string>> | null> {
    try {
      const response = await this.#request('GET', 'GETXATTRS', path, { encoding: 'base64' });
      const { XAttrs } = (await response.json()) as {
        readonly XAttrs: readonly { readonly name: string; readonly value: string }[];
      };
      return Object.fromEntries(
        XAttrs.filter(({ name }) => name.startsWith('user.')).map(({ name, value }) => [
          name.slice('user.'.length),
          Buffer.from(value.replace(/^0s/, ''), 'base64').toString('utf8'),
        ]),
      );
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  }

  /** @throws {AdapterError} without an answer in time; {HdfsRefusal} for an exception of HDFS */
  async #request(
    method: 'GET' | 'PUT' | 'DELETE',
    op: string,
    path: string,
    parameters: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    const url = new URL(`${this.#endpoint}/webhdfs/v1${path.split('/').map(encodeURIComponent).join('/')}`);
    const user = this.#user === undefined ? {} : { 'user.name': this.#user };
    url.search = new URLSearchParams({ op, ...user, ...parameters }).toString();
    const operation = `${op} of ${path} at ${this.#endpoint}`;
    const response = await this.#fetch(operation, method, url);
    if (response.ok) return response;
    throw refused(operation, response.status, await response.text());
  }

  /** The timeout is that of the headers: a long body that makes progress may take longer. */
  async #fetch(operation: string, method: string, url: URL): Promise<Response> {
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(new Error(`no answer within ${this.#timeoutMs} ms`)), this.#timeoutMs);
    try {
      // OPEN is answered by a redirect to a DataNode that has the block.
      return await fetch(url, { method, signal: timeout.signal });
    } catch (cause) {
      throw away(operation, cause);
    } finally {
      clearTimeout(timer);
    }
  }
}

function entryOf(folder: string, { pathSuffix, type, length, modificationTime }: FileStatus): HdfsEntry {
  // The status of a file itself has no suffix.
  const isItself = pathSuffix === '';
  return {
    name: isItself ? (folder.split('/').at(-1) ?? '') : pathSuffix,
    path: isItself ? folder : `${folder}/${pathSuffix}`,
    type: type === 'DIRECTORY' ? 'folder' : 'file',
    sizeBytes: length,
    modifiedAtMs: modificationTime,
  };
}

function byName(left: HdfsEntry, right: HdfsEntry): number {
  if (left.name === right.name) return 0;
  return left.name < right.name ? -1 : 1;
}

/** Whether HDFS did it, as its answer says. */
async function isDone(response: Response): Promise<boolean> {
  const { boolean } = (await response.json()) as { readonly boolean: boolean };
  return boolean;
}

/**
 * Not by `fetch`: a DataNode sends `100 Continue` unasked, which `fetch` takes for a broken answer.
 */
async function sendBytes(operation: string, location: string, bytes: Uint8Array, timeoutMs: number): Promise<void> {
  const request = location.startsWith('https:') ? httpsRequest : httpRequest;
  const answer = new Promise<{ readonly status: number; readonly body: string }>((resolve, reject) => {
    const headers = { 'content-type': 'application/octet-stream', 'content-length': bytes.length };
    const sending = request(
      location,
      { method: 'PUT', headers, signal: AbortSignal.timeout(Math.ceil(timeoutMs)) },
      (response) => {
        text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
      },
    );
    sending.on('error', reject);
    sending.end(bytes);
  });
  const { status, body } = await answer.catch((cause) => {
    throw away(operation, cause);
  });
  if (status !== 201) throw refused(operation, status, body);
}

/** Whether HDFS answered that there is no such file or folder. */
export function isMissing(error: unknown): boolean {
  return error instanceof HdfsRefusal && error.exception === 'FileNotFoundException';
}

function away(operation: string, cause: unknown): AdapterError {
  const untrusted = certificateRefused(operation, cause);
  if (untrusted !== null) return untrusted;
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  return new AdapterError(
    'BIFOLD_HDFS_AWAY',
    {
      failed: `${operation} failed`,
      received: inner instanceof Error ? inner.message || inner.name : String(inner),
      allowed: 'a NameNode and DataNodes that answer over HTTP',
      remedy: `start HDFS, or correct its address: the port is that of the NameNode's HTTP server, ${HTTP_PORT} by default, not that of its RPC`,
    },
    { cause },
  );
}

function refused(operation: string, status: number, body: string): AdapterError {
  let message = body.slice(0, 300);
  let exception = '';
  try {
    const { RemoteException: remote } = JSON.parse(body) as {
      readonly RemoteException: { readonly exception: string; readonly message: string };
    };
    exception = remote.exception;
    message = `${exception}: ${remote.message.split('\n')[0]}`;
  } catch {
    // The response is not from WebHDFS, so report it unchanged.
  }
  if (PASSING.has(exception)) return away(operation, new Error(message));
  return new HdfsRefusal(exception, 'BIFOLD_HDFS_REFUSED', {
    failed: `${operation} failed`,
    received: `HTTP ${status}, ${message}`,
    allowed: 'a path that exists, and the right to read or write there',
    remedy: 'correct the path, or grant the right',
  });
}
