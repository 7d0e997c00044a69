import { basename } from 'node:path';
import type { RemoteFolder } from '@bifold/adapters/files';
import { type Context, withContext } from '../context.ts';
import { s3Options } from './s3-options.ts';
import { temporaryFile } from './temporary-file.ts';

/** A folder of HDFS, or of a bucket of the local cloud. */
export async function folderOf({ addresses }: Pick<Context, 'addresses'>, address: string): Promise<RemoteFolder> {
  const { remoteFolder } = await import('@bifold/adapters/files');
  return remoteFolder(address, s3Options(addresses.aws));
}

/** Works with the folder of an address. */
function within<T>(address: string, work: (folder: RemoteFolder) => Promise<T>): Promise<T> {
  return withContext(async (context) => {
    const folder = await folderOf(context, address);
    try {
      return await work(folder);
    } finally {
      folder.close();
    }
  });
}

/** Downloads a file into a new folder, which is added to the folders that the caller removes. */
export function brought(address: string, temporary: string[]): Promise<string> {
  const path = temporaryFile(basename(address), temporary);
  return within(address, async (folder) => {
    await folder.fetch('', path);
    return path;
  });
}

/** Uploads a file. */
export function sent(localPath: string, address: string): Promise<void> {
  const at = address.lastIndexOf('/');
  return within(address.slice(0, at), (folder) => folder.put(address.slice(at + 1), localPath));
}
