import type { BucketOptions } from '../s3/bucket.ts';
import { hdfsFolder } from './hdfs-folder.ts';
import type { RemoteFolder } from './remote-folder.ts';
import { s3Folder } from './s3-folder.ts';

export { filesBelow, isHidden } from './data-files.ts';
export { isRemote, type RemoteFile, type RemoteFolder } from './remote-folder.ts';

/** The folder at `hdfs://namenode:9870/path` or `s3://bucket/path`. */
export function remoteFolder(address: string, s3: Omit<BucketOptions, 'bucket'> = {}): RemoteFolder {
  return address.startsWith('s3:') ? s3Folder(address, s3) : hdfsFolder(address);
}
