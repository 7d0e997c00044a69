import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { hdfsBucket, isMissing, webHdfs, webHdfsAddress } from '../webhdfs/index.ts';
import type { RemoteFile, RemoteFolder } from './remote-folder.ts';

export function hdfsFolder(address: string): RemoteFolder {
  const { endpoint, path } = webHdfsAddress(address);
  const root = path.replace(/\/+$/, '');
  const hdfs = webHdfs({ endpoint });
  const bucket = hdfsBucket({ address });

  async function* filesBelow(folder: string): AsyncGenerator<RemoteFile> {
    for (const entry of await hdfs.list(`${root}${folder}`)) {
      if (entry.type === 'folder') yield* filesBelow(`${folder}/${entry.name}`);
      // A root that is itself a file has an empty path.
      else
        yield { path: entry.path.slice(root.length + 1), sizeBytes: entry.sizeBytes, modifiedMs: entry.modifiedAtMs };
    }
  }

  return {
    async list() {
      try {
        const files: RemoteFile[] = [];
        for await (const file of filesBelow('')) files.push(file);
        return files;
      } catch (error) {
        if (isMissing(error)) return null;
        throw error;
      }
    },
    fetch: (file, localPath) =>
      pipeline(Readable.from(hdfs.open(file === '' ? root : `${root}/${file}`)), createWriteStream(localPath)),
    put: (file, localPath) => bucket.put(file, localPath, {}),
    close: () => bucket.close(),
  };
}
