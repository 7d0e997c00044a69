import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AdapterError } from '../errors.ts';
import type { Bucket, Creation, Metadata } from '../s3/bucket.ts';
import { type HdfsEntry, isMissing, type WebHdfs, webHdfs, webHdfsAddress } from './webhdfs.ts';

/** The extended attribute of a file that holds the metadata of the object. */
const METADATA = 'bifold';
/** The folder of temporary files. Readers of HDFS skip folders whose names begin with `_`. */
const TEMPORARY = '_temporary';

/** A folder of HDFS, in which the key of an object is a path. */
interface Folder {
  readonly hdfs: WebHdfs;
  readonly root: string;
}

/**
 * A folder of HDFS as a bucket. A writer writes a temporary file with its metadata and then renames
 * it. The NameNode serializes renames, so only one of several writers creates a file. A crash may
 * leave files in `_temporary`; they may be deleted while no writer runs.
 */
export function hdfsBucket({ address, user }: { readonly address: string; readonly user?: string }): Bucket {
  const { endpoint, path } = webHdfsAddress(address);
  const hdfs = webHdfs({ endpoint, ...(user === undefined ? {} : { user }) });
  const folder: Folder = { hdfs, root: path.replace(/\/+$/, '') };
  return {
    create: (key, localPath, metadata) => create(folder, key, localPath, metadata),
    put: (key, localPath, metadata) => put(folder, key, localPath, metadata),
    head: (key) => head(folder, key),
    download: (key, localPath) => download(folder, key, localPath),
    list: (prefix, keysMax) => list(folder, prefix, keysMax),
    folders: (prefix) => folders(folder, prefix),
    deleteAll: (prefix) => deleteAll(folder, prefix),
    close: () => undefined,
  };
}

function pathOf({ root }: Folder, key: string): string {
  return `${root}/${key}`;
}

/** The key of the folder that holds an object, with its `/`; empty for the root. */
function parentOf(key: string): string {
  return key.slice(0, key.lastIndexOf('/') + 1);
}

/** @throws {AdapterError} for a refusal, after which nothing was created */
async function create(folder: Folder, key: string, localPath: string, metadata: Metadata): Promise<Creation> {
  const { hdfs } = folder;
  try {
    const temporaryPath = await writeTemporary(folder, localPath, metadata);
    await hdfs.makeFolder(pathOf(folder, parentOf(key)));
    if (await hdfs.rename(temporaryPath, pathOf(folder, key), 'never-replace')) return { kind: 'created' };
    // A temporary file that remains is harmless, so a failure to remove it is ignored.
    await hdfs.remove(temporaryPath).catch(() => undefined);
    return { kind: 'exists' };
  } catch (error) {
    if (!(error instanceof AdapterError) || error.code !== 'BIFOLD_HDFS_AWAY') throw error;
    return { kind: 'unknown', error };
  }
}

async function put(folder: Folder, key: string, localPath: string, metadata: Metadata): Promise<void> {
  const temporaryPath = await writeTemporary(folder, localPath, metadata);
  await folder.hdfs.makeFolder(pathOf(folder, parentOf(key)));
  await folder.hdfs.rename(temporaryPath, pathOf(folder, key), 'replace');
}

/** The path of a new file with the bytes and the metadata. */
async function writeTemporary(folder: Folder, localPath: string, metadata: Metadata): Promise<string> {
  const path = pathOf(folder, `${TEMPORARY}/${randomUUID()}`);
  await folder.hdfs.create(path, await readFile(localPath));
  await folder.hdfs.setAttribute(path, METADATA, JSON.stringify(metadata));
  return path;
}

async function head(folder: Folder, key: string): Promise<Metadata | null> {
  const attributes = await folder.hdfs.attributes(pathOf(folder, key));
  return attributes === null ? null : (JSON.parse(attributes[METADATA] ?? '{}') as Metadata);
}

async function download(folder: Folder, key: string, localPath: string): Promise<Metadata> {
  const metadata = (await head(folder, key)) ?? {};
  await pipeline(Readable.from(folder.hdfs.open(pathOf(folder, key))), createWriteStream(localPath));
  return metadata;
}

async function list(folder: Folder, prefix: string, keysMax?: number): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of keysBelow(folder, parentOf(prefix))) if (key.startsWith(prefix)) keys.push(key);
  return keys.sort().slice(0, keysMax);
}

async function* keysBelow(folder: Folder, parent: string): AsyncGenerator<string> {
  for (const { name, type } of await entriesOf(folder, parent)) {
    if (type === 'folder') yield* keysBelow(folder, `${parent}${name}/`);
    else yield `${parent}${name}`;
  }
}

async function folders(folder: Folder, prefix: string): Promise<readonly string[]> {
  const entries = await entriesOf(folder, prefix);
  return entries.filter(({ type }) => type === 'folder').map(({ name }) => name);
}

/** The entries that readers of HDFS see; none when there is no such folder. */
async function entriesOf(folder: Folder, key: string): Promise<readonly HdfsEntry[]> {
  try {
    const entries = await folder.hdfs.list(pathOf(folder, key));
    return entries.filter(({ name }) => !/^[._]/.test(name));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

async function deleteAll(folder: Folder, prefix: string): Promise<void> {
  const { hdfs } = folder;
  if (prefix.endsWith('/')) await hdfs.remove(pathOf(folder, prefix.slice(0, -1)));
  else for (const key of await list(folder, prefix)) await hdfs.remove(pathOf(folder, key));
}
