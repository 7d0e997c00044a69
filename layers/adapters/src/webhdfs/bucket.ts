import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AdapterError } from '../errors.ts';
import type { Bucket, Metadata } from '../s3/bucket.ts';
import { isMissing, webHdfs, webHdfsAddress } from './webhdfs.ts';

/** The one attribute of a file that holds its metadata. */
const METADATA = 'bifold';
/** The folder of temporary files. Readers of HDFS ignore names that begin with an underscore. */
const ASIDE = '_temporary';

/**
 * A folder of HDFS as a bucket. A writer writes a temporary file with its metadata and then renames
 * it. The NameNode serializes renames, so only one of several writers creates a file. A crash may
 * leave files in `_temporary`; they may be deleted while no writer runs.
 */
export function hdfsBucket({ address, user }: { readonly address: string; readonly user?: string }): Bucket {
  const { endpoint, path } = webHdfsAddress(address);
  const root = path.replace(/\/+$/, '');
  const hdfs = webHdfs({ endpoint, ...(user === undefined ? {} : { user }) });
  const pathOf = (key: string) => `${root}/${key}`;
  const folderOf = (key: string) => key.slice(0, key.lastIndexOf('/') + 1);

  const writeAside = async (localPath: string, metadata: Metadata): Promise<string> => {
    const aside = pathOf(`${ASIDE}/${randomUUID()}`);
    await hdfs.create(aside, await readFile(localPath));
    await hdfs.setAttribute(aside, METADATA, JSON.stringify(metadata));
    return aside;
  };
  /** A remaining temporary file is harmless, so a failure to remove it is ignored. */
  const forget = (aside: string): Promise<unknown> => hdfs.remove(aside).catch(() => undefined);

  const head = async (key: string): Promise<Metadata | null> => {
    const attributes = await hdfs.attributes(pathOf(key));
    return attributes === null ? null : (JSON.parse(attributes[METADATA] ?? '{}') as Metadata);
  };

  /** The entries of a folder. Empty if there is no such folder. */
  const entriesOf = async (folder: string) => {
    try {
      const entries = await hdfs.list(pathOf(folder));
      return entries.filter(({ name }) => !/^[._]/.test(name));
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  };

  async function* keysBelow(folder: string): AsyncGenerator<string> {
    for (const { name, type } of await entriesOf(folder)) {
      if (type === 'folder') yield* keysBelow(`${folder}${name}/`);
      else yield `${folder}${name}`;
    }
  }

  const list = async (prefix: string, keysMax?: number): Promise<string[]> => {
    const keys: string[] = [];
    for await (const key of keysBelow(folderOf(prefix))) if (key.startsWith(prefix)) keys.push(key);
    return keys.sort().slice(0, keysMax);
  };

  return {
    async create(key, localPath, metadata) {
      try {
        const aside = await writeAside(localPath, metadata);
        await hdfs.makeFolder(pathOf(folderOf(key)));
        if (await hdfs.rename(aside, pathOf(key), 'never-replace')) return { kind: 'created' };
        await forget(aside);
        return { kind: 'exists' };
      } catch (error) {
        // A refusal means that nothing was created.
        if (!(error instanceof AdapterError) || error.code !== 'BIFOLD_HDFS_AWAY') throw error;
        return { kind: 'unknown', error };
      }
    },

    async put(key, localPath, metadata) {
      const aside = await writeAside(localPath, metadata);
      await hdfs.makeFolder(pathOf(folderOf(key)));
      await hdfs.rename(aside, pathOf(key), 'replace');
    },

    head,

    async download(key, localPath) {
      const metadata = (await head(key)) ?? {};
      await pipeline(Readable.from(hdfs.open(pathOf(key))), createWriteStream(localPath));
      return metadata;
    },

    list,

    folders: async (prefix) =>
      (await entriesOf(prefix)).filter(({ type }) => type === 'folder').map(({ name }) => name),

    async deleteAll(prefix) {
      if (prefix.endsWith('/')) await hdfs.remove(pathOf(prefix.slice(0, -1)));
      else for (const key of await list(prefix)) await hdfs.remove(pathOf(key));
    },

    close: () => undefined,
  };
}
