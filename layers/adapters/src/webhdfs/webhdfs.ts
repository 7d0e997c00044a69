import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { text } from 'node:stream/consumers';
import { AdapterError } from '../errors.ts';
import { certificateRefused } from '../tls.ts';

export interface WebHdfsOptions {
  /** The NameNode's HTTP server, such as `http://namenode:9870`. */
  readonly endpoint: string;
  /** The user name that HDFS trusts, if it runs without Kerberos. */
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
  /** Creates a file with these bytes, and its parent folders. An existing file is an error. */
  create(path: string, bytes: Uint8Array): Promise<void>;
  /**
   * Renames a file. The parent folders must exist. Returns false, and does nothing, if the target
   * exists and must not be replaced.
   */
  rename(path: string, to: string, how: 'never-replace' | 'replace'): Promise<boolean>;
  makeFolder(path: string): Promise<void>;
  /** Removes a file, or a folder with its content. Returns false if there was none. */
  remove(path: string): Promise<boolean>;
  /** Sets an extended attribute of a file, with a name in `user.`. */
  setAttribute(path: string, name: string, text: string): Promise<void>;
  /** The extended attributes of a file. Null if there is no such file. */
  attributes(path: string): Promise<Readonly<Record<string, string>> | null>;
}

/** A refusal of HDFS, with the name of its exception. */
class HdfsRefusal extends AdapterError {
  readonly exception: string;

  constructor(exception: string, code: string, explanation: AdapterError['explanation']) {
    super(code, explanation);
    this.exception = exception;
  }
}

const TIMEOUT_MS = 30_000;
/** The expected transfer rate, by which the timeout of a file exceeds that of a plain request. */
const BYTES_PER_MS = 1_000;
/** Exceptions of a temporary state. */
const PASSING = new Set(['SafeModeException', 'RetriableException', 'StandbyException']);
const HTTP_PORT = 9870;

/**
 * Parses `hdfs://namenode/path`, `webhdfs://namenode:9870/path` or, with TLS, `swebhdfs://`. The
 * HTTP port of the NameNode serves WebHDFS, by default 9870. Its RPC port (8020, 9000) does not.
 */
export function webHdfsAddress(address: string): { readonly endpoint: string; readonly path: string } {
  const [, scheme, host, path] = /^(hdfs|webhdfs|swebhdfs):\/\/([^/?#]+)(\/[^?#]*)?$/.exec(address) ?? [];
  if (host === undefined) {
    throw new AdapterError('BIFOLD_HDFS_ADDRESS', {
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
  const ask = async (
    path: string,
    op: string,
    more: Readonly<Record<string, string>> = {},
    method: 'GET' | 'PUT' | 'DELETE' = 'GET',
  ): Promise<Response> => {
    const url = new URL(`${endpoint}/webhdfs/v1${path.split('/').map(encodeURIComponent).join('/')}`);
    url.search = new URLSearchParams({ op, ...(user === undefined ? {} : { 'user.name': user }), ...more }).toString();
    const failed = `${op} of ${path} at ${endpoint}`;
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    let response: Response;
    try {
      // OPEN is answered by a redirect to a DataNode that has the block.
      response = await fetch(url, { method, signal: patience.signal });
    } catch (cause) {
      throw away(failed, cause);
    } finally {
      clearTimeout(timer);
    }
    if (response.ok) return response;
    throw refused(failed, response.status, await response.text());
  };

  /** Whether HDFS reports success. */
  const done = async (response: Promise<Response>): Promise<boolean> =>
    ((await (await response).json()) as { readonly boolean: boolean }).boolean;

  return {
    async list(path) {
      const folder = path.replace(/\/+$/, '');
      const answer = (await (await ask(folder === '' ? '/' : folder, 'LISTSTATUS')).json()) as {
        readonly FileStatuses: { readonly FileStatus: readonly FileStatus[] };
      };
      return answer.FileStatuses.FileStatus.map(({ pathSuffix, type, length, modificationTime }) => ({
        // The status of a file itself has no suffix.
        name: pathSuffix === '' ? (folder.split('/').at(-1) ?? '') : pathSuffix,
        path: pathSuffix === '' ? folder : `${folder}/${pathSuffix}`,
        type: type === 'DIRECTORY' ? ('folder' as const) : ('file' as const),
        sizeBytes: length,
        modifiedAtMs: modificationTime,
      })).sort((left, right) => (left.name < right.name ? -1 : left.name > right.name ? 1 : 0));
    },

    async *open(path, offset = 0) {
      const { body, headers } = await ask(path, 'OPEN', { offset: String(offset) });
      const expected = headers.get('content-length');
      let received = 0;
      try {
        for await (const chunk of body ?? []) {
          received += chunk.length;
          yield chunk;
        }
      } catch (cause) {
        throw away(`reading ${path} at ${endpoint}, after ${received} bytes`, cause);
      }
      if (expected !== null && Number(expected) !== received)
        throw away(`reading ${path} at ${endpoint}`, new Error(`${received} of ${expected} bytes`));
    },

    async create(path, bytes) {
      // First request the address of a DataNode, so that the bytes are sent only once.
      const asked = await ask(path, 'CREATE', { overwrite: 'false', noredirect: 'true' }, 'PUT');
      const { Location: location } = (await asked.json()) as { readonly Location: string };
      await sendBytes(`CREATE of ${path} at ${endpoint}`, location, bytes, timeoutMs + bytes.length / BYTES_PER_MS);
    },

    async rename(path, to, how) {
      const renameoptions = how === 'replace' ? 'OVERWRITE' : 'NONE';
      try {
        await (await ask(path, 'RENAME', { destination: to, renameoptions }, 'PUT')).arrayBuffer();
        return true;
      } catch (error) {
        if (error instanceof HdfsRefusal && error.exception === 'FileAlreadyExistsException') return false;
        throw error;
      }
    },

    async makeFolder(path) {
      await done(ask(path, 'MKDIRS', {}, 'PUT'));
    },

    remove: (path) => done(ask(path, 'DELETE', { recursive: 'true' }, 'DELETE')),

    async setAttribute(path, name, text) {
      const value = `0s${Buffer.from(text).toString('base64')}`;
      const asked = { 'xattr.name': `user.${name}`, 'xattr.value': value, flag: 'CREATE' };
      await (await ask(path, 'SETXATTR', asked, 'PUT')).arrayBuffer();
    },

    async attributes(path) {
      try {
        const answer = (await (await ask(path, 'GETXATTRS', { encoding: 'base64' })).json()) as {
          readonly XAttrs: readonly { readonly name: string; readonly value: string }[];
        };
        return Object.fromEntries(
          answer.XAttrs.filter(({ name }) => name.startsWith('user.')).map(({ name, value }) => [
            name.slice('user.'.length),
            Buffer.from(value.replace(/^0s/, ''), 'base64').toString('utf8'),
          ]),
        );
      } catch (error) {
        if (isMissing(error)) return null;
        throw error;
      }
    },
  };
}

/** Sends bytes without `fetch`, which fails on the unrequested `100 Continue` of a DataNode. */
async function sendBytes(failed: string, location: string, bytes: Uint8Array, withinMs: number): Promise<void> {
  const request = location.startsWith('https:') ? httpsRequest : httpRequest;
  const answer = new Promise<{ readonly status: number; readonly text: string }>((resolve, reject) => {
    const headers = { 'content-type': 'application/octet-stream', 'content-length': bytes.length };
    const sending = request(
      location,
      { method: 'PUT', headers, signal: AbortSignal.timeout(Math.ceil(withinMs)) },
      (response) => {
        text(response).then((said) => resolve({ status: response.statusCode ?? 0, text: said }), reject);
      },
    );
    sending.on('error', reject);
    sending.end(bytes);
  });
  const { status, text: said } = await answer.catch((cause) => {
    throw away(failed, cause);
  });
  if (status !== 201) throw refused(failed, status, said);
}

/** Whether HDFS reports that there is no such file or folder. */
export function isMissing(error: unknown): boolean {
  return error instanceof HdfsRefusal && error.exception === 'FileNotFoundException';
}

function away(failed: string, cause: unknown): AdapterError {
  const untrusted = certificateRefused(failed, cause);
  if (untrusted !== null) return untrusted;
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  return new AdapterError(
    'BIFOLD_HDFS_AWAY',
    {
      failed: `${failed} failed`,
      received: inner instanceof Error ? inner.message || inner.name : String(inner),
      allowed: 'a NameNode and DataNodes that answer over HTTP',
      remedy: `start HDFS, or correct its address: the port is that of the NameNode's HTTP server, ${HTTP_PORT} by default, not that of its RPC`,
    },
    { cause },
  );
}

function refused(failed: string, status: number, answer: string): AdapterError {
  let said = answer.slice(0, 300);
  let exception = '';
  try {
    const { RemoteException: remote } = JSON.parse(answer) as {
      readonly RemoteException: { readonly exception: string; readonly message: string };
    };
    exception = remote.exception;
    said = `${exception}: ${remote.message.split('\n')[0]}`;
  } catch {
    // The response is not from WebHDFS, so report it unchanged.
  }
  if (PASSING.has(exception)) return away(failed, new Error(said));
  return new HdfsRefusal(exception, 'BIFOLD_HDFS_REFUSED', {
    failed: `${failed} failed`,
    received: `HTTP ${status}, ${said}`,
    allowed: 'a path that exists, and the right to read or write there',
    remedy: 'correct the path, or grant the right',
  });
}
