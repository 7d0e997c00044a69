import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { filesBelow, type RemoteFolder } from '@bifold/adapters/files';
import { StreamError } from '../errors.ts';

/** The state of a file when it was first seen. Parts of its path are separated by `/`. */
export interface SeenFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
}

/** The folder of a source's files. */
interface SourceFolder {
  list(): Promise<SeenFile[]>;
  /**
   * Returns a local path to read the file from, until `done` is called.
   *
   * @throws {StreamError} if the file has changed
   */
  open(file: SeenFile): Promise<{ readonly path: string; done(): Promise<void> }>;
  close(): void;
}

export function localFiles(path: string): SourceFolder {
  const folder = resolve(path);
  return {
    async list() {
      const paths = await filesBelow(folder).catch((cause) => {
        throw (cause as NodeJS.ErrnoException).code === 'ENOENT' ? noFolder(folder, cause) : cause;
      });
      return Promise.all(
        paths.map(async (path) => {
          const { size, mtimeMs } = await stat(join(folder, path));
          return { path, sizeBytes: size, modifiedMs: Math.floor(mtimeMs) };
        }),
      );
    },
    async open(file) {
      const own = join(folder, file.path);
      const now = await stat(own).catch(() => null);
      checkUnchanged(own, file, now === null ? null : { sizeBytes: now.size, modifiedMs: Math.floor(now.mtimeMs) });
      return { path: own, done: async () => undefined };
    },
    close: () => undefined,
  };
}

/** Files of HDFS or S3. Each is downloaded before it is read. */
export function remoteFiles(address: string, folder: RemoteFolder): SourceFolder {
  const list = async (): Promise<SeenFile[]> => {
    const files = await folder.list();
    if (files === null) throw noFolder(address);
    return [...files];
  };
  return {
    list,
    async open(file) {
      const now = (await folder.list())?.find(({ path }) => path === file.path) ?? null;
      checkUnchanged(`${address}/${file.path}`, file, now);
      const brought = await mkdtemp(join(tmpdir(), 'bifold-file-'));
      const path = join(brought, basename(file.path) || 'file');
      await folder.fetch(file.path, path);
      return { path, done: () => rm(brought, { recursive: true, force: true }) };
    },
    close: () => folder.close(),
  };
}

function noFolder(folder: string, cause?: unknown): StreamError {
  return new StreamError(
    'BIFOLD_FOLDER_MISSING',
    {
      failed: `the files of ${folder} cannot be read`,
      received: 'no such folder',
      allowed: 'a folder, empty or not',
      remedy: `correct the path, or create it: mkdir -p ${folder}`,
    },
    { cause },
  );
}

/** Checks that a file is unchanged, because a repeated batch must read the same rows. */
function checkUnchanged(
  path: string,
  { sizeBytes, modifiedMs }: SeenFile,
  now: Pick<SeenFile, 'sizeBytes' | 'modifiedMs'> | null,
): void {
  if (now !== null && now.sizeBytes === sizeBytes && now.modifiedMs === modifiedMs) return;
  throw new StreamError('BIFOLD_FILE_CHANGED', {
    failed: `${path} cannot be read as it was found`,
    received: now === null ? 'it was deleted' : `${now.sizeBytes} bytes of ${new Date(now.modifiedMs).toISOString()}`,
    allowed: `${sizeBytes} bytes of ${new Date(modifiedMs).toISOString()}`,
    remedy: 'move whole files there by a rename, and never change them; restore this one to continue',
  });
}
