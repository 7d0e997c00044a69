import { AdapterError } from '../errors.ts';

export interface WebHdfsOptions {
  /** Of the NameNode's HTTP server, such as `http://namenode:9870`. */
  readonly endpoint: string;
  /** Without security, the user that HDFS takes one for. */
  readonly user?: string;
  readonly timeoutMs?: number;
}

export interface HdfsEntry {
  readonly name: string;
  /** From the root, as `open` and `list` take it. */
  readonly path: string;
  readonly type: 'file' | 'folder';
  readonly sizeBytes: number;
  readonly modifiedAtMs: number;
}

/** Reads files of HDFS over HTTP. */
export interface WebHdfs {
  /** The entries of a folder in the order of their names, or the one file of that path. */
  list(path: string): Promise<readonly HdfsEntry[]>;
  /** The bytes of a file, from an offset on. A connection that ends early is an error, never a shorter file. */
  open(path: string, offset?: number): AsyncGenerator<Uint8Array>;
}

const TIMEOUT_MS = 30_000;
const HTTP_PORT = 9870;

/**
 * Takes `hdfs://namenode/path`, `webhdfs://namenode:9870/path` or, with TLS, `swebhdfs://` apart. WebHDFS is served by the NameNode's HTTP port, 9870 unless
 * another one is named; the port of its RPC (8020, 9000) does not speak it.
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
  const ask = async (path: string, op: string, more: Readonly<Record<string, string>> = {}): Promise<Response> => {
    const url = new URL(`${endpoint}/webhdfs/v1${path.split('/').map(encodeURIComponent).join('/')}`);
    url.search = new URLSearchParams({ op, ...(user === undefined ? {} : { 'user.name': user }), ...more }).toString();
    const failed = `${op} of ${path} at ${endpoint}`;
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    let response: Response;
    try {
      // OPEN is answered by a redirect to a DataNode that has the block.
      response = await fetch(url, { signal: patience.signal });
    } catch (cause) {
      throw away(failed, cause);
    } finally {
      clearTimeout(timer);
    }
    if (response.ok) return response;
    throw refused(failed, response.status, await response.text());
  };

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
  };
}

function away(failed: string, cause: unknown): AdapterError {
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

function refused(failed: string, status: number, text: string): AdapterError {
  let said = text.slice(0, 300);
  try {
    const { RemoteException: remote } = JSON.parse(text) as {
      readonly RemoteException: { readonly exception: string; readonly message: string };
    };
    said = `${remote.exception}: ${remote.message.split('\n')[0]}`;
  } catch {
    // Not WebHDFS: what came is told as it is.
  }
  return new AdapterError('BIFOLD_HDFS_REFUSED', {
    failed: `${failed} failed`,
    received: `HTTP ${status}, ${said}`,
    allowed: 'a path that exists and may be read',
    remedy: 'correct the path, or grant the right to read it',
  });
}
