import { createReadStream, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { localInput, type RowInput } from '@bifold/adapters/formats';
import type { Context } from '../context.ts';
import { UsageError } from '../errors.ts';
import { folderOf } from './remote-files.ts';

/** A file to read from its beginning; standard input can be opened once. */
export interface InputFile extends RowInput {
  /** The absolute address of the file. Null for standard input. */
  readonly address: string | null;
}

export const STANDARD_INPUT = '-';

/**
 * The input files of a path: a file, each file of a folder in the order of names, or standard
 * input. They may be local, on HDFS, or in a bucket. As in Hadoop, names that begin with `.` or `_`
 * are ignored.
 */
export async function inputFiles(path: string, context: Pick<Context, 'addresses'>): Promise<readonly InputFile[]> {
  if (path === STANDARD_INPUT)
    return [{ name: 'standard input', address: null, path: null, open: () => Promise.resolve(process.stdin) }];
  if (path.startsWith('s3://')) return bucketFiles(path, context);
  if (/^(s?web)?hdfs:\/\//.test(path)) return hdfsFiles(path);
  try {
    if (!statSync(path).isDirectory()) return [localFile(path)];
    const files = readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isFile() && !isHidden(entry.name))
      .map(({ name }) => name)
      .sort();
    if (files.length === 0) throw noFiles(path);
    return files.map((name) => localFile(join(path, name)));
  } catch (cause) {
    throw unreadable(cause);
  }
}

const isHidden = (name: string): boolean => /^[._]/.test(name);

function localFile(path: string): InputFile {
  return { ...localInput(path), address: resolve(path) };
}

async function hdfsFiles(address: string): Promise<readonly InputFile[]> {
  const { webHdfs, webHdfsAddress } = await import('@bifold/adapters/webhdfs');
  const { endpoint, path } = webHdfsAddress(address);
  const hdfs = webHdfs({ endpoint });
  const entries = (await hdfs.list(path)).filter(({ name }) => !isHidden(name));
  const files = entries.filter(({ type }) => type === 'file');
  if (files.length === 0) throw noFiles(address);
  return files.map((file) => ({
    name: `hdfs:${file.path}`,
    address: `${endpoint}${file.path}`,
    path: null,
    open: async () => Readable.from(hdfs.open(file.path)),
  }));
}

/** The objects directly below the path. Each is downloaded when it is opened. */
async function bucketFiles(address: string, context: Pick<Context, 'addresses'>): Promise<readonly InputFile[]> {
  const folder = await folderOf(context, address);
  const files = ((await folder.list()) ?? []).filter(({ path }) => !path.includes('/') && !isHidden(path));
  if (files.length === 0) throw noFiles(address);
  return files.map(({ path }) => ({
    name: path === '' ? address : `${address}/${path}`,
    address: path === '' ? address : `${address}/${path}`,
    path: null,
    open: async () => {
      const brought = mkdtempSync(join(tmpdir(), 'bifold-'));
      const copy = join(brought, 'object');
      await folder.fetch(path, copy);
      const stream = createReadStream(copy);
      stream.once('close', () => rmSync(brought, { recursive: true, force: true }));
      return stream;
    },
  }));
}

function noFiles(path: string): UsageError {
  return new UsageError('BIFOLD_NO_FILES', {
    failed: `${path} holds nothing to send`,
    received: 'a folder without files',
    allowed: 'a folder with files whose names begin with neither . nor _',
    remedy: 'correct --file; folders within it are not looked into',
  });
}

export function unreadable(cause: unknown): unknown {
  if (!(cause instanceof Error) || !('syscall' in cause)) return cause;
  return new UsageError(
    'BIFOLD_FILE_UNREADABLE',
    {
      failed: 'the records cannot be read',
      received: cause.message,
      allowed:
        'a file of JSON lines, CSV or text, a folder of them, hdfs://host:port/path, s3://bucket/path, or - for standard input',
      remedy: 'correct --file',
    },
    { cause },
  );
}
