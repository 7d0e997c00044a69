import { InputError } from '../errors.ts';
import { type BucketOptions, s3Bucket } from '../s3/bucket.ts';
import type { RemoteFolder } from './remote-folder.ts';

/** The objects of a bucket below `s3://bucket/prefix`. */
export function s3Folder(address: string, options: Omit<BucketOptions, 'bucket'>): RemoteFolder {
  const [, name, path = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]*)\/?(.*)$/.exec(address) ?? [];
  if (name === undefined)
    throw new InputError('BIFOLD_S3_ADDRESS', {
      failed: 'an address of S3 cannot be read',
      received: address,
      allowed: 's3://bucket/path',
      remedy: 'correct the address',
    });
  const bucket = s3Bucket({ ...options, bucket: name });
  const root = path.replace(/\/+$/, '');
  const folder = root === '' ? '' : `${root}/`;
  const keyOf = (file: string) => (file === '' ? root : `${folder}${file}`);
  return {
    async list() {
      const objects = await bucket.objects(root);
      const files = objects
        // A longer name is no match: `rows-old/x` is not in `rows`. Keys that end with `/` are
        // folders.
        .filter(({ key }) => (key === root || key.startsWith(folder)) && !key.endsWith('/'))
        .map(({ key, sizeBytes, modifiedMs }) => ({
          path: key === root ? '' : key.slice(folder.length),
          sizeBytes,
          modifiedMs,
        }));
      return files.length === 0 ? null : files;
    },
    fetch: async (file, localPath) => {
      await bucket.download(keyOf(file), localPath);
    },
    put: (file, localPath) => bucket.put(keyOf(file), localPath, {}),
    close: () => bucket.close(),
  };
}
